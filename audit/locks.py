"""A lock across processes for work that must not run twice at the same time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from django.conf import settings
from django.db import connection


@contextmanager
def exclusive(name: str) -> Iterator[bool]:
    """Hold the installation's lock `name` without waiting for it; yields whether we have it.

    PostgreSQL: an advisory lock of this connection. SQLite (one machine): a lock on a file in the data directory.
    Both vanish with the process that holds them.
    """
    with _advisory_lock(name) if connection.vendor == "postgresql" else _file_lock(name) as held:
        yield held


@contextmanager
def _advisory_lock(name: str) -> Iterator[bool]:
    number = crc32(name.encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


@contextmanager
def _file_lock(name: str) -> Iterator[bool]:
    with (Path(settings.DATA_DIR) / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
