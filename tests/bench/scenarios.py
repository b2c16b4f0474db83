"""One run of one scenario: through a worker, or directly from the generator to itself."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pylibsrtp

from tests.bench import figures, processes, traffic
from tests.bench.measuring import Gauge, Timing, rounded
from tests.bench.meeting import Meeting
from tests.bench.packets import Publisher
from tests.bench.reception import Receiver, Receivers
from tests.bench.worker import WorkerProcess, worker_process

ARRIVAL_SECONDS = 20.0


@dataclass(frozen=True)
class Scenario:
    """`publishers` participants send only, `subscribers` others take everything."""

    publishers: int
    subscribers: int

    @classmethod
    def parse(cls, text: str) -> "Scenario":
        """Read `1x50`. Raises ValueError."""
        publishers, subscribers = map(int, text.split("x"))
        if publishers < 1 or subscribers < 1:
            raise ValueError(text)
        return cls(publishers, subscribers)

    @property
    def name(self) -> str:
        return f"{self.publishers}x{self.subscribers}"

    def described(self) -> dict[str, Any]:
        return {"scenario": self.name, "publishers": self.publishers, "subscribers": self.subscribers}


async def run_worker(scenario: Scenario, timing: Timing) -> dict[str, Any]:
    """Measure a new worker process with the scenario's meeting in it."""
    with worker_process() as worker:
        empty = processes.resident_bytes(worker.pid)
        receivers = Receivers()
        meeting = Meeting(worker.socket, receivers)
        await meeting.open(scenario.publishers + scenario.subscribers)
        await meeting.publish(scenario.publishers)
        publishers = [participant.publisher for participant in meeting.publishing]
        async with _running(traffic.pace(publishers, receivers)):
            await meeting.subscribe(scenario.subscribers)
            async with _running(traffic.report(meeting.participants)):
                await _everything_arrives(meeting)
                meeting.lags_ms.clear()
                measured = await Gauge(publishers, receivers, worker.pid).measure(timing)
                measured |= await _worker_figures(worker, meeting, empty)
        await meeting.close()
        receivers.close()
    return {**scenario.described(), **measured}


async def _worker_figures(worker: WorkerProcess, meeting: Meeting, empty: int) -> dict[str, Any]:
    resident = processes.resident_bytes(worker.pid)
    return {
        "loop_lag_ms_p99": rounded(figures.percentile(meeting.lags_ms, 99)),
        "rss_mb": round(resident / 2**20, 1),
        "rss_kb_per_participant": round((resident - empty) / len(meeting.participants) / 1024),
        "cipher": meeting.subscribing[0].connection.cipher.decode().removeprefix("SRTP_"),
        "generator_unsent": sum(participant.connection.unsent for participant in meeting.participants),
        "worker_asked_again": sum(participant.asked_again for participant in meeting.publishing),
        "worker_drops": await meeting.drops(),
    }


async def run_direct(scenario: Scenario, timing: Timing) -> dict[str, Any]:
    """The generator's self-test: a publisher for each stream that a subscriber of the scenario would get, no worker."""
    receivers = Receivers()
    publishers = []
    sockets: list[socket.socket] = []
    for _ in range(scenario.publishers * scenario.subscribers):
        publisher, pair = _direct_pair(receivers)
        publishers.append(publisher)
        sockets += pair
    async with _running(traffic.pace(publishers, receivers)):
        measured = await Gauge(publishers, receivers, None).measure(timing)
    receivers.close()
    for each in sockets:
        each.close()
    own = {name: value for name, value in measured.items() if not name.startswith("worker_")}
    return {**scenario.described(), "direct": True, **own}


def _direct_pair(receivers: Receivers) -> tuple[Publisher, Sequence[socket.socket]]:
    key = secrets.token_bytes(44)
    sender, unprotect = (
        _session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND),
        _session(key, pylibsrtp.Policy.SSRC_ANY_INBOUND),
    )
    sending, receiving = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    receiving.bind(("127.0.0.1", 0))
    sending.connect(receiving.getsockname())
    receivers.add(receiving, Receiver(receiving, unprotect.unprotect, lambda _: None))
    return Publisher(lambda plain: _deliver(sending, sender.protect(plain))), (sending, receiving)


def _deliver(sending: socket.socket, datagram: bytes) -> None:
    sending.send(datagram)


def _session(key: bytes, direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(
        pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM)
    )


async def _everything_arrives(meeting: Meeting) -> None:
    """Wait until every subscriber has every stream. Raises TimeoutError."""
    wanted = 2 * len(meeting.publishing)
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while any(len(each.receiver.streams) < wanted for each in meeting.subscribing):
        if time.monotonic() > deadline:
            raise TimeoutError("not every subscriber gets every stream")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    """`work` as a task that ends with the block; its failure is the block's failure."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()
