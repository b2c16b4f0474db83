"""Rules on plain data: which of them decides. No database and no clock here.

Of the rules of a scope the first that matches decides; when none does, it is allowed. A rule matches a person in all of
its conditions, and an empty condition matches always. An address that is not known is in no network.

Weekday and time are those of the clock on the tenant's wall. Hours begin with `from_time` and end before `to_time`;
when they pass midnight they belong to the weekday on which they began. An hour that the clock shows twice (the end of
summer time) counts twice, one that it leaves out does not come.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DAYS = range(7)  # 0 = Monday
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`users` and `groups` are primary keys, `rooms` public ids."""

    id: str
    name: str
    scope: str
    allows: bool
    everybody: bool = False
    users: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    networks: tuple[Network, ...] = ()
    weekdays: frozenset[int] = frozenset()
    from_time: time | None = None
    to_time: time | None = None
    rooms: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Moment:
    """A time of the week on the tenant's clock."""

    weekday: int
    clock: time

    @classmethod
    def of(cls, now: datetime, zone: ZoneInfo) -> "Moment":
        local = now.astimezone(zone)
        return cls(local.weekday(), local.time())


@dataclass(frozen=True, kw_only=True)
class Case:
    """Who asks, from where, when and for which room (empty: none). `user` is None for nobody in particular."""

    user: int | None
    groups: frozenset[int]
    address: Address | None
    moment: Moment
    room_id: str = ""


def deciding_rule(rules: Iterable[Rule], scope: str, case: Case) -> Rule | None:
    """The first rule of `scope` that matches, or None."""
    return next((rule for rule in rules if rule.scope == scope and matches(rule, case)), None)


def matches(rule: Rule, case: Case) -> bool:
    return (
        concerns(rule, user=case.user, groups=case.groups)
        and (not rule.networks or is_inside(case.address, rule.networks))
        and is_within_hours(rule, case.moment)
        and (not rule.rooms or case.room_id in rule.rooms)
    )


def concerns(rule: Rule, *, user: int | None, groups: frozenset[int]) -> bool:
    return rule.everybody or user in rule.users or not rule.groups.isdisjoint(groups)


def is_inside(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def is_within_hours(rule: Rule, moment: Moment) -> bool:
    start, end = rule.from_time or time.min, rule.to_time or time.min
    is_late_enough, is_early_enough = moment.clock >= start, moment.clock < end
    if start < end:
        return is_late_enough and is_early_enough and _is_on(rule, moment.weekday)
    return (is_late_enough and _is_on(rule, moment.weekday)) or (is_early_enough and _is_on(rule, moment.weekday - 1))


def turning_points(rules: Iterable[Rule]) -> Iterator[Moment]:
    """Moments of the week between which no rule begins or ceases to match: from each to the next all stays the same."""
    clocks = {time.min}
    for rule in rules:
        clocks |= {clock for clock in (rule.from_time, rule.to_time) if clock is not None}
    return (Moment(day, clock) for day in DAYS for clock in sorted(clocks))


def parse_network(text: str) -> Network:
    """`10.0.0.0/8`, `2001:db8::/32`, a single address; IPv4 in IPv6 becomes IPv4. Raises ValueError."""
    network = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        start = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((start, network.prefixlen - _MAPPED.prefixlen))
    return network


def parse_address(text: str | None) -> Address | None:
    """The address, IPv4 in IPv6 as IPv4; None for none and for what is no address."""
    try:
        address = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_on(rule: Rule, weekday: int) -> bool:
    return not rule.weekdays or weekday % 7 in rule.weekdays
