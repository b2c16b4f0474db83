"""An installation of its own in a temporary folder (and, with `--services`, database), worked on by real processes."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).parents[1]
DIE_AT = """
import os, signal
from django.db import connection
def die(execute, sql, params, many, context):
    global left
    left -= 1
    if left == 0 and {before}:
        os.kill(os.getpid(), signal.SIGKILL)
    result = execute(sql, params, many, context)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
left = {statements}
connection.execute_wrappers.append(die)
"""


class Installation:
    """`folder` is its data folder; its processes are `manage.py`'s."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_")}
        self.environment |= {"LIVEON_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "liveon.settings"}
        if database_url:
            self.environment["LIVEON_DATABASE_URL"] = database_url

    def run(self, *words: str, expect: int = 0) -> str:
        """Standard output of `manage.py words…`, which ends with the status `expect`."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == expect, done.stderr
        return done.stdout

    def ask(self, code: str) -> Any:
        """What `code` prints, as JSON."""
        return json.loads(self.run("shell", "-v", "0", "-c", code))

    def kill_until_done(self, code: str, *, random: Random, statements: int, kills: int) -> int:
        """Run `code` again and again, killed (SIGKILL) at a random SQL statement, `kills` times, then to its end.

        Each time it is killed before or after one of its first `statements` statements. Returns how often it was
        killed; less than `kills` when it came to its end before.
        """
        for killed in range(kills):
            place = {"statements": random.randint(1, statements), "before": random.random() < 0.5}
            command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", DIE_AT.format(**place) + code]
            done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
            if done.returncode == 0:
                return killed
            assert done.returncode == -signal.SIGKILL, done.stderr
        self.run("shell", "-v", "0", "-c", code)
        return kills


@contextmanager
def fresh_installation(folder: Path) -> Iterator[Installation]:
    """An empty one, migrated; on a database of its own in the run's PostgreSQL when there is one."""
    url = os.environ.get("LIVEON_DATABASE_URL", "")
    if not url:
        installation = Installation(folder)
        installation.run("migrate", "-v", "0", "--skip-checks")
        yield installation
        return
    name = f"fresh_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            installation = Installation(folder, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
            installation.run("migrate", "-v", "0", "--skip-checks")
            yield installation
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
