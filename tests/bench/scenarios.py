"""One run of one scenario: through a server, or directly from the generator to itself."""

import asyncio
import re
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
from tests.bench.packets import Publisher
from tests.bench.participants import SubscribingParticipant
from tests.bench.reception import Receiver, Receivers
from tests.bench.servers import LIVEON, Server, ServerProcess

ARRIVAL_SECONDS = 20.0


HEARD, SMALL_MEETING = 4, 8  # media_sfu/router.py: voices that are forwarded in a meeting of more people than that


@dataclass(frozen=True)
class Scenario:
    """`PxS`: P publishers send only, S subscribers take everything; `PxS/N`: they look at N of the publishers.

    `R*N`: R meetings of N people who all send, and take each other.
    """

    publishers: int
    subscribers: int
    seen: int
    meetings: int = 1

    @classmethod
    def parse(cls, text: str) -> "Scenario":
        """Read `1x50`, `25x25/9` or `10*5`. Raises ValueError."""
        found = re.fullmatch(r"(?:([1-9]\d*)x([1-9]\d*)(?:/([1-9]\d*))?)|(?:([1-9]\d*)\*([2-9]|[1-9]\d+))", text)
        if found is None:
            raise ValueError(text)
        if found[4]:
            return cls(int(found[5]), 0, int(found[5]) - 1, int(found[4]))
        return cls(int(found[1]), int(found[2]), min(int(found[3] or found[1]), int(found[1])))

    @property
    def name(self) -> str:
        if not self.subscribers:
            return f"{self.meetings}*{self.publishers}"
        last = f"/{self.seen}" if self.seen < self.publishers else ""
        return f"{self.publishers}x{self.subscribers}{last}"

    @property
    def people(self) -> int:
        """Of one meeting."""
        return self.publishers + self.subscribers

    def described(self) -> dict[str, Any]:
        return {"scenario": self.name, "publishers": self.publishers, "subscribers": self.subscribers}


async def run_server(scenario: Scenario, timing: Timing, server: Server = LIVEON) -> dict[str, Any]:
    """Measure a new process of the server with the scenario's meetings in it."""
    with server.start() as process:
        empty = processes.resident_bytes(process.pid)
        receivers = Receivers()
        meetings = [server.meeting(process, receivers) for _ in range(scenario.meetings)]
        for meeting in meetings:
            await meeting.open(scenario.people)
            await meeting.publish(scenario.publishers)
        publishers = [participant.publisher for meeting in meetings for participant in meeting.publishing]
        async with _running(traffic.pace(publishers, receivers)):
            for meeting in meetings:
                await _subscribe(meeting, scenario)
            participants = [participant for meeting in meetings for participant in meeting.participants]
            subscribing = [participant for meeting in meetings for participant in meeting.subscribing]
            async with _running(traffic.report(participants)), _running(traffic.acknowledge(subscribing)):
                await _everything_arrives(subscribing, _streams(server, scenario))
                for meeting in meetings:
                    meeting.lags_ms.clear()
                measured = await Gauge(publishers, receivers, process.pid).measure(timing)
                measured |= await _server_figures(process, meetings, empty)
        for meeting in meetings:
            await meeting.close()
        receivers.close()
    return {"server": server.name, **scenario.described(), **measured}


async def _subscribe(meeting: Any, scenario: Scenario) -> None:
    if scenario.subscribers:
        await meeting.subscribe(scenario.subscribers, seen=scenario.seen)
    else:
        await meeting.subscribe_each_other()


def _streams(server: Server, scenario: Scenario) -> int:
    """How many streams each subscriber is to get."""
    sending = scenario.publishers if scenario.subscribers else scenario.publishers - 1
    picks = server.picks_voices and scenario.people > SMALL_MEETING
    return scenario.seen + (min(sending, HEARD) if picks else sending)


async def _server_figures(process: ServerProcess, meetings: Sequence[Any], empty: int) -> dict[str, Any]:
    resident = processes.resident_bytes(process.pid)
    participants = [participant for meeting in meetings for participant in meeting.participants]
    publishing = [participant for meeting in meetings for participant in meeting.publishing]
    lags_ms = [lag for meeting in meetings for lag in meeting.lags_ms]
    statistics = await meetings[0].statistics()
    return {
        "loop_lag_ms_p99": rounded(figures.percentile(lags_ms, 99)),
        "rss_mb": round(resident / 2**20, 1),
        "rss_kb_per_participant": round((resident - empty) / len(participants) / 1024),
        "cipher": participants[-1].connection.cipher.decode().removeprefix("SRTP_"),
        "generator_unsent": sum(participant.connection.unsent for participant in participants),
        "worker_asked_again": sum(participant.asked_again for participant in publishing),
        "worker_drops": statistics.get("drops", {}),
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


async def _everything_arrives(subscribing: Sequence[SubscribingParticipant], streams: int) -> None:
    """Wait until every subscriber has every stream. Raises TimeoutError."""
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while any(len(each.receiver.streams) < streams for each in subscribing):
        if time.monotonic() > deadline:
            fewest = min(len(each.receiver.streams) for each in subscribing)
            raise TimeoutError(f"a subscriber gets {fewest} of {streams} streams")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    """`work` as a task that ends with the block; its failure is the block's failure."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()
