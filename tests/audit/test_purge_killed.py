"""The purge is killed (SIGKILL) at random statements; repeating it loses nothing and does nothing twice."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import deletion
from audit.certificates import FIRST_LINK, body_of, chain, deleted_counts, is_genuine
from audit.models import Attendance, AuditEvent, AuditTombstone, BandwidthSample, DeletionCertificate
from audit.retention import purge_audit, purgeable_rows
from audit.sealing import seal
from tenants.models import Tenant
from tests.audit.records import make_attendance, make_sample
from tests.killing import kill_until_done

ORDERS = {"bandwidth_samples": "minute", "attendances": "joined_at", "events": "seq"}
DAY = timedelta(days=1)


@pytest.fixture
def records(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """40 old stays with 6 samples and 2 events each, and as many new ones; batches small enough for many kills."""
    monkeypatch.setattr(deletion, "SQLITE_PAUSE", 0)
    monkeypatch.setattr(deletion, "SQLITE_BATCH", 40)
    monkeypatch.setattr(deletion, "POSTGRESQL_BATCH", 40)
    now = timezone.now()
    make_partition((now - 420 * DAY).date().replace(day=1))
    for number in range(40):
        for joined_at in (now - (420 - number) * DAY, now - (number + 1) * DAY):
            stay = make_attendance(tenant, joined_at=joined_at, left_at=joined_at + timedelta(hours=1))
            for minute in range(6):
                make_sample(stay, joined_at.replace(second=0, microsecond=0) + timedelta(minutes=minute))
            for action in ("attendance_opened", "attendance_closed"):
                AuditEvent.objects.create(tenant=tenant, action=action, occurred_at=joined_at)
    seal(tenant)
    return tenant


def make_partition(month: date) -> None:
    """On PostgreSQL the oldest month goes as a whole."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table, column in (("audit_attendance", "joined_at"), ("audit_bandwidthsample", "minute")):
                cursor.execute("SELECT liveon_make_partition(%s, %s, %s)", [table, column, month])


def old_rows(tenant: Tenant) -> dict[str, list[dict]]:
    before = timezone.now() - 365 * DAY
    return {
        kind: list(purgeable_rows(tenant, kind, before).order_by(order, "pk").values())
        for kind, order in ORDERS.items()
    }


def places_in_chain(tenant: Tenant) -> list[int]:
    """Of the events that stand and of those under tombstones; each once if all is well."""
    places = list(AuditEvent.objects.for_tenant(tenant).values_list("seq", flat=True))
    for tombstone in AuditTombstone.objects.for_tenant(tenant):
        places += range(tombstone.first_seq, tombstone.last_seq + 1)
    return sorted(places)


@pytest.mark.timeout(180)
@pytest.mark.django_db(transaction=True)
def test_killed_purge_loses_nothing_and_does_nothing_twice(records: Tenant) -> None:
    expected = old_rows(records)
    assert [len(rows) for rows in expected.values()] == [240, 40, 80]
    kills = kill_until_done(lambda: purge_audit(dry_run=False), statements=100, kills=20)
    seal(records)
    certificate = DeletionCertificate.objects.get()
    body = body_of(certificate)
    assert is_genuine(certificate)
    assert deleted_counts(certificate) == {"bandwidth_samples": 240, "attendances": 40, "events": 80}, kills
    assert body["deleted"]["events"]["sha256"] == chain(FIRST_LINK, expected["events"])
    if connection.vendor == "postgresql":
        # What was killed between the two months goes on with what is left of the second one in batches.
        assert {month["kind"] for month in body["months"]} <= {"bandwidth_samples", "attendances"}
    else:
        assert {kind: each["sha256"] for kind, each in body["deleted"].items()} == {
            kind: chain(FIRST_LINK, rows) for kind, rows in expected.items()
        }
    assert (BandwidthSample.objects.count(), Attendance.objects.count()) == (240, 40)
    assert AuditEvent.objects.filter(action__startswith="attendance_").count() == 80
    places = places_in_chain(records)
    assert places == list(range(1, len(places) + 1))
    actions = AuditEvent.objects.filter(action__contains="purge").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["audit_purge_started", "audit_purged"]
