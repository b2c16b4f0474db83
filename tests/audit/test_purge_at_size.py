"""The purge at size: what it costs others (SQLite), and how long a month takes (PostgreSQL). `make test-long`."""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit.attendance import mark_seen
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.certificates import deleted_counts
from audit.models import Attendance, BandwidthSample, DeletionCertificate
from audit.partitions import partition_months
from audit.retention import purge_audit
from tenants.models import Tenant
from tests.audit.records import join, make_attendance
from tests.database import strictly
from tests.factories import make_tenant

logger = logging.getLogger(__name__)  # the figures: -o log_cli=true --log-cli-level=INFO
pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]
EMBEDDED = 100_000  # rows
MONTH = datetime(2024, 3, 1, tzinfo=UTC)
MONTH_ROWS = 833_000  # a twelfth of ten millions
TENANTS = 50


def fill(tenant: Tenant, rows: int) -> None:
    """Old samples, a hundred to a stay."""
    long_ago = timezone.now() - timedelta(days=500)
    for number in range(rows // 100):
        joined_at = long_ago + timedelta(minutes=number)
        stay = make_attendance(tenant, joined_at=joined_at, left_at=joined_at + timedelta(minutes=100))
        BandwidthSample.objects.bulk_create(
            BandwidthSample(
                tenant=tenant, attendance=stay, minute=joined_at + timedelta(minutes=minute), room_id="room",
                room_name="Board room", login_id="sato", name="Sato", bytes_in=1000, bytes_out=2000,
            )
            for minute in range(100)
        )  # fmt: skip


def in_another_process(work: Callable[[], object]) -> int:
    """Start `work` in a forked process; its pid."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            strictly(work)()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def has_ended(child: int) -> bool:
    pid, status = os.waitpid(child, os.WNOHANG)
    assert status == 0
    return pid != 0


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has more than one writer")
def test_purge_of_100_000_rows_does_not_hold_a_meeting_up(tenant: Tenant) -> None:
    fill(tenant, EMBEDDED)
    people = [join(tenant, joined_at=timezone.now()).participant_id for _each in range(30)]
    alone = sorted(write(people) for _each in range(200))
    child, waits = in_another_process(lambda: purge_audit(dry_run=False)), []
    while not has_ended(child):
        waits.append(write(people))
    assert BandwidthSample.objects.filter(minute__lt=timezone.now() - timedelta(days=365)).count() == 0
    waits.sort()
    for name, found in (("alone", alone), ("beside the purge", waits)):
        figures = [f"{found[int(len(found) * share)] * 1000:.1f}" for share in (0.5, 0.99)]
        logger.info(
            "%d writes %s waited %s ms (median, p99), at most %.1f", len(found), name, figures, found[-1] * 1000
        )
    assert waits[-1] - alone[-1] < 0.1  # a busy machine lets even a lonely writer wait


def write(people: list[str]) -> float:
    """What a meeting writes, in one transaction, and a breath; for how long (s) it waited for the write lock."""
    begun = time.perf_counter()
    with transaction.atomic():
        waited = time.perf_counter() - begun
        add_bandwidth([BandwidthDelta(person, 10, 20, 1, 2) for person in people], now=timezone.now())
        mark_seen(people, now=timezone.now())
    time.sleep(0.02)  # a meeting writes far less often
    return waited


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite keeps plain tables")
def test_month_of_833_000_rows_goes_within_two_seconds(tenant: Tenant) -> None:
    make_month(tenant)
    assert MONTH.date() in partition_months(BandwidthSample)
    begun = time.perf_counter()
    purge_audit(dry_run=False)
    took = time.perf_counter() - begun
    logger.info("%d rows went in %.2f s", MONTH_ROWS, took)
    assert MONTH.date() not in partition_months(BandwidthSample)
    assert not Attendance.objects.exists()
    assert deleted_counts(DeletionCertificate.objects.get())["bandwidth_samples"] == MONTH_ROWS
    assert took < 2


def make_month(tenant: Tenant) -> None:
    """A month of one tenant's samples among fifty tenants."""
    for _number in range(TENANTS - 1):
        make_tenant()
    with connection.cursor() as cursor:
        for table, column in (("audit_attendance", "joined_at"), ("audit_bandwidthsample", "minute")):
            cursor.execute("SELECT liveon_make_partition(%s, %s, %s)", [table, column, MONTH.date()])
    stay = make_attendance(tenant, joined_at=MONTH, left_at=MONTH + timedelta(days=20))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO audit_bandwidthsample (tenant_id, attendance_id, minute, room_id, room_name, login_id, name,
                   ip_address, bytes_in, bytes_out, packets_in, packets_out)
               SELECT %s, %s + n %% 400, %s + (n / 400) * interval '1 minute', 'room', 'Board room', 'sato', 'Sato',
                   '192.0.2.1', 1000, 2000, 10, 20 FROM generate_series(0, %s) n""",
            [tenant.pk, stay.pk, MONTH, MONTH_ROWS - 1],
        )
        cursor.execute("ANALYZE audit_bandwidthsample")
