"""`python -m media_sfu`: the worker process.

Reads its configuration from the first line of standard input and exits when standard input ends, because then the
parent has died. Prints one JSON line when it is ready. SIGTERM and SIGINT end it cleanly.
"""

import asyncio
import contextlib
import gc
import json
import os
import resource
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from media_sfu import logs
from media_sfu.config import WorkerConfig, read_config
from media_sfu.errors import ConfigError
from media_sfu.worker import Worker

_EXIT_CONFIG, NICE = 2, -10
_AUTOGROUP = Path("/proc/self/autogroup")


def main() -> int:
    """The process's exit code: 0, or 2 with one line on standard error when it cannot start."""
    try:
        config = read_config(sys.stdin.buffer.readline())
        logs.configure(config.worker, config.log_level)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(config))
    except (ConfigError, OSError) as error:
        sys.stderr.write(json.dumps({"level": "error", "logger": "media_sfu", "event": str(error)}) + "\n")
        return _EXIT_CONFIG
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(config: WorkerConfig) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    worker = Worker(config, secrets.token_hex(8))
    try:
        _raise_file_limit()
        _ask_for_priority()
        await worker.start()
        _watch_parent(loop, ended)
        _tame_collector()
        ready = {"ready": True, "worker": config.worker, "worker_epoch": worker.epoch, "port": worker.port}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        running = asyncio.create_task(worker.run())
        await ended.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        await worker.close()


def _watch_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()
    os.set_blocking(descriptor, False)

    def readable() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(descriptor, 4096):
                loop.remove_reader(descriptor)
                ended.set()

    try:
        loop.add_reader(descriptor, readable)
    except (OSError, ValueError):  # a regular file cannot be watched, and has ended already
        ended.set()


def _raise_file_limit() -> None:
    """Each ICE-TCP connection is a file: take as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):  # macOS names a hard limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _ask_for_priority() -> None:
    """A media packet that waits for its turn on the processor is late for everybody. Root, CAP_SYS_NICE or
    RLIMIT_NICE grant it (docs/operations.md).

    Where Linux shares the processor among sessions (autogroups, sched(7)) a nice value counts within its session only,
    and the session has one of its own. A session that the worker has not begun is somebody else's.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        if os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(NICE))


def _tame_collector() -> None:
    """What exists now stays; what comes later is collected on the worker's clock, never in the middle of a packet."""
    gc.collect()
    gc.freeze()
    gc.disable()


if __name__ == "__main__":
    sys.exit(main())
