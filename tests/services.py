"""Private servers for a test run: each on a temporary directory and a free port, and ended with the run."""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

START_TIMEOUT_S = 30.0
_PR_SET_PDEATHSIG = 1
PORTS = range(12000, 32000)  # below those that Linux gives by itself


def free_port() -> int:
    """A number that is free for TCP and UDP, and that no outgoing connection of a test next door takes meanwhile."""
    number = secrets.choice(PORTS)
    while not _is_free(number):
        number = secrets.choice(PORTS)
    return number


def _is_free(number: int) -> bool:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind(("0.0.0.0", number))
            udp.bind(("0.0.0.0", number))
        except OSError:
            return False
    return True


def wait_until(
    condition: Callable[[], bool], *, what: str, timeout: float = START_TIMEOUT_S, every: float = 0.02
) -> None:
    """Poll `condition` every so many seconds; raises TimeoutError naming `what` when it stays false."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {timeout:.0f} s")
        time.sleep(every)


def die_with_parent() -> None:
    """In the child before exec: the kernel ends it when a killed test run could not."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def running(command: list[str], *, stop_signal: int = signal.SIGTERM, **options: Any) -> Iterator[subprocess.Popen]:
    """`command` as a process that is stopped at the end, by force when it does not listen within 10 s."""
    process = subprocess.Popen(command, preexec_fn=die_with_parent, **options)
    try:
        yield process
    finally:
        process.send_signal(stop_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=f"liveon-{prefix}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def accepts_connections(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _unprivileged() -> dict[str, Any]:
    """Popen options that give up root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


def _postgresql_program(name: str) -> str:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} is missing: install the package postgresql (`make test` does)")
    return found


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database owned by the role `liveon`, which is no superuser: row-level security binds it.

    The roles `liveon_app` and `liveon_system` have no rights yet (tenants/roles.py).
    """
    options, port = _unprivileged(), free_port()
    with folder("postgresql") as directory:
        if options:
            os.chown(directory, options["user"], options["group"])
        initialise = [_postgresql_program("initdb"), "-D", f"{directory}/data", "-U", "postgres", "-A", "trust"]
        initialise += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd=directory, **options)
        serve = [_postgresql_program("postgres"), "-D", f"{directory}/data", "-p", str(port), "-h", "127.0.0.1"]
        serve += ["-k", str(directory), "-F", "-c", "max_connections=200", "-c", "log_min_messages=fatal"]
        with (
            (directory / "log").open("wb") as log,
            running(serve, stop_signal=signal.SIGQUIT, stdout=log, stderr=log, cwd=directory, **options),
        ):
            _make_roles(f"postgresql://postgres@127.0.0.1:{port}/postgres")
            yield f"postgresql://liveon@127.0.0.1:{port}/liveon"


def _make_roles(superuser_url: str) -> None:
    def answers() -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(superuser_url, autocommit=True):
            return True
        return False

    wait_until(answers, what="PostgreSQL's start")
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE liveon LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
        connection.execute("CREATE ROLE liveon_app LOGIN")
        connection.execute("CREATE ROLE liveon_system LOGIN")
        connection.execute("CREATE DATABASE liveon OWNER liveon")


@contextmanager
def redis() -> Iterator[str]:
    program, port = shutil.which("redis-server"), free_port()
    if not program:
        raise RuntimeError("redis-server is missing: install the package redis-server (`make test` does)")
    with folder("redis") as directory:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
        with running(command, stdout=subprocess.DEVNULL):
            wait_until(lambda: accepts_connections(port), what="Redis's start")
            yield f"redis://127.0.0.1:{port}/0"
