from datetime import date, timedelta
from typing import Any

import pytest

from audit.reports import ATTENDANCE, BadPosition, Found, Log, Search, find, page_of
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance

NOW = NOON + timedelta(days=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def search(tenant: Tenant, log: Log = ATTENDANCE, **words: Any) -> Found:
    return find(log, tenant, search=Search(**words), now=NOW)


def found(tenant: Tenant, log: Log = ATTENDANCE, **words: Any) -> list[Any]:
    """What the first page shows; the export, which reads all rows, must hold the same."""
    matches = search(tenant, log, **words)
    shown = page_of(matches).rows
    assert list(matches.rows) == shown
    return shown


def test_newest_first(tenant: Tenant) -> None:
    first, second = (make_attendance(tenant, joined_at=NOON + number * HOUR) for number in range(2))
    assert found(tenant) == [second, first]


def test_other_tenants_rows_are_never_found(tenant: Tenant, other_tenant: Tenant) -> None:
    make_attendance(other_tenant, login_id="sato")
    assert found(tenant) == found(tenant, login_id="sato") == []


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ({"login_id": "SAT"}, True),
        ({"login_id": "ato"}, False),
        ({"name": "一郎"}, True),
        ({"name": "花子"}, False),
        ({"room": "board"}, True),
        ({"room": "Board room 2"}, False),
        ({"ip": "192.0.2.10"}, True),
        ({"ip": "192.0.2."}, True),
        ({"ip": "192.0.2.1"}, False),
        ({"ip": "2001:db8::1"}, False),
        ({"login_id": "sato", "room": "board", "name": "佐藤"}, True),
        ({"login_id": "sato", "room": "other"}, False),
        ({"name": "%"}, False),
    ],
)
def test_filters(tenant: Tenant, filters: dict[str, str], matches: bool) -> None:
    make_attendance(tenant, login_id="Sato", name="佐藤 一郎", room_name="Board room", ip_address="192.0.2.10")
    assert bool(found(tenant, **filters)) is matches


def test_address_of_version_six_is_found_in_any_spelling(tenant: Tenant) -> None:
    make_attendance(tenant, ip_address="2001:db8::1")
    assert found(tenant, ip="2001:0DB8:0:0:0:0:0:1")
    assert found(tenant, ip="2001:db8:")


@pytest.mark.parametrize(
    ("after_midnight", "filters", "matches"),
    [
        (timedelta(0), {"date_from": date(2026, 6, 15)}, True),
        (timedelta(microseconds=-1), {"date_from": date(2026, 6, 15)}, False),
        (timedelta(microseconds=-1), {"date_to": date(2026, 6, 14)}, True),
        (timedelta(0), {"date_to": date(2026, 6, 14)}, False),
        (12 * HOUR, {"date_from": date(2026, 6, 15), "date_to": date(2026, 6, 15)}, True),
        (12 * HOUR, {"date_from": date(2026, 6, 16), "date_to": date(2026, 6, 15)}, False),
        (12 * HOUR, {"date_from": date.min, "date_to": date.max}, True),
        (12 * HOUR, {"date_from": date.max}, False),
        (12 * HOUR, {"date_to": date.min}, False),
    ],
)
def test_days_are_the_tenants(
    tenant: Tenant, after_midnight: timedelta, filters: dict[str, date], matches: bool
) -> None:
    midnight_in_tokyo = NOON - 12 * HOUR
    make_attendance(tenant, joined_at=midnight_in_tokyo + after_midnight)
    assert bool(found(tenant, **filters)) is matches


def test_days_follow_another_time_zone(tenant: Tenant) -> None:
    tenant.time_zone = "America/New_York"
    make_attendance(tenant, joined_at=NOON)  # 23:00 of the day before in New York
    assert found(tenant, date_to=date(2026, 6, 14))
    assert not found(tenant, date_from=date(2026, 6, 15))


def test_nothing_beyond_the_horizon_is_shown_though_it_is_there(tenant: Tenant) -> None:
    make_attendance(tenant, joined_at=NOW - 365 * DAY - timedelta(microseconds=1))
    at_the_edge = make_attendance(tenant, joined_at=NOW - 365 * DAY)
    assert found(tenant) == found(tenant, date_from=date(2020, 1, 1)) == [at_the_edge]


def test_pages_follow_each_other_without_gap_or_repeat_and_back(tenant: Tenant) -> None:
    same_time = [make_attendance(tenant) for _number in range(5)]
    for words in ({}, {"name": "sat"}):
        matches = search(tenant, **words)
        first = page_of(matches, size=2)
        second = page_of(matches, after=first.older, size=2)
        third = page_of(matches, after=second.older, size=2)
        assert [*first.rows, *second.rows, *third.rows] == same_time[::-1]
        assert (first.newer, third.older) == ("", "")
        assert page_of(matches, before=third.newer, size=2).rows == second.rows
        assert page_of(matches, before=second.newer, size=2).rows == first.rows


def test_page_before_the_newest_is_filled_up(tenant: Tenant) -> None:
    rows = [make_attendance(tenant) for _number in range(3)]
    first = page_of(search(tenant), size=1)
    page = page_of(search(tenant), before=page_of(search(tenant), after=first.older, size=2).newer, size=2)
    assert page.rows == [rows[2], rows[1]]
    assert page.newer == ""


def test_full_last_page_has_no_next(tenant: Tenant) -> None:
    make_attendance(tenant)
    make_attendance(tenant)
    page = page_of(search(tenant), size=2)
    assert (len(page.rows), page.older) == (2, "")


@pytest.mark.parametrize("way", ["after", "before"])
def test_position_in_the_log_of_another_tenant_is_refused(tenant: Tenant, other_tenant: Tenant, way: str) -> None:
    make_attendance(other_tenant)
    make_attendance(other_tenant)
    foreign = page_of(search(other_tenant), size=1).older
    for position in (foreign, "nonsense"):
        with pytest.raises(BadPosition):
            page_of(search(tenant), **{way: position})
