"""Celery's worker does what is asked through the broker of this run: files when embedded, Redis with `--services`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import running, wait_until

ROOT = Path(__file__).parents[2]
OLD_ROW = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from audit.events import record_event
from audit.sealing import seal
from liveon.celery import make_broker_folders
from tenants.context import tenant_context
from tests.factories import make_tenant
make_broker_folders()
with transaction.atomic(), tenant_context(make_tenant("celery")) as tenant:
    record_event(tenant, "test.old", now=timezone.now() - timedelta(days=500))
seal(tenant)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    found = os.environ | {"LIVEON_DATA_DIR": str(tmp_path), "LIVEON_LOG_LEVEL": "WARNING"}
    if "LIVEON_DATABASE_URL" in found:
        found["LIVEON_PUBLIC_URL"] = "http://localhost:8000"  # the three belong together
    return found


def manage(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def old_rows(environment: dict[str, str]) -> int:
    report = json.loads(manage(environment, "purge_audit", "--dry-run", "--json"))
    return sum(found["count"] for tenant in report["tenants"] for found in tenant["found"].values())


@pytest.mark.timeout(120)
def test_worker_carries_out_the_nightly_purge(environment):
    manage(environment, "migrate", "--verbosity", "0")
    manage(environment, "shell", "--no-imports", "-c", OLD_ROW)
    assert old_rows(environment) == 1
    worker = [sys.executable, "-m", "celery", "-A", "liveon", "worker", "--pool=threads", "--concurrency=1"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with running([*worker, *quiet], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        call = [sys.executable, "-m", "celery", "-A", "liveon", "call", "audit.tasks.purge_audit_nightly"]
        subprocess.run(call, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)
        wait_until(lambda: old_rows(environment) == 0, what="the purge", timeout=60)
