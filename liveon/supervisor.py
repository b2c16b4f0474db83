"""Parent of the processes that make up LiveOn: starts them, restarts one that dies, stops them all.

The children die with the parent: on Linux the kernel signals them (PR_SET_PDEATHSIG), and an SFU worker ends at the
end of its standard input.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_S = 10.0
RESTART_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
STABLE_AFTER_S = 10.0


@dataclass
class Child:
    """One process: `command` after the Python interpreter, `stdin_line` written at start with the pipe kept open."""

    name: str
    command: Sequence[str]
    stdin_line: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.returncode is None else None


def next_delay(delay: float, lived: float) -> float:
    """Seconds before the next restart: none to speak of after a long life, ever more for one that keeps dying."""
    return RESTART_DELAY_S if lived > STABLE_AFTER_S else min(delay * 2, LONGEST_DELAY_S)


def _die_with_parent() -> None:
    """Runs in the child before exec. Ctrl-C reaches the parent only, which stops the children in order."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs `children` until `stop()`. `on_start(child)` is told of each (re)start."""

    def __init__(self, children: Sequence[Child], *, on_start: Callable[[Child], None] | None = None) -> None:
        self.children = children
        self._on_start = on_start or (lambda child: None)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep every child running; returns when all have ended after `stop()`."""
        async with asyncio.TaskGroup() as group:
            for child in self.children:
                group.create_task(self._keep_running(child), name=child.name)

    def stop(self) -> None:
        self._stopping.set()

    async def _keep_running(self, child: Child) -> None:
        delay = RESTART_DELAY_S
        while not self._stopping.is_set():
            started = asyncio.get_running_loop().time()
            await self._start(child)
            if await self._ended_or_stopped(child):
                await self._terminate(child)
                return
            assert child.process is not None
            log.error("process_died", process=child.name, exit_status=child.process.returncode)
            lived = asyncio.get_running_loop().time() - started
            delay = next_delay(delay, lived)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def _start(self, child: Child) -> None:
        child.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *child.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **child.environment},
            preexec_fn=_die_with_parent,
        )
        assert child.process.stdin is not None
        if child.stdin_line:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                child.process.stdin.write(child.stdin_line.encode() + b"\n")
                await child.process.stdin.drain()
        log.info("process_started", process=child.name, pid=child.process.pid)
        self._on_start(child)

    async def _ended_or_stopped(self, child: Child) -> bool:
        """Wait for the child's end or for `stop()`; True when it is to be stopped."""
        assert child.process is not None
        ended = asyncio.create_task(child.process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not self._stopping.is_set():
            return False
        ended.cancel()
        return True

    async def _terminate(self, child: Child) -> None:
        assert child.process is not None
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
            try:
                await asyncio.wait_for(child.process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                log.warning("process_killed", process=child.name)
                child.process.kill()
                await child.process.wait()
