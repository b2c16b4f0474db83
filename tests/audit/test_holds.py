from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.attendance import close_attendance
from audit.errors import HoldLifted
from audit.events import Actor, record_event
from audit.holds import held, holds_in_force, lift_hold, place_hold, without_held
from audit.models import Attendance, AuditEvent, BandwidthSample, LegalHold
from tenants.models import Tenant
from tests.audit.records import NOON, join, make_sample

HOUR = timedelta(hours=1)
AOKI = Actor(id="aoki", name="Aoki", ip_address="192.0.2.7")
EVENTS_OF_RECORDS = ("attendance_opened", "attendance_closed")


@pytest.fixture
def stay(tenant: Tenant) -> Callable[..., Attendance]:
    """An hour's stay with a sample at its beginning and the two events."""

    def stay(**fields: Any) -> Attendance:
        attendance = join(tenant, **fields)
        make_sample(attendance, attendance.joined_at)
        close_attendance(
            attendance.participant_id, left_at=attendance.joined_at + HOUR, reason="removed", ended_by="Hara"
        )
        return attendance

    return stay


def held_counts(tenant: Tenant) -> tuple[int, int, int]:
    """(attendances, samples, events) that are held; those that are not held are the rest."""
    events = AuditEvent.objects.for_tenant(tenant).filter(action__in=EVENTS_OF_RECORDS)
    tables = (Attendance.objects.for_tenant(tenant), BandwidthSample.objects.for_tenant(tenant), events)
    for rows in tables:
        assert held(rows, tenant=tenant).count() + without_held(rows, tenant=tenant).count() == rows.count()
    attendances, samples, records = (held(rows, tenant=tenant).count() for rows in tables)
    return attendances, samples, records


def test_hold_is_recorded_with_what_it_keeps(tenant: Tenant) -> None:
    hold = place_hold(tenant, actor=AOKI, case_number=" 2026-17 ", user_id="mori", user_name="Mori")
    assert (hold.case_number, hold.placed_by) == ("2026-17", "Aoki")
    event = AuditEvent.objects.get(action="hold_placed")
    assert (event.actor_id, event.target_name, event.details["user_id"]) == ("aoki", "2026-17", "mori")


def test_without_a_hold_nothing_is_held(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    stay()
    assert held_counts(tenant) == (0, 0, 0)


def test_hold_on_a_user_keeps_all_of_theirs_also_what_others_did_to_them(
    tenant: Tenant, stay: Callable[..., Attendance]
) -> None:
    stay(user_id="mori")
    stay(user_id="sato")
    place_hold(tenant, actor=AOKI, case_number="1", user_id="mori")
    assert held_counts(tenant) == (1, 1, 2)


def test_hold_on_a_user_keeps_events_about_the_user(tenant: Tenant) -> None:
    done_to = record_event(tenant, "user_disabled", actor=AOKI, target_type="user", target_id="mori")
    done_by = record_event(tenant, "login_succeeded", actor=Actor(id="mori"))
    other = record_event(tenant, "login_succeeded", actor=Actor(id="sato"), details={"user": "x"})
    place_hold(tenant, actor=AOKI, case_number="1", user_id="mori")
    events = AuditEvent.objects.exclude(action="hold_placed")
    assert set(held(events, tenant=tenant)) == {done_to, done_by}
    assert list(without_held(events, tenant=tenant)) == [other]


def test_hold_on_a_room_keeps_everybody_s_stays_in_it(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    stay(room_id="board")
    stay(room_id="hall")
    place_hold(tenant, actor=AOKI, case_number="1", room_id="board")
    assert held_counts(tenant) == (1, 1, 2)


def test_hold_on_a_range_keeps_the_stays_that_touch_it(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    stay(joined_at=NOON - 3 * HOUR)
    stay(joined_at=NOON - HOUR / 2)  # ends within
    stay(joined_at=NOON)
    stay(joined_at=NOON + HOUR)  # the end is not part of it
    place_hold(tenant, actor=AOKI, case_number="1", range_from=NOON, range_to=NOON + HOUR)
    assert held_counts(tenant) == (2, 1, 2)


def test_open_stay_is_within_every_later_range(tenant: Tenant) -> None:
    join(tenant, joined_at=NOON)
    place_hold(tenant, actor=AOKI, case_number="1", range_from=NOON + 5 * HOUR)
    assert held_counts(tenant)[0] == 1


def test_conditions_of_one_hold_are_all_meant(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    stay(user_id="mori", room_id="board")
    stay(user_id="mori", room_id="hall")
    stay(user_id="sato", room_id="board")
    place_hold(tenant, actor=AOKI, case_number="1", user_id="mori", room_id="board", range_to=NOON + HOUR)
    assert held_counts(tenant)[:2] == (1, 1)


def test_hold_without_conditions_keeps_everything_and_of_this_tenant_only(
    tenant: Tenant, other_tenant: Tenant, stay: Callable[..., Attendance]
) -> None:
    stay()
    join(other_tenant)
    place_hold(tenant, actor=AOKI, case_number="1")
    assert held_counts(tenant) == (1, 1, 2)
    assert held_counts(other_tenant) == (0, 0, 0)


def test_several_holds_add_up(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    for user in ("mori", "sato", "hara"):
        stay(user_id=user)
    place_hold(tenant, actor=AOKI, case_number="1", user_id="mori")
    place_hold(tenant, actor=AOKI, case_number="2", user_id="sato")
    assert held_counts(tenant) == (2, 2, 4)


def test_lifted_hold_keeps_nothing(tenant: Tenant, stay: Callable[..., Attendance]) -> None:
    stay()
    hold = place_hold(tenant, actor=AOKI, case_number="1")
    lift_hold(hold, actor=Actor(name="Mori"))
    assert hold.lifted_at is not None
    assert hold.lifted_by == "Mori"
    assert not holds_in_force(tenant).exists()
    assert held_counts(tenant) == (0, 0, 0)
    assert AuditEvent.objects.filter(action="hold_lifted").count() == 1


def test_hold_is_lifted_once(tenant: Tenant) -> None:
    hold = place_hold(tenant, actor=AOKI, case_number="1")
    lift_hold(hold, actor=AOKI)
    with pytest.raises(HoldLifted):
        lift_hold(hold, actor=Actor(name="Mori"))
    assert LegalHold.objects.get().lifted_by == "Aoki"
    assert AuditEvent.objects.filter(action="hold_lifted").count() == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"case_number": "  "}, "case_number"),
        ({"case_number": "n" * 101}, "case_number"),
        ({"reason": "r" * 501}, "reason"),
        ({"range_from": NOON, "range_to": NOON}, "range_to"),
    ],
)
def test_hold_that_makes_no_sense_is_refused(tenant: Tenant, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as raised:
        place_hold(tenant, actor=AOKI, **{"case_number": "1", **fields})
    assert list(raised.value.message_dict) == [wrong]
    assert not LegalHold.objects.exists()
    assert not AuditEvent.objects.exists()
