"""A dry run: what the rules would have refused in the past week, by the log.

Each login, each stay of a member or guest, each invitation and each time somebody hosted is judged as of its own time
and address.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Restriction, User
from accounts.services.restrictions import RuleBook, Scope
from audit.models import Attendance, AuditEvent
from conferences.models import Participant, ParticipantRole
from tenants.models import Tenant

WEEK = timedelta(days=7)
MOST_LOOKED_AT = 50_000  # newest rows of each kind
MOST_SHOWN = 50


@dataclass(frozen=True)
class Happened:
    """Something of the log that a scope's rules decide about. `user_pk` is None for somebody no longer known."""

    scope: Restriction.Scope
    at: datetime
    name: str
    user_pk: int | None
    ip_address: str | None
    room_id: str = ""
    room_name: str = ""


@dataclass(frozen=True)
class Refused:
    what: Happened
    rule: str


@dataclass(frozen=True)
class Replay:
    """How much of the week was looked at and would have been refused, and the newest of that."""

    looked_at: int
    count: int
    newest: list[Refused] = field(default_factory=list)


def replay_week(tenant: Tenant, book: RuleBook, *, now: datetime) -> Replay:
    """Ask `book` about the past week. It must have been made for everybody (`rule_book` without `of_user`)."""
    looked_at, refused = 0, []
    for happened in _week(tenant, book, since=now - WEEK):
        looked_at += 1
        decision = book.decide(
            happened.scope,
            user_pk=happened.user_pk,
            ip_address=happened.ip_address,
            now=happened.at,
            room_id=happened.room_id,
        )
        if not decision.allowed:
            refused.append(Refused(happened, decision.rule.name if decision.rule is not None else ""))
    refused.sort(key=lambda each: each.what.at, reverse=True)
    return Replay(looked_at, len(refused), refused[:MOST_SHOWN])


def _week(tenant: Tenant, book: RuleBook, *, since: datetime) -> Iterator[Happened]:
    """Only what a scope with rules decides about."""
    users = dict(User.objects.for_tenant(tenant).values_list("username", "pk"))
    if book.has(Scope.LOGIN):
        yield from _logins(tenant, users, since=since)
    if book.has(Scope.MEETING):
        yield from _stays(tenant, users, since=since)
    if book.has(Scope.HOST):
        yield from _hosted(tenant, since=since)
    if book.has(Scope.GUESTS):
        yield from _invited(tenant, users, since=since)
        yield from _guests(tenant, since=since)


def _logins(tenant: Tenant, users: dict[str, int], *, since: datetime) -> Iterable[Happened]:
    events = AuditEvent.objects.for_tenant(tenant).filter(action="login_succeeded", occurred_at__gte=since)
    rows = events.order_by("-occurred_at").values_list("occurred_at", "target_id", "target_name", "ip_address")
    for at, user_id, name, where in rows[:MOST_LOOKED_AT].iterator():
        yield Happened(Scope.LOGIN, at, name, users.get(user_id), where)


def _stays(tenant: Tenant, users: dict[str, int], *, since: datetime) -> Iterable[Happened]:
    stays = Attendance.objects.for_tenant(tenant).filter(joined_at__gte=since, is_guest=False).order_by("-joined_at")
    rows = stays.values_list("joined_at", "user_id", "name", "ip_address", "room_id", "room_name")
    for at, user_id, name, where, room_id, room_name in rows[:MOST_LOOKED_AT].iterator():
        yield Happened(Scope.MEETING, at, name, users.get(user_id), where, room_id, room_name)


def _hosted(tenant: Tenant, *, since: datetime) -> Iterable[Happened]:
    hosts = Participant.objects.for_tenant(tenant).filter(joined_at__gte=since, role=ParticipantRole.HOST)
    rows = hosts.order_by("-joined_at").values_list(
        "joined_at", "name", "user_id", "ip_address", "meeting__room__public_id", "meeting__room__name"
    )
    return (Happened(Scope.HOST, *row) for row in rows[:MOST_LOOKED_AT].iterator())


def _invited(tenant: Tenant, users: dict[str, int], *, since: datetime) -> Iterable[Happened]:
    events = AuditEvent.objects.for_tenant(tenant).filter(action="guest_pass_created", occurred_at__gte=since)
    rows = events.order_by("-occurred_at").values_list("occurred_at", "actor_id", "actor_name", "ip_address", "details")
    for at, user_id, name, where, details in rows[:MOST_LOOKED_AT].iterator():
        yield Happened(Scope.GUESTS, at, name, users.get(user_id), where, str(details.get("room", "")))


def _guests(tenant: Tenant, *, since: datetime) -> Iterable[Happened]:
    guests = Participant.objects.for_tenant(tenant).filter(joined_at__gte=since, guest_pass__isnull=False)
    rows = guests.order_by("-joined_at").values_list(
        "joined_at",
        "name",
        "guest_pass__created_by_id",
        "ip_address",
        "meeting__room__public_id",
        "meeting__room__name",
    )
    return (Happened(Scope.GUESTS, *row) for row in rows[:MOST_LOOKED_AT].iterator())
