from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from audit import deletion
from audit.certificates import body_of, is_genuine
from audit.events import Actor
from audit.holds import lift_hold, place_hold
from audit.locks import exclusive
from audit.models import Attendance, AuditEvent, AuditTombstone, BandwidthSample, DeletionCertificate
from audit.retention import PurgeRefused, purge_audit, view_horizon
from audit.sealing import seal
from audit.tasks import purge_audit_nightly
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample
from tests.audit.tampering import unguarded

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)
HORIZON = NOON - 365 * DAY


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SQLITE_PAUSE", 0)


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
    assert datetime.fromisoformat(started.details["before"]) == HORIZON
    assert ended.details["deleted"] == {"bandwidth_samples": 1, "attendances": 1}
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
    monkeypatch.setattr(deletion, "SQLITE_BATCH", 2)
    monkeypatch.setattr(deletion, "POSTGRESQL_BATCH", 2)
    for number in range(5):
        make_event(tenant, HORIZON - DAY + number * MOMENT)
    steps: list[tuple[int, int]] = []
    purge_audit(dry_run=False, progress=lambda _tenant, done, total: steps.append((done, total)))
    assert steps == [(2, 5), (4, 5), (5, 5)]
    assert AuditTombstone.objects.count() == 1


def interrupted_purge(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, *, events: int = 5) -> None:
    """A purge that dies after its first batch of two events."""
    monkeypatch.setattr(deletion, "SQLITE_BATCH", 2)
    monkeypatch.setattr(deletion, "POSTGRESQL_BATCH", 2)
    for number in range(events):
        make_event(tenant, HORIZON - DAY + number * MOMENT)

    def interrupt(_tenant: Tenant, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        purge_audit(dry_run=False, progress=interrupt)


def test_interrupted_purge_is_simply_repeated_and_ends_with_one_certificate(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_purge(tenant, monkeypatch)
    assert AuditEvent.objects.filter(action="login").count() == 3
    assert DeletionCertificate.objects.get().signature == ""
    (purge,) = purge_audit(dry_run=False).tenants
    assert not AuditEvent.objects.filter(action="login").exists()
    certificate = DeletionCertificate.objects.get()
    assert is_genuine(certificate)
    assert body_of(certificate)["deleted"]["events"]["count"] == 5
    assert AuditEvent.objects.get(action="audit_purged").details["deleted"] == {"events": 5}
    assert (purge.deleted["events"], purge.certificates) == (3, [certificate.public_id])


def test_dry_run_says_that_a_purge_was_interrupted(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert purge_audit(dry_run=True).tenants[0].unfinished is None
    interrupted_purge(tenant, monkeypatch)
    (purge,) = purge_audit(dry_run=True, before=HORIZON - 9 * DAY).tenants
    assert (purge.unfinished, purge.before, purge.found["events"].count) == (NOON, HORIZON, 3)


def test_interrupted_purge_is_finished_before_a_later_one_begins(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_purge(tenant, monkeypatch)
    make_event(tenant, HORIZON + MOMENT)
    with time_machine.travel(NOON + DAY, tick=False):
        purge_audit(dry_run=False)
    first, second = DeletionCertificate.objects.order_by("pk")
    assert (body_of(first)["before"], body_of(first)["deleted"]["events"]["count"]) == ("2025-06-15T03:00:00Z", 5)
    assert (body_of(second)["before"], body_of(second)["deleted"]["events"]["count"]) == ("2025-06-16T03:00:00Z", 1)
    assert is_genuine(first)
    assert is_genuine(second)


def test_interrupted_purge_goes_by_a_retention_that_was_lengthened_since(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_purge(tenant, monkeypatch)
    Tenant.objects.update(retention_days=400)
    purge_audit(dry_run=False)
    assert AuditEvent.objects.filter(action="login").count() == 3
    assert body_of(DeletionCertificate.objects.get())["deleted"]["events"]["count"] == 2


def test_longer_retention_of_a_tenant_keeps_more(tenant: Tenant, other_tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(retention_days=400)
    kept = make_stay(tenant, HORIZON - DAY)
    make_stay(other_tenant, HORIZON - DAY)
    purges = {purge.tenant: purge for purge in purge_audit(dry_run=False).tenants}
    assert list(Attendance.objects.all()) == [kept]
    assert (purges[tenant].before, purges[other_tenant].before) == (NOON - 400 * DAY, HORIZON)


def test_longer_retention_of_a_tenant_is_not_overruled_by_a_date(tenant: Tenant) -> None:
    tenant.retention_days = 400
    tenant.save()
    with pytest.raises(PurgeRefused, match="400 days"):
        purge_audit(tenant=tenant, before=HORIZON - DAY, dry_run=False)


def test_longer_retention_of_the_installation_is_for_everybody(tenant: Tenant, settings: Any) -> None:
    settings.AUDIT_RETENTION_DAYS = 500
    make_stay(tenant, NOON - 450 * DAY)
    assert view_horizon(tenant, now=NOON) == NOON - 500 * DAY
    purge_audit(dry_run=False)
    assert Attendance.objects.exists()


def test_purge_leaves_a_tombstone_for_the_events_it_deleted(tenant: Tenant) -> None:
    for number in range(3):
        make_event(tenant, HORIZON - DAY + number * MOMENT)
    purge_audit(dry_run=False)
    tombstone = AuditTombstone.objects.get()
    assert (tombstone.first_seq, tombstone.last_seq) == (1, 3)
    assert tombstone.certificate == DeletionCertificate.objects.get()


def test_held_records_stay_and_the_dry_run_says_so(tenant: Tenant) -> None:
    held = make_stay(tenant, HORIZON - 5 * DAY)
    Attendance.objects.filter(pk=held.pk).update(user_id="mori")
    make_stay(tenant, HORIZON - 4 * DAY)
    place_hold(tenant, actor=Actor(name="Aoki"), case_number="2026-17", user_id="mori")
    (plan,) = purge_audit(dry_run=True).tenants
    assert [hold.case_number for hold in plan.holds] == ["2026-17"]
    assert (plan.found["attendances"].count, plan.found["attendances"].stay) == (1, {"held": 1})
    assert (plan.found["bandwidth_samples"].count, plan.found["bandwidth_samples"].stay) == (1, {"held": 1})
    purge_audit(dry_run=False)
    assert list(Attendance.objects.all()) == [held]
    assert BandwidthSample.objects.get().attendance == held


def test_stay_whose_samples_are_held_stays_with_them(tenant: Tenant) -> None:
    stay = make_stay(tenant, (HORIZON - 5 * DAY).replace(second=40))
    place_hold(tenant, actor=Actor(), case_number="1", range_to=stay.joined_at.replace(second=10))
    (plan,) = purge_audit(dry_run=True).tenants
    assert (plan.found["attendances"].count, plan.found["attendances"].stay) == (0, {"open": 1})
    purge_audit(dry_run=False)
    assert Attendance.objects.exists()


def test_lifted_hold_lets_the_next_purge_have_its_records(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    hold = place_hold(tenant, actor=Actor(), case_number="1")
    purge_audit(dry_run=False)
    assert not DeletionCertificate.objects.exists()
    lift_hold(hold, actor=Actor())
    purge_audit(dry_run=False)
    assert not Attendance.objects.exists()


def test_hold_that_comes_during_a_purge_keeps_what_is_still_there(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "SQLITE_BATCH", 2)
    monkeypatch.setattr(deletion, "POSTGRESQL_BATCH", 2)
    for number in range(5):
        make_event(tenant, HORIZON - DAY + number * MOMENT)

    def hold(_tenant: Tenant, done: int, _total: int) -> None:
        if done == 2:
            place_hold(tenant, actor=Actor(), case_number="1")

    purge_audit(dry_run=False, progress=hold)
    assert AuditEvent.objects.filter(action="login").count() == 3
    assert body_of(DeletionCertificate.objects.get())["deleted"]["events"]["count"] == 2


def test_events_whose_chain_does_not_verify_stay_as_evidence(tenant: Tenant) -> None:
    make_stay(tenant, HORIZON - DAY)
    for number in range(3):
        make_event(tenant, HORIZON - DAY + number * MOMENT)
    seal(tenant)
    with unguarded():
        AuditEvent.objects.filter(seq=2).update(action="logged_out")
    (purge,) = purge_audit(dry_run=False).tenants
    assert "does not verify" in purge.problem
    assert AuditEvent.objects.filter(seq__lte=3).count() == 3
    assert not Attendance.objects.exists()
    assert is_genuine(DeletionCertificate.objects.get())
    purge_audit(dry_run=False)
    assert DeletionCertificate.objects.count() == 1  # none for nothing
    assert AuditEvent.objects.filter(action="audit_purged", details__has_key="problem").count() == 2


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
