"""Which rule decides: the arithmetic of networks, weekdays and hours."""

from datetime import UTC, datetime, time, timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import (
    Case,
    Moment,
    Rule,
    deciding_rule,
    is_inside,
    is_within_hours,
    matches,
    parse_address,
    parse_network,
    turning_points,
)

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
MON, TUE, FRI, SAT, SUN = 0, 1, 4, 5, 6


def rule(name: str = "rule", **fields) -> Rule:
    return Rule(id=name, name=name, **{"scope": "login", "allows": False, "everybody": True, **fields})


def case(user: int | None = 1, **fields) -> Case:
    plain: dict[str, Any] = {"groups": frozenset(), "address": ip_address("192.0.2.1"), "moment": Moment(MON, time(12))}
    return Case(user=user, **{**plain, **fields})


def test_first_rule_that_matches_decides():
    rules = [
        rule("other scope", scope="host"),
        rule("somebody else", everybody=False, users=frozenset({2})),
        rule("from the office", networks=(ip_network("192.0.2.0/24"),), allows=True),
        rule("nobody"),
    ]
    assert deciding_rule(rules, "login", case()).name == "from the office"
    assert deciding_rule(rules, "login", case(address=ip_address("198.51.100.1"))).name == "nobody"
    assert deciding_rule(rules[:2], "login", case()) is None


def test_rule_concerns_everybody_or_named_users_or_members_of_named_groups():
    named = rule(everybody=False, users=frozenset({1}), groups=frozenset({7}))
    assert matches(named, case(user=1))
    assert matches(named, case(user=2, groups=frozenset({7, 8})))
    assert not matches(named, case(user=2, groups=frozenset({8})))
    assert not matches(named, case(user=None))
    assert matches(rule(), case(user=None))
    assert not matches(rule(everybody=False), case())


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:0:0/96", "203.0.113.9", True),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("::/0", "10.1.2.3", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7/24", "192.0.2.9", True),
        ("fe80::/10", "fe80::1%eth0", True),
    ],
)
def test_networks_of_both_kinds_also_one_inside_the_other(network, address, inside):
    assert is_inside(parse_address(address), [parse_network(network)]) is inside


@pytest.mark.parametrize("nothing", [None, "", "somewhere", "1.2.3"])
def test_address_that_is_none_is_in_no_network(nothing):
    assert not is_inside(parse_address(nothing), [parse_network("0.0.0.0/0"), parse_network("::/0")])


@pytest.mark.parametrize("text", ["", "office", "10.0.0.0/33", "10.0.0", "2001:db8::/129"])
def test_text_that_is_no_network(text):
    with pytest.raises(ValueError, match=r"does not appear|not permitted|netmask"):
        parse_network(text)


@pytest.mark.parametrize(
    ("weekday", "clock", "inside"),
    [
        (FRI, time(21, 59, 59), False),
        (FRI, time(22), True),
        (SAT, time(0), True),
        (SAT, time(5, 59, 59), True),
        (SAT, time(6), False),
        (SAT, time(23), False),
        (FRI, time(3), False),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_began(weekday, clock, inside):
    night = rule(weekdays=frozenset({FRI}), from_time=time(22), to_time=time(6))
    assert is_within_hours(night, Moment(weekday, clock)) is inside


def test_night_of_sunday_reaches_into_monday():
    assert is_within_hours(rule(weekdays=frozenset({SUN}), from_time=time(22), to_time=time(6)), Moment(MON, time(1)))


@pytest.mark.parametrize(
    ("hours", "clock", "inside"),
    [
        ({}, time(0), True),
        ({}, time(23, 59, 59), True),
        ({"from_time": time(9)}, time(8, 59), False),
        ({"from_time": time(9)}, time(23, 59), True),
        ({"to_time": time(9)}, time(0), True),
        ({"to_time": time(9)}, time(9), False),
        ({"from_time": time(9), "to_time": time(17)}, time(17), False),
        ({"from_time": time(9), "to_time": time(17)}, time(16, 59, 59), True),
    ],
)
def test_hours_begin_with_the_first_and_end_before_the_last(hours, clock, inside):
    monday = rule(weekdays=frozenset({MON}), **hours)
    assert is_within_hours(monday, Moment(MON, clock)) is inside
    assert not is_within_hours(monday, Moment(TUE, clock))


def test_clock_is_the_tenant_s():
    sunday_in_london = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert Moment.of(sunday_in_london, TOKYO) == Moment(MON, time(1, 30))


def test_hour_that_comes_twice_counts_twice_and_the_one_left_out_never_comes():
    """Berlin: 02:00 to 03:00 twice on 25 October 2026, not at all on 29 March 2026."""
    small_hours = rule(from_time=time(2), to_time=time(3))

    def minutes(day: datetime) -> int:
        instants = (day + timedelta(minutes=minute) for minute in range(24 * 60))
        return sum(is_within_hours(small_hours, Moment.of(instant, BERLIN)) for instant in instants)

    assert minutes(datetime(2026, 10, 24, 22, tzinfo=UTC)) == 120
    assert minutes(datetime(2026, 3, 28, 23, tzinfo=UTC)) == 0
    assert minutes(datetime(2026, 6, 1, 22, tzinfo=UTC)) == 60


def test_rule_with_rooms_decides_about_these_only():
    secret = rule(rooms=frozenset({"board"}))
    assert matches(secret, case(room_id="board"))
    assert not matches(secret, case(room_id="kitchen"))
    assert not matches(secret, case())


clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
moments = st.builds(Moment, st.integers(0, 6), st.times())
hours = st.builds(
    rule,
    weekdays=st.frozensets(st.integers(0, 6)),
    from_time=st.none() | clocks,
    to_time=st.none() | clocks,
    allows=st.booleans(),
)


@given(st.lists(hours, max_size=4), moments)
def test_nothing_changes_between_two_turning_points(rules, moment):
    points = sorted(turning_points(rules), key=lambda point: (point.weekday, point.clock))
    before = [point for point in points if (point.weekday, point.clock) <= (moment.weekday, moment.clock)]
    assert [is_within_hours(each, moment) for each in rules] == [is_within_hours(each, before[-1]) for each in rules]


@given(hours, moments)
def test_hours_and_the_rest_of_the_day_are_the_whole_week(each, moment):
    """A rule and the one with its hours exchanged, on all days, never match together and always match one."""
    if each.from_time is None or each.to_time is None or each.from_time == each.to_time:
        return
    inside = rule(from_time=each.from_time, to_time=each.to_time)
    outside = rule(from_time=each.to_time, to_time=each.from_time)
    assert is_within_hours(inside, moment) is not is_within_hours(outside, moment)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_address_is_in_each_network_made_from_it_however_either_is_written(address, prefix):
    network = parse_network(f"{address}/{prefix}")
    mapped = parse_network(f"::ffff:{address}/{prefix + 96}")
    assert network == mapped
    assert is_inside(parse_address(f"::ffff:{address}"), [network])
    assert is_inside(parse_address(str(address)), [mapped])


@given(st.ip_addresses(), st.sets(st.integers(1, 5)), st.integers(1, 5), moments)
def test_more_conditions_never_match_more(address, users, user, moment):
    asked = case(user=user, address=address, moment=moment)
    wide = rule(everybody=False, users=frozenset(users))
    narrow = rule(everybody=False, users=frozenset(users), networks=(ip_network("10.0.0.0/8"),), from_time=time(9))
    assert matches(wide, asked) or not matches(narrow, asked)
