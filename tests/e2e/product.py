"""The real LiveOn in a data directory of its own, started as people start it: `manage.py serve`."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.services import folder, free_port, running, wait_until

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
ROOM_PASSWORD = "open sesame"
PEOPLE = {
    "admin": ("Aoki Admin", "admin"),
    "host": ("Hara Host", "member"),
    "sato": ("佐藤 一郎", "member"),
    "suzuki": ("鈴木 さくら", "member"),
}


@dataclass
class LiveOn:
    """A running installation: where it is, and its command line."""

    data_dir: Path
    port: int
    media_port: int
    environment: dict[str, str]
    process: subprocess.Popen | None = field(default=None, repr=False)
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir / "serve.log"

    def manage(self, *words: str, stdin: str = "") -> dict[str, Any]:
        """Run a management command with `--json` and return what it prints."""
        return self._run(["manage.py", *words, "--json"], stdin)

    def manage_all(self, orders: list[tuple[list[str], str]]) -> list[dict[str, Any]]:
        """The same for several (words, standard input), one after the other in one process."""
        return self._run(["-m", "tests.e2e.commands"], json.dumps(orders))

    def _run(self, words: list[str], stdin: str) -> Any:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def child_pids(self, *words: str) -> list[int]:
        """Processes of this installation whose command line contains all `words`, newest last."""
        assert self.process is not None
        found = []
        for pid in descendants(self.process.pid):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if set(words) <= set(command):
                    found.append(pid)
        return found

    def kill(self, *words: str) -> int:
        """`kill -9` of the one process whose command line contains `words`."""
        [pid] = self.child_pids(*words)
        os.kill(pid, signal.SIGKILL)
        return pid


def descendants(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(word) for word in (task / "children").read_text().split()]
    return [descendant for child in children for descendant in [child, *descendants(child)]]


@contextmanager
def liveon(*, under: tuple[str, ...] = (), host: str = "127.0.0.1", **variables: str) -> Iterator[LiveOn]:
    """A started installation with `variables` added to its environment; ready when it is yielded.

    `under` is a command that runs another one (strace) and leaves its process id alone.
    """
    with folder("e2e") as directory:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        # LIVEON_MEDIA_ADDRESS stays unset: Firefox reaches no loopback address.
        environment = inherited | {"LIVEON_DATA_DIR": str(directory / "data"), "TMPDIR": str(directory)} | variables
        media_port = int(variables.get("LIVEON_MEDIA_PORT", free_port()))
        port = urlsplit(variables.get("LIVEON_PUBLIC_URL", "")).port or free_port()
        found = LiveOn(directory / "data", port, media_port, environment, host=host)
        found.data_dir.mkdir()
        environment["LIVEON_SERVED_URL"] = found.url
        command = [*under, sys.executable, "manage.py", "serve", "--host", host, "--port", str(found.port)]
        command += ["--media-port", str(media_port)]
        with (
            found.log.open("wb") as log,
            running(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
        ):
            found.process = process
            wait_until(found.is_ready, what="LiveOn's start", timeout=120, every=0.25)
            yield found


@dataclass
class Organisation:
    """A tenant made by the commands: its addresses, its people's login ids and its rooms by name."""

    slug: str
    login_url: str
    admintool_url: str
    rooms: dict[str, str]


def make_organisation(product: LiveOn, slug: str = "acme", rooms: tuple[str, ...] = ("open", "locked")) -> Organisation:
    """A tenant with `PEOPLE` and `rooms`; the room `locked` has the entry password `ROOM_PASSWORD`."""
    orders = [(["create_tenant", slug, "--name", slug.title()], "")]
    for login_id, (name, role) in PEOPLE.items():
        words = ["create_user", slug, login_id, "--name", name, "--role", role, "--password-file", "-"]
        orders.append((words, PASSWORD))
    for name in rooms:
        locked = name == "locked"
        words = ["create_room", slug, name, *(["--password-file", "-"] if locked else [])]
        orders.append((words, ROOM_PASSWORD if locked else ""))
    tenant, *made = product.manage_all(orders)
    urls = [each["url"] for each in made[len(PEOPLE) :]]
    return Organisation(slug, tenant["login_url"], tenant["admintool_url"], dict(zip(rooms, urls, strict=True)))
