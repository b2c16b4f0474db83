"""Noon of `NOON` is that of 2026-06-15 in Tokyo, the tenant's time zone."""

from datetime import date, datetime, timedelta
from typing import Any

from audit.models import Attendance, BandwidthSample, UsageDay, UsageMonth
from audit.usage import bytes_of_month, count_usage, peak_of_month, usage_by_room, usage_days
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
TODAY = date(2026, 6, 15)


def stay(
    tenant: Tenant, user: str, minutes: int = 2, *, at: datetime = NOON, room: str = "room", **fields: Any
) -> Attendance:
    """Somebody's stay with a sample of 100 and 200 bytes a minute."""
    values = {"user_id": user, "room_id": room, "room_name": room.title(), "meeting_id": f"meeting in {room}"}
    attendance = make_attendance(tenant, joined_at=at, left_at=at + minutes * MINUTE, **{**values, **fields})
    for number in range(minutes):
        make_sample(attendance, at + number * MINUTE, room_name=room.title(), bytes_in=100, bytes_out=200)
    return attendance


def day(tenant: Tenant, when: date = TODAY, room: str = "") -> dict[str, Any]:
    return UsageDay.objects.for_tenant(tenant).filter(day=when, room_id=room).values().get()


def test_day_is_summed_up_by_room_and_as_a_whole(tenant: Tenant, other_tenant: Tenant) -> None:
    stay(tenant, "mori", minutes=2)
    stay(tenant, "mori", minutes=1, room="hall")
    stay(tenant, "", minutes=3, at=NOON + MINUTE, name="Goto", is_guest=True)
    stay(other_tenant, "stranger", minutes=60)
    assert count_usage(tenant, now=NOON + HOUR) == 1
    whole = day(tenant)
    assert (whole["meetings"], whole["stays"], whole["people"]) == (2, 3, 2)
    assert (whole["minutes"], whole["bytes_in"], whole["bytes_out"], whole["peak"]) == (6, 600, 1200, 2)
    room = day(tenant, room="room")
    assert (room["room_name"], room["stays"], room["people"], room["minutes"], room["peak"]) == ("Room", 2, 2, 5, 2)
    assert not UsageDay.objects.for_tenant(other_tenant).exists()


def test_day_ends_at_midnight_of_the_tenant(tenant: Tenant) -> None:
    midnight = NOON + 12 * HOUR
    stay(tenant, "mori", minutes=4, at=midnight - 3 * MINUTE)
    count_usage(tenant, now=midnight + HOUR)
    assert (day(tenant)["stays"], day(tenant)["minutes"]) == (1, 3)
    assert (day(tenant, TODAY + DAY)["stays"], day(tenant, TODAY + DAY)["minutes"]) == (0, 1)


def test_counting_again_changes_nothing(tenant: Tenant) -> None:
    stay(tenant, "mori")
    count_usage(tenant, now=NOON + HOUR)
    before = [{**row, "id": 0} for row in (day(tenant), *UsageMonth.objects.values())]
    count_usage(tenant, now=NOON + HOUR)
    assert [{**row, "id": 0} for row in (day(tenant), *UsageMonth.objects.values())] == before


def test_late_rows_of_the_last_three_days_count_and_missed_days_are_caught_up(tenant: Tenant) -> None:
    stay(tenant, "mori", at=NOON - 9 * DAY)
    assert count_usage(tenant, now=NOON - 5 * DAY) == 5
    stay(tenant, "hara", at=NOON - 7 * DAY)
    stay(tenant, "hara", at=NOON - 4 * DAY)
    assert count_usage(tenant, now=NOON) == 8
    counted = {row.day: row.stays for row in usage_days(tenant, first=date.min, last=TODAY)}
    assert (counted[TODAY - 9 * DAY], counted[TODAY - 7 * DAY], counted[TODAY - 4 * DAY]) == (1, 1, 1)
    stay(tenant, "goto", at=NOON - 3 * DAY)
    assert count_usage(tenant, now=NOON) == 3
    assert day(tenant, TODAY - 3 * DAY)["stays"] == 0  # too late


def test_tenant_without_records_has_no_sums(tenant: Tenant) -> None:
    assert count_usage(tenant, now=NOON) == 0
    assert (peak_of_month(tenant, now=NOON), bytes_of_month(tenant, now=NOON)) == (0, 0)


def test_sums_do_not_outlive_what_may_be_shown(tenant: Tenant) -> None:
    stay(tenant, "mori", at=NOON - 364 * DAY)
    count_usage(tenant, now=NOON - 364 * DAY)
    count_usage(tenant, now=NOON + 2 * DAY)
    assert UsageDay.objects.order_by("day").first().day == TODAY - 363 * DAY


def test_month_is_summed_up_by_user_and_guests_as_one(tenant: Tenant) -> None:
    for user in ("mori", "mori", ""):
        stay(tenant, user, minutes=2, bytes_in=5, bytes_out=7)
    make_attendance(tenant, user_id="hara", last_seen_at=NOON + MINUTE)
    count_usage(tenant, now=NOON + HOUR)
    months = UsageMonth.objects.order_by("user_id").values_list("user_id", "month", "stays", "seconds", "bytes_out")
    june = date(2026, 6, 1)
    assert list(months) == [("", june, 1, 120, 7), ("hara", june, 1, 60, 0), ("mori", june, 2, 240, 14)]


def test_month_figures_are_of_this_month(tenant: Tenant) -> None:
    stay(tenant, "mori", at=NOON - 20 * DAY, minutes=9)
    stay(tenant, "mori", minutes=2)
    stay(tenant, "hara", minutes=1)
    count_usage(tenant, now=NOON + HOUR)
    assert (peak_of_month(tenant, now=NOON), bytes_of_month(tenant, now=NOON)) == (2, 900)


def test_rooms_stand_in_the_order_of_their_use(tenant: Tenant) -> None:
    stay(tenant, "mori", minutes=1, room="hall")
    stay(tenant, "mori", minutes=1, room="den")
    stay(tenant, "hara", minutes=2, room="den", at=NOON - DAY)
    count_usage(tenant, now=NOON + HOUR)
    rooms = usage_by_room(tenant, first=TODAY - DAY, last=TODAY)
    assert [(room["name"], room["minutes"], room["stays"], room["peak"]) for room in rooms] == [
        ("Den", 3, 2, 1),
        ("Hall", 1, 1, 1),
    ]


def test_room_that_was_renamed_has_its_latest_name(tenant: Tenant) -> None:
    stay(tenant, "mori")
    Attendance.objects.update(room_name="Hall B")
    BandwidthSample.objects.update(room_name="Hall A")
    count_usage(tenant, now=NOON + HOUR)
    assert day(tenant, room="room")["room_name"] == "Hall B"
