from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection

from audit import retention
from audit.locks import exclusive
from audit.models import Attendance, AuditEvent, BandwidthSample
from audit.retention import PurgeRefused, purge_audit, view_horizon
from audit.tasks import purge_audit_nightly
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)
HORIZON = NOON - 365 * DAY


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SQLITE_PAUSE", 0)


@pytest.fixture
def another_lock_holder(transactional_db: None) -> Iterator[None]:
    """The purge's lock, held by another connection."""
    with ThreadPoolExecutor(1) as other:
        lock = exclusive("purge-audit")
        assert other.submit(lock.__enter__).result()
        yield
        other.submit(lock.__exit__, None, None, None).result()
        other.submit(lambda: connection.close()).result()


def make_stay(tenant: Tenant, joined_at: datetime, *, length: timedelta = MOMENT) -> Attendance:
    attendance = make_attendance(tenant, joined_at=joined_at, left_at=joined_at + length, leave_reason="left")
    make_sample(attendance, joined_at.replace(second=0))
    return attendance


def make_event(tenant: Tenant, occurred_at: datetime) -> AuditEvent:
    return AuditEvent.objects.create(tenant=tenant, action="login", occurred_at=occurred_at)


def test_horizon_is_the_retention_time_ago(tenant: Tenant) -> None:
    assert view_horizon(tenant, now=NOON) == HORIZON


def test_purge_deletes_what_is_older_than_the_horizon(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    make_event(tenant, HORIZON - MOMENT)
    kept = make_stay(tenant, HORIZON)
    kept_event = make_event(tenant, HORIZON)
    report = purge_audit(dry_run=False)
    assert report.before == HORIZON
    assert report.tenants[0].deleted == {"bandwidth_samples": 1, "attendances": 1, "events": 1}
    assert list(Attendance.objects.all()) == [kept]
    assert BandwidthSample.objects.get().attendance == kept
    assert kept_event in AuditEvent.objects.all()


def test_purge_records_what_it_deleted(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    purge_audit(dry_run=False)
    started, ended = AuditEvent.objects.order_by("pk")
    assert (started.action, ended.action) == ("audit_purge_started", "audit_purged")
    assert started.details["found"]["attendances"]["count"] == 1
    assert ended.details["deleted"] == {"bandwidth_samples": 1, "attendances": 1, "events": 0}
    assert datetime.fromisoformat(ended.details["before"]) == HORIZON


def test_dry_run_counts_and_deletes_nothing(tenant: Tenant) -> None:
    oldest = make_stay(tenant, HORIZON - 9 * DAY)
    newest = make_stay(tenant, HORIZON - DAY)
    found = purge_audit(dry_run=True).tenants[0].found["attendances"]
    assert (found.count, found.oldest, found.newest) == (2, oldest.joined_at, newest.joined_at)
    assert Attendance.objects.count() == 2
    assert not AuditEvent.objects.exists()


def test_purge_with_nothing_to_do_leaves_no_event(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON + DAY)
    assert purge_audit(dry_run=False).tenants[0].deleted == {}
    assert not AuditEvent.objects.exists()


def test_open_attendance_is_kept_however_old(tenant: Tenant) -> None:
    make_attendance(tenant, joined_at=HORIZON - 30 * DAY)
    purge_audit(dry_run=False)
    assert Attendance.objects.exists()


def test_stay_across_the_horizon_is_kept_and_loses_its_old_samples(tenant: Tenant) -> None:
    attendance = make_stay(tenant, HORIZON - DAY, length=2 * DAY)
    make_sample(attendance, HORIZON + DAY)
    purge_audit(dry_run=False)
    assert BandwidthSample.objects.get().minute == HORIZON + DAY
    assert Attendance.objects.exists()


def test_one_tenant_can_be_purged_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    make_stay(other_tenant, HORIZON - DAY)
    purge_audit(tenant=tenant, dry_run=False)
    assert not Attendance.objects.for_tenant(tenant).exists()
    assert Attendance.objects.for_tenant(other_tenant).exists()


def test_earlier_date_keeps_more(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - 10 * DAY)
    kept = make_stay(tenant, HORIZON - DAY)
    purge_audit(before=HORIZON - 5 * DAY, dry_run=False)
    assert list(Attendance.objects.all()) == [kept]


def test_date_after_the_horizon_is_refused(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    with pytest.raises(PurgeRefused, match="365 days"):
        purge_audit(before=HORIZON + MOMENT, dry_run=False)
    assert Attendance.objects.exists()


def test_purge_works_in_batches_and_tells_how_far_it_is(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SQLITE_BATCH", 2)
    monkeypatch.setattr(retention, "POSTGRESQL_BATCH", 2)
    for number in range(5):
        make_event(tenant, HORIZON - DAY + number * MOMENT)
    steps: list[tuple[int, int]] = []
    purge_audit(dry_run=False, progress=lambda _tenant, done, total: steps.append((done, total)))
    assert steps == [(2, 5), (4, 5), (5, 5)]


def test_interrupted_purge_records_what_went_and_is_simply_repeated(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SQLITE_BATCH", 2)
    monkeypatch.setattr(retention, "POSTGRESQL_BATCH", 2)
    for number in range(5):
        make_event(tenant, HORIZON - DAY + number * MOMENT)

    def interrupt(_tenant: Tenant, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        purge_audit(dry_run=False, progress=interrupt)
    assert AuditEvent.objects.filter(action="login").count() == 3
    assert AuditEvent.objects.get(action="audit_purged").details["deleted"]["events"] == 2
    purge_audit(dry_run=False)
    assert not AuditEvent.objects.filter(action="login").exists()
    assert AuditEvent.objects.filter(action="audit_purged").count() == 2


@pytest.mark.django_db(transaction=True)
def test_second_purge_at_the_same_time_is_refused(tenant: Tenant, another_lock_holder: None) -> None:
    make_stay(tenant, HORIZON - DAY)
    with pytest.raises(PurgeRefused, match="running"):
        purge_audit(dry_run=False)
    assert Attendance.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nightly_purge_leaves_the_work_to_the_running_one(tenant: Tenant, another_lock_holder: None) -> None:
    make_stay(tenant, HORIZON - DAY)
    purge_audit_nightly()
    assert Attendance.objects.exists()


def test_nightly_purge_purges_every_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    make_stay(other_tenant, HORIZON - DAY)
    purge_audit_nightly()
    assert not Attendance.objects.exists()


def test_lock_is_free_again_after_use(tenant: Tenant) -> None:
    for _time in range(2):
        with exclusive("test") as held:
            assert held
