"""A worker in this process, links to it and synthetic browsers in one meeting."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from media_sfu.config import WorkerConfig, read_config
from media_sfu.control.client import WorkerLink
from media_sfu.control.messages import encode
from media_sfu.worker import Worker
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person, new_id

ROUTER = "meeting-1"
LIMITS = {"participants": 20, "publications_per_peer": 4}


class Meeting:
    """One router and one link, whose events are kept; offers are answered by the person they are for."""

    def __init__(self, worker: Worker, link_id: str = "web-process-1") -> None:
        self.worker = worker
        self.events: list[dict[str, Any]] = []
        self.people: dict[str, Person] = {}
        self.link = WorkerLink(worker.config.socket, link_id, self._on_event)
        self._answers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self.link.connect()
        await self.open_router()

    async def open_router(self) -> None:
        await self.link.request("create_router", router=ROUTER, epoch=1, bars=[], limits=LIMITS)

    async def join(self, peer: str, *, publish: bool = True, **media: Any) -> Person:
        """A person who publishes (unless told otherwise) and subscribes."""
        await self.link.request("create_peer", router=ROUTER, epoch=1, peer=peer, subjects=[f"user:{peer}"])
        person = self.people[peer] = Person(self.link, ROUTER, peer)
        if publish:
            await person.publish(**media)
        await person.subscribe()
        return person

    async def pair(self, **media: Any) -> tuple[Person, Person]:
        """Two people who receive each other."""
        first, second = await self.join("person-a", **media), await self.join("person-b", **media)
        await until(lambda: len(first.received) == len(second.received) > 0)
        await until(lambda: all(person.receiving.dtls.state == "connected" for person in (first, second)))
        await until(lambda: self.states("person-a")["subscribe"] == self.states("person-b")["subscribe"] == "connected")
        return first, second

    def states(self, peer: str) -> dict[str, Any]:
        return self.worker.routers[ROUTER].peers[peer].states()

    def told(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """The events of a type whose fields match."""
        return [event for event in self.events if event["type"] == kind and fields.items() <= event.items()]

    async def close(self) -> None:
        for person in self.people.values():
            await person.close()
        for task in self._answers:
            task.cancel()
        await self.link.close()

    def _on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        person = self.people.get(event.get("peer", ""))
        if event["type"] == "layers_wanted" and person is not None and person.camera is not None:
            person.camera.obey(event["layers"])
        if event["type"] == "subscribe_offer" and person is not None:
            task = asyncio.get_running_loop().create_task(person.on_offer(event))
            self._answers.add(task)


@pytest.fixture
def socket_path() -> Any:
    """Short enough for a unix socket, in a directory of our own."""
    directory = Path(tempfile.mkdtemp(prefix="sfu"))
    directory.chmod(0o700)
    yield str(directory / "w.sock")
    shutil.rmtree(directory)


@pytest.fixture
def make_config(socket_path: str) -> Callable[..., WorkerConfig]:
    def make(**fields: Any) -> WorkerConfig:
        values = {"worker": "sfu-0", "socket": socket_path, "listen": "127.0.0.1", "port": 0, **fields}
        return read_config(encode(values))

    return make


@pytest.fixture
async def worker(make_config: Callable[..., WorkerConfig]) -> AsyncIterator[Worker]:
    worker = Worker(make_config(link_grace_seconds=1.5, statistics_seconds=1), os.urandom(4).hex())
    await worker.start()
    running = asyncio.create_task(worker.run())
    yield worker
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await worker.close()


@pytest.fixture
async def meeting(worker: Worker) -> AsyncIterator[Meeting]:
    meeting = Meeting(worker)
    await meeting.open()
    yield meeting
    await meeting.close()


@pytest.fixture
def fresh_id() -> Callable[[], str]:
    return new_id
