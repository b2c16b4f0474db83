"""The logs: which rows each shows, by what time, and how they are searched."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q

from audit.models import Attendance, AuditEvent, BandwidthSample, LogTerm
from audit.reports import actions
from audit.reports.search import Search, ip_condition
from tenants.models import TenantOwned


class Subject(NamedTuple):
    """How rows name something: the kind of its terms, the columns of its id and its name, and which of them `leads`:
    that one has an index with the tenant and the time."""

    kind: LogTerm.Kind
    key: str
    text: str
    leads: str


class Condition(NamedTuple):
    """`matches(key, text)` is the condition on two columns of these names: those of the subject, or a term's."""

    subject: Subject
    matches: Callable[[str, str], Q]


Conditions = Iterator[Condition]

PERSON = Subject(LogTerm.Kind.PERSON, "login_id", "name", "name")
ROOM = Subject(LogTerm.Kind.ROOM, "room_id", "room_name", "room_id")
IP = Subject(LogTerm.Kind.IP, "", "ip_address", "ip_address")
ACTION = Subject(LogTerm.Kind.ACTION, "", "action", "action")
ACTOR = Subject(LogTerm.Kind.ACTOR, "actor_id", "actor_name", "actor_name")
TARGET = Subject(LogTerm.Kind.TARGET, "target_id", "target_name", "target_name")


@dataclass(frozen=True)
class Log:
    """A log: `name` is part of its events' and files' names, `fields` are those of `Search` that it understands."""

    name: str
    model: type[TenantOwned]
    time: str
    fields: tuple[str, ...]
    conditions: Callable[[Search], Conditions]


def _presence(search: Search) -> Conditions:
    if search.login_id or search.name:
        yield Condition(
            PERSON,
            lambda key, text: _part(key, "istartswith", search.login_id) & _part(text, "icontains", search.name),
        )
    if search.room:
        yield Condition(ROOM, lambda _key, text: _part(text, "icontains", search.room))
    yield from _address(search)


def _event(search: Search) -> Conditions:
    if search.group:
        yield Condition(ACTION, lambda _key, text: actions.group_condition(text, search.group))
    if search.actor:
        yield Condition(ACTOR, lambda _key, text: _part(text, "icontains", search.actor))
    if search.target:
        yield Condition(TARGET, lambda _key, text: _part(text, "icontains", search.target))
    yield from _address(search)


def _login(search: Search) -> Conditions:
    """A failed login keeps what was typed as its target's name, and no id."""
    yield Condition(ACTION, lambda _key, text: actions.beginning_with(text, actions.LOGINS))
    if search.login_id:
        yield Condition(
            TARGET,
            lambda key, text: (
                Q((f"{key}__in", search.user_ids)) | Q((key, "")) & _part(text, "istartswith", search.login_id)
            ),
        )
    if search.name:
        yield Condition(TARGET, lambda _key, text: _part(text, "icontains", search.name))
    yield from _address(search)


def _address(search: Search) -> Conditions:
    if search.ip:
        yield Condition(IP, lambda _key, text: ip_condition(text, search.ip))


def _part(column: str, lookup: str, text: str) -> Q:
    return Q((f"{column}__{lookup}", text)) if text else Q()


DATES = ("date_from", "date_to")
PEOPLE = ("login_id", "name", "room", "ip", *DATES)

ATTENDANCE = Log("attendance", Attendance, "joined_at", PEOPLE, _presence)
BANDWIDTH = Log("bandwidth", Attendance, "joined_at", PEOPLE, _presence)  # summed up by stay
MINUTES = Log("minutes", BandwidthSample, "minute", (*PEOPLE, "stay"), _presence)
EVENTS = Log("events", AuditEvent, "occurred_at", ("group", "actor", "target", "ip", *DATES), _event)
LOGINS = Log("logins", AuditEvent, "occurred_at", ("login_id", "name", "ip", *DATES), _login)
LOGS = {log.name: log for log in (ATTENDANCE, BANDWIDTH, MINUTES, EVENTS, LOGINS)}
