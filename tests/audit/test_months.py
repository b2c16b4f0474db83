"""On PostgreSQL a month goes in one step when nothing in it stays."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from audit.certificates import body_of, deleted_counts, is_genuine
from audit.events import Actor
from audit.holds import place_hold
from audit.models import Attendance, AuditEvent, BandwidthSample, DeletionCertificate
from audit.partitions import partition_months
from audit.retention import purge_audit
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite keeps plain tables")
MARCH = date(2025, 3, 1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def march(db: None) -> None:
    """The partitions of March 2025, as they were made in time."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, column in (("audit_attendance", "joined_at"), ("audit_bandwidthsample", "minute")):
            cursor.execute("SELECT liveon_make_partition(%s, %s, %s)", [table, column, MARCH])


def make_stay(tenant: Tenant, day: int, **fields: object) -> Attendance:
    joined_at = datetime(2025, 3, day, 10, tzinfo=UTC)
    fields = {"left_at": joined_at + timedelta(minutes=1), "leave_reason": "left", **fields}
    stay = make_attendance(tenant, joined_at=joined_at, **fields)
    make_sample(stay, joined_at)
    return stay


def has_march(model: type[Attendance] | type[BandwidthSample]) -> bool:
    return MARCH in partition_months(model)


def test_month_goes_with_a_certificate_for_each_tenant(march: None, tenant: Tenant, other_tenant: Tenant) -> None:
    for day in (3, 4, 31):
        make_stay(tenant, day)
    make_stay(other_tenant, 5)
    purges = {purge.tenant: purge for purge in purge_audit(dry_run=False).tenants}
    assert not has_march(Attendance)
    assert not has_march(BandwidthSample)
    assert not Attendance.objects.exists()
    assert purges[tenant].deleted == {"bandwidth_samples": 3, "attendances": 3, "events": 0}
    for each, count in ((tenant, 3), (other_tenant, 1)):
        certificate = DeletionCertificate.objects.get(tenant=each)
        assert is_genuine(certificate)
        assert deleted_counts(certificate) == {"bandwidth_samples": count, "attendances": count}
        assert [month["month"] for month in body_of(certificate)["months"]] == ["2025-03", "2025-03"]


def test_hash_of_a_month_is_that_of_its_rows_as_csv(march: None, tenant: Tenant) -> None:
    for day in (4, 3):
        make_stay(tenant, day)
    names = [field.attname for field in Attendance._meta.concrete_fields]
    with connection.cursor() as cursor:
        query = f"SELECT {', '.join(names)} FROM audit_attendance ORDER BY id"
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
            content = b"".join(bytes(block) for block in copy)
    purge_audit(dry_run=False)
    months = body_of(DeletionCertificate.objects.get())["months"]
    (attendances,) = (month for month in months if month["kind"] == "attendances")
    assert attendances["sha256"] == hashlib.sha256(content).hexdigest()
    assert (attendances["oldest"], attendances["newest"]) == ("2025-03-03T10:00:00Z", "2025-03-04T10:00:00Z")


def test_held_row_keeps_the_month_and_the_rest_goes_in_batches(
    march: None, tenant: Tenant, other_tenant: Tenant
) -> None:
    held = make_stay(tenant, 3, user_id="mori")
    make_stay(tenant, 4)
    make_stay(other_tenant, 4)
    place_hold(tenant, actor=Actor(), case_number="1", user_id="mori")
    purge_audit(dry_run=False)
    assert has_march(Attendance)
    assert has_march(BandwidthSample)
    assert list(Attendance.objects.all()) == [held]
    assert BandwidthSample.objects.get().attendance == held
    assert body_of(DeletionCertificate.objects.get(tenant=tenant))["months"] == []


def test_longer_retention_of_one_tenant_keeps_the_month(march: None, tenant: Tenant, other_tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(retention_days=730)
    kept = make_stay(tenant, 3)
    make_stay(other_tenant, 4)
    purge_audit(dry_run=False)
    assert has_march(Attendance)
    assert list(Attendance.objects.all()) == [kept]


def test_stay_that_is_open_keeps_the_month(march: None, tenant: Tenant) -> None:
    still_there = make_stay(tenant, 3, left_at=None, leave_reason="")
    make_stay(tenant, 4)
    purge_audit(dry_run=False)
    assert has_march(Attendance)
    assert not has_march(BandwidthSample)
    assert list(Attendance.objects.all()) == [still_there]


def test_purge_of_one_tenant_drops_no_month(march: None, tenant: Tenant, other_tenant: Tenant) -> None:
    make_stay(tenant, 3)
    kept = make_stay(other_tenant, 3)
    purge_audit(tenant=tenant, dry_run=False)
    assert has_march(Attendance)
    assert list(Attendance.objects.all()) == [kept]


def test_earlier_date_keeps_the_month(march: None, tenant: Tenant) -> None:
    kept = make_stay(tenant, 30)
    purge_audit(before=datetime(2025, 3, 29, tzinfo=UTC), dry_run=False)
    assert has_march(Attendance)
    assert list(Attendance.objects.all()) == [kept]


def test_empty_month_goes_without_a_word(march: None, tenant: Tenant) -> None:
    purge_audit(dry_run=False)
    assert not has_march(Attendance)
    assert not DeletionCertificate.objects.exists()
    assert not AuditEvent.objects.exists()
