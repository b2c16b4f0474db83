"""A worker process of its own, as the product starts it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import folder, running

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ServerProcess:
    """`signalling` is where its meetings are steered: a path or an address."""

    pid: int
    signalling: str


@contextmanager
def worker_process(address: str = "127.0.0.1") -> Iterator[ServerProcess]:
    """A worker on a free port of `address`. Raises RuntimeError when it does not start."""
    with folder("bench") as directory:
        socket = f"{directory}/worker.sock"
        config = {"worker": "bench", "socket": socket, "listen": address, "port": 0, "log_level": "warning"}
        command = [sys.executable, "-m", "media_sfu"]
        with running(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(json.dumps(config).encode() + b"\n")
            process.stdin.flush()
            if not json.loads(process.stdout.readline() or "{}").get("ready"):
                raise RuntimeError("the worker did not start")
            yield ServerProcess(process.pid, socket)
            process.stdin.close()
            process.stdout.close()
