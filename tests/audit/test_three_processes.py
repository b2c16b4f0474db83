"""SQLite has one writer at a time: joins, samples and the purge of three processes must all get their turn."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILL = """
from datetime import timedelta
from django.utils import timezone
from tests.audit.busy_process import PEOPLE
from tests.audit.records import join, make_attendance, make_sample
from tests.factories import make_tenant
tenant = make_tenant("acme")
long_ago = timezone.now() - timedelta(days=400)
for person in PEOPLE:
    join(tenant, participant_id=person, joined_at=timezone.now())
for number in range(20):
    old = make_attendance(tenant, joined_at=long_ago, left_at=long_ago + timedelta(hours=1))
    for minute in range(60):
        make_sample(old, long_ago + timedelta(minutes=minute))
"""
WORK = "from tests.audit.busy_process import work; work('{}')"


@pytest.mark.timeout(120)
def test_three_processes_write_to_sqlite_at_the_same_time(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_")}
    environment |= {"LIVEON_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "liveon.settings"}

    def start(name: str, *words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / name).open("wb") as errors:
            return subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, stderr=errors)

    def succeed(processes: dict[str, subprocess.Popen[bytes]]) -> None:
        for name, process in processes.items():
            assert process.wait(60) == 0, (tmp_path / name).read_text()

    succeed({"migrate": start("migrate", "migrate", "-v", "0")})
    succeed({"fill": start("fill", "shell", "-v", "0", "-c", FILL)})
    busy = {task: start(task, "shell", "-v", "0", "-c", WORK.format(task)) for task in ("joins", "samples", "purge")}
    (tmp_path / "go").touch()
    succeed(busy)

    with closing(sqlite3.connect(tmp_path / "liveon.sqlite3")) as database:
        assert database.execute("SELECT count(*), sum(bytes_in) FROM audit_bandwidthsample").fetchone() == (600, 6000)
        assert database.execute("SELECT count(*) FROM audit_attendance WHERE left_at IS NULL").fetchone() == (30,)
        assert database.execute("SELECT count(*) FROM audit_attendance").fetchone() == (90,)
