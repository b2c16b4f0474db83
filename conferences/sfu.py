"""Links to the media workers. The only file of ours that imports `media_sfu`: its client and its messages.

Every `*.sock` in the directory is a worker. Workers appear and disappear: `scan` links to new sockets, and a worker
whose link is lost gets one second to answer a new `hello` before it counts as dead.
"""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from conferences import metrics
from conferences.errors import MediaRefused, MediaUnavailable
from conferences.services.placement import WorkerReport
from media_sfu.control.client import LinkLost, WorkerError, WorkerLink
from tenants.ids import new_public_id

log = structlog.get_logger(__name__)

Json = dict[str, Any]

GRACE_SECONDS = 1.0  # from a lost link to the worker's death
RETRY_SECONDS = 0.1
HELLO_SECONDS = 2.0
STEADY_BEATS = 5  # heartbeats in a row that must be late before a worker counts as late: one a second


@dataclass
class Worker:
    """A worker that answers, for browsers at `announce`. `start` is its `worker_epoch`: new at each process start.

    `drained_at`: when it was last heard to drain (steady clock, s).
    """

    name: str
    start: str
    link: WorkerLink
    draining: bool
    announce: list[Json]
    load: float = 0.0
    routers: int = 0
    drained_at: float = -math.inf
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=STEADY_BEATS))

    def __post_init__(self) -> None:
        self._note_draining(draining=self.draining)

    def report(self, *, answers: bool) -> WorkerReport:
        socket = Path(self.link.socket_path).name
        steady_lag = min(self.lags) if len(self.lags) == STEADY_BEATS else 0.0
        return WorkerReport(
            self.name,
            socket,
            self.start,
            self.load,
            draining=self.draining,
            answers=answers,
            lag_ms=steady_lag,
            routers=self.routers,
        )

    def take_heartbeat(self, event: Json) -> None:
        load = event.get("load", {})
        self._note_draining(draining=bool(event.get("draining")))
        self.load, self.routers = float(load.get("packets_out_per_second", 0)), int(load.get("routers", 0))
        self.lags.append(float(load.get("loop_lag_ms", 0)))

    def _note_draining(self, *, draining: bool) -> None:
        self.draining = draining
        if draining:
            self.drained_at = time.monotonic()


class Workers:
    """All links of this web process.

    `on_event(worker, event)`, `on_up(worker)` and `on_dead(name, start)` are called on the loop and must not block.
    `listeners`, by router, hear the events of a router that is no meeting's.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_event: Callable[[Worker, Json], None],
        on_up: Callable[[Worker], None],
        on_dead: Callable[[str, str], None],
    ) -> None:
        self.live: dict[str, Worker] = {}
        self.listeners: dict[str, Callable[[Json], None]] = {}
        self._lost: dict[str, Worker] = {}  # in their second of grace
        self.link_id = new_public_id()
        self._answered = asyncio.Event()
        self._directory = directory
        self._on_event, self._on_up, self._on_dead = on_event, on_up, on_dead
        self._following: dict[Path, asyncio.Task[None]] = {}

    def scan(self) -> None:
        """Follow every socket that is there; a task per socket ends by itself when the socket is gone."""
        for path in self._directory.glob("*.sock"):
            task = self._following.get(path)
            if task is None or task.done():
                self._following[path] = asyncio.create_task(self._follow(path), name=f"worker-{path.stem}")

    async def settle(self, *, seconds: float) -> None:
        """Wait until every socket that is there has answered, but not for long: a start must not move meetings."""
        self.scan()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.live) < len(self._following):
                    self._answered.clear()
                    await self._answered.wait()

    async def stop(self) -> None:
        """Close the links; the workers keep the media for their grace time."""
        for task in self._following.values():
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)

    def starts(self) -> dict[str, str]:
        """Name → start of the workers that answer."""
        return {worker.name: worker.start for worker in self.live.values()}

    def reports(self) -> list[WorkerReport]:
        """All that answer, and those whose link was lost a moment ago: meetings stay with them for that long."""
        answering = [worker.report(answers=True) for worker in self.live.values()]
        return answering + [worker.report(answers=False) for worker in self._lost.values()]

    def in_doubt(self) -> bool:
        """Whether a worker may yet turn out to be alive."""
        return bool(self._lost)

    def draining(self) -> list[str]:
        return [worker.name for worker in self.live.values() if worker.draining]

    def drained_within(self, seconds: float) -> list[str]:
        """Those that drain or have done so this short a time ago."""
        since = time.monotonic() - seconds
        return [worker.name for worker in self.live.values() if worker.drained_at >= since]

    async def request(self, name: str, kind: str, /, **fields: object) -> Json:
        """Ask a worker. Raises MediaUnavailable when it does not answer, MediaRefused when it refuses."""
        worker = self.live.get(name)
        if worker is None:
            raise MediaUnavailable
        try:
            return await worker.link.request(kind, **fields)
        except LinkLost as error:
            raise MediaUnavailable from error
        except WorkerError as error:
            if error.code == "timeout":
                raise MediaUnavailable from error
            raise MediaRefused(error.code) from error

    async def _follow(self, path: Path) -> None:
        worker: Worker | None = None
        deadline = 0.0
        loop = asyncio.get_running_loop()
        try:
            while worker is not None or _is_there(path):
                fresh = await self._say_hello(path)
                if fresh is not None:
                    worker = await self._stay_linked(fresh, before=worker)
                    self._lost[worker.name] = worker
                    deadline = loop.time() + GRACE_SECONDS
                elif worker is not None and loop.time() >= deadline:
                    self._bury(worker)
                    worker = None
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            if worker is not None:
                self._lost.pop(worker.name, None)

    async def _say_hello(self, path: Path) -> Worker | None:
        """A new link, or None while nobody answers."""
        holder: list[Worker] = []
        link = WorkerLink(str(path), self.link_id, lambda event: self._take(holder, event))
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await link.connect()
        except (LinkLost, WorkerError, TimeoutError):
            await link.close()
            return None
        except asyncio.CancelledError:
            await link.close()
            raise
        draining, announce = bool(hello["draining"]), list(hello["announce"])
        worker = Worker(hello["worker"], hello["worker_epoch"], link, draining, announce)
        holder.append(worker)
        return worker

    async def _stay_linked(self, worker: Worker, *, before: Worker | None) -> Worker:
        """Use the link until it is lost."""
        if before is not None and before.start != worker.start:
            self._bury(before)
        self._lost.pop(worker.name, None)
        self.live[worker.name] = worker
        self._answered.set()
        log.info("media_worker_up", worker=worker.name, start=worker.start)
        self._on_up(worker)
        try:
            await asyncio.shield(worker.link.closed)
        finally:
            self.live.pop(worker.name, None)
            await worker.link.close()
        log.warning("media_worker_link_lost", worker=worker.name)
        return worker

    def _bury(self, worker: Worker) -> None:
        self._lost.pop(worker.name, None)
        metrics.WORKERS_LOST.inc()
        log.warning("media_worker_dead", worker=worker.name, start=worker.start)
        self._on_dead(worker.name, worker.start)

    def _take(self, holder: list[Worker], event: Json) -> None:
        if not holder:
            return  # before the hello was answered nothing of ours is there
        worker = holder[0]
        if event.get("type") == "heartbeat":
            worker.take_heartbeat(event)
            return
        self.listeners.get(str(event.get("router")), partial(self._on_event, worker))(event)


def _is_there(path: Path) -> bool:
    return path.exists()
