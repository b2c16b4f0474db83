"""The test's end of the impairment relay."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services import running

ROOT = Path(__file__).parents[2]


class Relay:
    """A running relay. `set(down={"loss": 0.05})` changes it and tells its counters."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process

    def start(self, **configuration: Any) -> None:
        self.host = configuration["listen"]
        self.port = self._ask(configuration)["port"]

    @property
    def address(self) -> str:
        """As LIVEON_MEDIA_ANNOUNCE wants it."""
        return f"{self.host}:{self.port}"

    def set(self, **changes: Any) -> dict[str, Any]:
        """Change `up`, `down` (each a whole Impairment), `udp`, `tcp`; `move` or `spare` the clients that there are.

        What is not named stays.
        """
        return self._ask(changes)

    def counters(self) -> dict[str, Any]:
        return self._ask({})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the relay has ended")
        return json.loads(line)


@contextmanager
def relay(to: tuple[str, int], *, listen: str = "127.0.0.1", port: int = 0, seed: int = 1) -> Iterator[Relay]:
    """A relay in front of the server at `to`, undisturbed at first."""
    command = [sys.executable, "-m", "tests.net.relay"]
    with running(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        found = Relay(process)
        found.start(listen=listen, port=port, to=to, seed=seed)
        try:
            yield found
        finally:
            process.stdin.close()
            process.stdout.close()
