"""Joins, bandwidth samples and the purge from three processes at once: nobody meets "database is locked"."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 6
CAST = """
from tests.factories import make_room, make_tenant, make_user
tenant = make_tenant("contention")
make_room(tenant)
for _ in range(5):
    make_user(tenant)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    found = os.environ | {"LIVEON_DATA_DIR": str(tmp_path), "LIVEON_LOG_LEVEL": "WARNING"}
    if "LIVEON_DATABASE_URL" in found:
        found["LIVEON_PUBLIC_URL"] = "http://localhost:8000"  # the three belong together
    for words in (["migrate", "--verbosity", "0"], ["flush", "--no-input"], ["shell", "--no-imports", "-c", CAST]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=found, check=True, capture_output=True)
    return found


@pytest.mark.timeout(120)
def test_three_processes_write_at_once(environment):
    words = [sys.executable, "-m", "tests.integration.contention"]
    writers = {
        role: subprocess.Popen(
            [*words, role, str(SECONDS)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for role in ("join", "sample", "purge")
    }
    answers = {role: process.communicate(timeout=60) for role, process in writers.items()}
    assert {role: error for role, (_, error) in answers.items() if writers[role].returncode} == {}
    rounds = {role: int(output) for role, (output, _) in answers.items()}
    assert all(count >= 3 for count in rounds.values()), rounds
