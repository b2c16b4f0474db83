from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.attendance import close_attendance, mark_seen, note_reconnect, stale_attendances
from audit.models import Attendance, AuditEvent
from tenants.models import Tenant
from tests.audit.records import NOON, join


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_join_opens_an_attendance_and_records_it(tenant: Tenant) -> None:
    attendance = join(tenant, user_id="u1", name="Mori", login_id="mori")
    assert attendance.left_at is None
    assert attendance.last_seen_at == attendance.joined_at == NOON
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.actor_name, event.ip_address) == (
        "attendance_opened",
        "u1",
        "Mori",
        "192.0.2.10",
    )
    assert (event.target_type, event.target_id, event.target_name) == ("room", "room", "Board room")
    assert event.occurred_at == NOON
    assert event.details["attendance"] == attendance.public_id


def test_leave_closes_it_and_records_why(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1", name="Mori")
    assert close_attendance("p1", left_at=NOON + minutes(5), reason="left")
    attendance.refresh_from_db()
    assert (attendance.left_at, attendance.leave_reason, attendance.ended_by) == (NOON + minutes(5), "left", "")
    event = AuditEvent.objects.get(action="attendance_closed")
    assert (event.actor_name, event.details["reason"]) == ("Mori", "left")


def test_removal_names_who_did_it(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1", name="Mori")
    close_attendance("p1", left_at=NOON + minutes(5), reason="removed", ended_by="Aoki")
    attendance.refresh_from_db()
    assert attendance.ended_by == "Aoki"
    event = AuditEvent.objects.get(action="attendance_closed")
    assert (event.actor_id, event.actor_name, event.details["name"]) == ("", "Aoki", "Mori")


def test_second_close_changes_nothing(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    close_attendance("p1", left_at=NOON + minutes(5), reason="left")
    assert not close_attendance("p1", left_at=NOON + minutes(9), reason="connection_lost")
    attendance.refresh_from_db()
    assert (attendance.left_at, attendance.leave_reason) == (NOON + minutes(5), "left")
    assert AuditEvent.objects.filter(action="attendance_closed").count() == 1


def test_close_of_nobody_does_nothing(tenant: Tenant) -> None:
    assert not close_attendance("nobody", left_at=NOON, reason="left")
    assert not AuditEvent.objects.exists()


def test_stay_never_ends_before_it_began(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    close_attendance("p1", left_at=NOON - minutes(5), reason="server_restart")
    attendance.refresh_from_db()
    assert attendance.left_at == NOON


def test_unknown_reason_is_refused(tenant: Tenant) -> None:
    join(tenant, participant_id="p1")
    with pytest.raises(ValueError, match="bored"):
        close_attendance("p1", left_at=NOON, reason="bored")


def test_one_participant_has_one_attendance(tenant: Tenant) -> None:
    join(tenant, participant_id="p1")
    with pytest.raises(IntegrityError), transaction.atomic():
        join(tenant, participant_id="p1")
    assert (Attendance.objects.count(), AuditEvent.objects.count()) == (1, 1)


def test_long_names_and_browsers_are_cut(tenant: Tenant) -> None:
    attendance = join(tenant, name="n" * 150, user_agent="u" * 900, room_name="r" * 150, ip_address="")
    attendance.refresh_from_db()
    assert (len(attendance.name), len(attendance.user_agent), len(attendance.room_name)) == (100, 300, 100)
    assert attendance.ip_address is None


def test_reconnects_are_counted_on_the_same_row(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    note_reconnect("p1", now=NOON + minutes(1))
    note_reconnect("p1", now=NOON + minutes(2))
    attendance.refresh_from_db()
    assert (attendance.reconnects, attendance.last_seen_at) == (2, NOON + minutes(2))
    assert Attendance.objects.count() == 1


def test_closed_attendance_takes_no_reconnect(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    close_attendance("p1", left_at=NOON, reason="left")
    note_reconnect("p1", now=NOON + minutes(1))
    attendance.refresh_from_db()
    assert attendance.reconnects == 0


def test_mark_seen_moves_open_attendances_forward_only(tenant: Tenant) -> None:
    one = join(tenant, participant_id="p1")
    gone = join(tenant, participant_id="p2")
    close_attendance("p2", left_at=NOON, reason="left")
    mark_seen(["p1", "p2", "nobody"], now=NOON + minutes(3))
    mark_seen(iter(["p1"]), now=NOON + minutes(1))
    one.refresh_from_db()
    gone.refresh_from_db()
    assert (one.last_seen_at, gone.last_seen_at) == (NOON + minutes(3), NOON)


def test_mark_seen_works_in_batches(tenant: Tenant) -> None:
    for number in range(450):
        join(tenant, participant_id=f"p{number}")
    mark_seen([f"p{number}" for number in range(450)], now=NOON + minutes(1))
    assert Attendance.objects.filter(last_seen_at=NOON + minutes(1)).count() == 450


def test_reaper_gets_the_silent_ones_only(tenant: Tenant) -> None:
    silent = join(tenant, participant_id="silent")
    join(tenant, participant_id="seen")
    join(tenant, participant_id="closed")
    close_attendance("closed", left_at=NOON, reason="left")
    mark_seen(["seen"], now=NOON + minutes(4))
    assert list(stale_attendances(now=NOON + minutes(5), silent_for=minutes(2))) == [silent]
