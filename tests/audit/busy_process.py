"""What the processes of test_three_processes.py do. Each waits for the file `go`, so that all start together."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audit.attendance import close_attendance, mark_seen
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.retention import purge_audit
from tenants.models import Tenant
from tests.audit.records import join

PEOPLE = [f"early-{number}" for number in range(30)]
ROUNDS = 20


def joins(tenant: Tenant) -> None:
    for number in range(3 * ROUNDS):
        join(tenant, participant_id=f"late-{number}", joined_at=timezone.now())
        close_attendance(f"late-{number}", left_at=timezone.now(), reason="left")


def samples(tenant: Tenant) -> None:
    for number in range(ROUNDS):
        now = timezone.now() + timedelta(minutes=number)
        add_bandwidth([BandwidthDelta(person, 10, 20, 1, 2) for person in PEOPLE], now=now)
        mark_seen(PEOPLE, now=now)


def purge(tenant: Tenant) -> None:
    purge_audit(dry_run=False)


def work(task: str) -> None:
    """Do `task`: joins, samples or purge."""
    tenant = Tenant.objects.get()
    deadline = time.monotonic() + 30
    while not (Path(settings.DATA_DIR) / "go").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    {"joins": joins, "samples": samples, "purge": purge}[task](tenant)
