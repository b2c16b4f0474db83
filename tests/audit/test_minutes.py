"""Bandwidth in the chain: each finished minute once, and what a purge took is no finding."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from audit import minutes
from audit.attendance import close_attendance
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.events import SYSTEM
from audit.holds import place_hold
from audit.minutes import record_minutes
from audit.models import Attendance, AuditEvent, BandwidthSample, DeletionCertificate
from audit.retention import purge_audit
from audit.sealing import record_all_minutes, seal
from audit.verification import verify_tenant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import findings
from tests.audit.records import join, make_sample

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def talk(tenant: Tenant, at: datetime, people: int = 2, minutes_long: int = 2, **fields: Any) -> list[Attendance]:
    """A meeting that began at `at` with samples in each of its minutes, over; unsealed."""
    with tenant_context(tenant):
        stays = [join(tenant, joined_at=at, **fields) for _ in range(people)]
        for number in range(minutes_long):
            add_bandwidth(
                [BandwidthDelta(each.participant_id, 10, 20, 1, 2) for each in stays], now=at + number * MINUTE
            )
        for each in stays:
            close_attendance(each.participant_id, left_at=at + minutes_long * MINUTE, reason="left")
    return stays


def recorded(tenant: Tenant) -> list[dict[str, Any]]:
    with tenant_context(tenant):
        events = AuditEvent.objects.for_tenant(tenant).filter(action="bandwidth_recorded").order_by("pk")
        return list(events.values_list("details", flat=True))


def test_each_finished_minute_is_recorded_once(tenant: Tenant, other_tenant: Tenant) -> None:
    at = now().replace(second=0, microsecond=0)
    talk(tenant, at - 10 * MINUTE)
    talk(other_tenant, at - 10 * MINUTE, people=1, minutes_long=1)
    assert record_all_minutes(now=at) == 3
    assert record_all_minutes(now=at) == 0
    first, second = recorded(tenant)
    assert (first["rows"], first["bytes_in"], first["bytes_out"]) == (2, 20, 40)
    assert (first["minute"], second["minute"]) == ((at - 10 * MINUTE).isoformat(), (at - 9 * MINUTE).isoformat())
    assert len(recorded(other_tenant)) == 1


def test_a_minute_is_recorded_two_minutes_after_its_end(tenant: Tenant) -> None:
    at = now().replace(second=0, microsecond=0)
    talk(tenant, at, minutes_long=1)
    assert record_minutes(tenant, now=at + 3 * MINUTE - timedelta(seconds=1)) == 0
    assert record_minutes(tenant, now=at + 3 * MINUTE) == 1


def test_a_long_pause_is_caught_up_piece_by_piece(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minutes, "MOST_AT_ONCE", 2)
    talk(tenant, now() - timedelta(hours=1), minutes_long=5)
    assert [record_minutes(tenant, now=now()) for _ in range(4)] == [2, 2, 1, 0]


def test_a_late_sample_is_named(tenant: Tenant) -> None:
    (stay, _other) = talk(tenant, now() - timedelta(hours=1))
    record_minutes(tenant, now=now())
    seal(tenant)
    with tenant_context(tenant):
        make_sample(stay, (now() - timedelta(hours=2)).replace(second=0, microsecond=0))
    (found,) = findings(tenant)
    assert found.startswith("sample_added")


@pytest.fixture
def old_and_new(tenant: Tenant) -> Tenant:
    """A meeting of 400 days ago and one of an hour ago, recorded and sealed."""
    talk(tenant, now() - timedelta(days=400))
    talk(tenant, now() - timedelta(hours=1))
    record_minutes(tenant, now=now())
    seal(tenant)
    return tenant


def counts(tenant: Tenant) -> tuple[int, int]:
    with tenant_context(tenant):
        return Attendance.objects.for_tenant(tenant).count(), BandwidthSample.objects.for_tenant(tenant).count()


def test_a_purge_is_no_finding(old_and_new: Tenant) -> None:
    purge_audit(dry_run=False)
    seal(old_and_new)
    assert counts(old_and_new) == (2, 4)
    report = verify_tenant(old_and_new)
    assert (report.findings.lines(), report.tombstones > 0, report.attendances, report.minutes) == ([], True, 2, 2)


def test_a_purge_without_its_certificate_is_a_finding(old_and_new: Tenant) -> None:
    """Somebody who deletes by hand has no signature to show for it."""
    with tenant_context(old_and_new):
        BandwidthSample.objects.filter(minute__lt=now() - timedelta(days=365)).delete()
        Attendance.objects.filter(joined_at__lt=now() - timedelta(days=365)).delete()
    kinds = [line.split(":")[0] for line in findings(old_and_new)]
    assert (kinds.count("attendance_deleted"), kinds.count("sample_deleted")) == (4, 2)


def test_a_certificate_that_nobody_signed_covers_nothing(old_and_new: Tenant) -> None:
    with tenant_context(old_and_new):
        DeletionCertificate.objects.create(
            tenant=old_and_new, cause="retention", created_at=now(), body=f'{{"before": "{now().isoformat()}"}}',
            key_id="0123456789abcdef", signature="00" * 64,
        )  # fmt: skip
    test_a_purge_without_its_certificate_is_a_finding(old_and_new)


def test_what_is_held_stays_and_verifies(tenant: Tenant) -> None:
    talk(tenant, now() - timedelta(days=400), user_id="held")
    talk(tenant, now() - timedelta(days=400), user_id="not-held")
    talk(tenant, now() - timedelta(hours=1))
    record_minutes(tenant, now=now())
    seal(tenant)
    place_hold(tenant, actor=SYSTEM, case_number="1", user_id="held")
    purge_audit(dry_run=False)
    seal(tenant)
    assert counts(tenant) == (4, 8)
    report = verify_tenant(tenant)
    assert (report.findings.lines(), report.tombstones > 0) == ([], True)
