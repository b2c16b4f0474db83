"""The worker as its own process: start, media through it, and every way it ends."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from media_sfu.__main__ import NICE
from media_sfu.control.client import WorkerLink
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person

ROUTER = "meeting-1"


@dataclass
class Process:
    """A started worker, its ready line and its socket."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]
    socket: str


async def start(socket: str, *, stderr: int = asyncio.subprocess.DEVNULL, **fields: Any) -> Process:
    """With `stderr` a pipe somebody has to read it: a worker whose log is full stands still."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "media_sfu",
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,  # as the supervisor does
    )
    config = {"worker": "sfu-7", "socket": socket, "listen": "127.0.0.1", "port": 0, **fields}
    process.stdin.write(json.dumps(config).encode() + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    return Process(process, json.loads(line or "{}"), socket)


@pytest.fixture
def socket_path():
    directory = tempfile.mkdtemp(prefix="sfu")
    yield f"{directory}/w.sock"
    shutil.rmtree(directory)


@pytest.fixture
async def worker(socket_path: str) -> AsyncIterator[Process]:
    worker = await start(socket_path)
    yield worker
    if worker.process.returncode is None:
        worker.process.kill()
    await worker.process.communicate()


async def join(link: WorkerLink, people: dict[str, Person], peer: str) -> Person:
    await link.request("create_peer", router=ROUTER, epoch=1, peer=peer, subjects=[f"user:{peer}"])
    people[peer] = Person(link, ROUTER, peer)
    await people[peer].publish()
    await people[peer].subscribe()
    return people[peer]


async def test_media_passes_through_the_process(worker: Process):
    people: dict[str, Person] = {}
    tasks = set()

    def on_event(event: dict[str, Any]) -> None:
        if event["type"] == "subscribe_offer":
            tasks.add(asyncio.create_task(people[event["peer"]].on_offer(event)))

    assert worker.ready["worker"] == "sfu-7"
    link = WorkerLink(worker.socket, "web-process-1", on_event)
    hello = await link.connect()
    assert hello["worker_epoch"] == worker.ready["worker_epoch"]
    assert hello["announce"][0]["port"] == worker.ready["port"]
    limits = {"participants": 5, "publications_per_peer": 4}
    await link.request("create_router", router=ROUTER, epoch=1, bars=[], limits=limits)
    first, second = await join(link, people, "person-a"), await join(link, people, "person-b")
    await until(lambda: second.receiving.dtls.state == "connected")

    def seen() -> bool:
        first.camera.send_frame()
        return len(second.received["camera", "person-a"].packets) > 10

    await until(seen)
    for person in people.values():
        await person.close()
    worker.process.kill()
    await asyncio.wait_for(link.closed, 5)
    await link.close()


async def test_end_of_standard_input_ends_the_worker(worker: Process):
    worker.process.stdin.close()
    assert await asyncio.wait_for(worker.process.wait(), 5) == 0
    assert not os.path.exists(worker.socket)  # noqa: ASYNC240


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_the_worker_cleanly_with_a_link_open(worker: Process, number: int):
    link = WorkerLink(worker.socket, "web-process-1", lambda event: None)
    await link.connect()
    worker.process.send_signal(number)
    assert await asyncio.wait_for(worker.process.wait(), 5) == 0
    await asyncio.wait_for(link.closed, 5)
    await link.close()


def session_nice(process_id: int) -> int | None:
    """None where the kernel does not group by sessions."""
    autogroup = Path(f"/proc/{process_id}/autogroup")
    return int(autogroup.read_text().split()[-1]) if autogroup.exists() else None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is sure to get it")
async def test_worker_comes_before_what_else_runs(worker: Process):
    assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) == NICE
    assert session_nice(worker.process.pid) in (NICE, None)


async def test_killed_worker_leaves_a_socket_that_the_next_one_replaces(worker: Process):
    worker.process.kill()
    await worker.process.wait()
    again = await start(worker.socket)
    assert again.ready["ready"]
    assert again.ready["worker_epoch"] != worker.ready["worker_epoch"]
    again.process.stdin.close()
    await asyncio.wait_for(again.process.wait(), 5)


async def test_wrong_configuration_is_told_in_one_line(socket_path: str):
    refused = await start(socket_path, stderr=asyncio.subprocess.PIPE, port="nonsense")
    output = (await refused.process.communicate())[1].decode().splitlines()
    assert refused.process.returncode == 2
    assert [json.loads(line)["event"] for line in output] == ["port: expected a port number"]


async def test_taken_port_is_told_in_one_line(worker: Process, socket_path: str):
    refused = await start(socket_path + "2", stderr=asyncio.subprocess.PIPE, port=worker.ready["port"])
    output = (await refused.process.communicate())[1].decode().splitlines()
    assert refused.process.returncode == 2
    assert "in use" in json.loads(output[-1])["event"]


async def test_worker_imports_no_django():
    check = "import sys, media_sfu.__main__; print([n for n in ('django', 'channels', 'celery') if n in sys.modules])"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", check, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    assert (await child.communicate())[0] == b"[]\n"
