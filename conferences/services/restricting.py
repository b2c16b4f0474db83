"""The organisation's restrictions in meetings: who may come in, host and be a guest, at the door and from then on.

| scope | who is asked about | from where |
|---|---|---|
| login, meeting | a member who joins, and as long as they are in | where they joined from |
| host | who would become host, and the host as long as they are | the same |
| guests | who makes a guest pass; then its maker, for each guest who comes | the maker's, then the guest's address |

A change of the rules is carried out in its own transaction; what the clock brings, by the web process at each full
minute (`conferences/runtime.py`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.locks import lock_access
from accounts.models import User
from accounts.services.restrictions import Decision, RuleBook, Scope, rule_book
from accounts.signals import rules_changed
from audit.events import SYSTEM, Actor, record_event
from conferences.errors import Restricted
from conferences.models import GuestPass, Meeting, Participant, Room
from conferences.refusals import InvitingRestricted
from conferences.services.commands import order_ends
from conferences.services.meetings import live_meeting, lock_room, settle
from tenants.models import Tenant


@dataclass(frozen=True)
class Forbidden:
    """Somebody in a meeting whom a rule forbids to be there."""

    participant: Participant
    rule: str


def require_allowed(
    room: Room, *, user: User | None, guest_pass: GuestPass | None, ip_address: str | None, now: datetime
) -> None:
    """At the room's door. Raises Restricted."""
    user_pk = user.pk if user is not None else None
    of_user = user_pk if guest_pass is None else guest_pass.created_by_id
    book = rule_book(room.tenant, scopes=(Scope.LOGIN, Scope.MEETING, Scope.GUESTS), of_user=of_user)
    decision = _refusal(book, user_pk=user_pk, guest_pass=guest_pass, ip_address=ip_address, room=room, now=now)
    if decision is not None:
        raise Restricted(_name(decision))


def require_may_invite(room: Room, *, creator: User | None, ip_address: str | None, now: datetime) -> None:
    """Before a guest pass is made. Raises InvitingRestricted."""
    user_pk = creator.pk if creator is not None else None
    book = rule_book(room.tenant, scopes=[Scope.GUESTS], of_user=user_pk)
    decision = book.decide(Scope.GUESTS, user_pk=user_pk, ip_address=ip_address, now=now, room_id=room.public_id)
    if not decision.allowed:
        raise InvitingRestricted


def forbidden_presences(tenant: Tenant, book: RuleBook, *, now: datetime) -> list[Forbidden]:
    """Everybody in a meeting of `tenant` or waiting for one whom the rules forbid it now."""
    if not book.has(Scope.LOGIN, Scope.MEETING, Scope.GUESTS):
        return []
    present = Participant.objects.for_tenant(tenant).filter(left_at=None).order_by("meeting_id", "pk")
    people = present.select_related("meeting__room", "guest_pass")
    judged = ((each, _judge(book, each, now=now)) for each in people)
    return [Forbidden(each, _name(decision)) for each, decision in judged if decision is not None]


@transaction.atomic
def enforce_rules(tenant: Tenant, *, actor: Actor, now: datetime) -> None:
    """End what the rules forbid at `now`: presences, and hosting."""
    lock_access(tenant)
    together: dict[tuple[Meeting, str], list[str]] = {}
    for forbidden in forbidden_presences(tenant, rule_book(tenant), now=now):
        participant = forbidden.participant
        together.setdefault((participant.meeting, forbidden.rule), []).append(participant.public_id)
    for (meeting, rule), people in together.items():
        order_ends(meeting, people, actor=actor, cause="restricted", rule=rule)
    _review_hosts(tenant, now=now)


def enforce_by_the_clock(tenant: Tenant, *, now: datetime) -> None:
    """What was allowed a minute ago may be forbidden now, and the other way round."""
    if rule_book(tenant).rules:
        enforce_rules(tenant, actor=SYSTEM, now=now)


@transaction.atomic
def record_restricted(room: Room, *, actor: Actor, rule: str, is_guest: bool) -> None:
    """Record that a rule kept somebody out of a room."""
    record_event(
        room.tenant,
        "join_restricted",
        actor=actor,
        target_type="room",
        target_id=room.public_id,
        target_name=room.name,
        details={"rule": rule, "is_guest": is_guest},
    )


@receiver(rules_changed, dispatch_uid="conferences.restricting")
def follow_rules(sender: object, *, tenant: Tenant, actor: Actor, **more: Any) -> None:
    enforce_rules(tenant, actor=actor, now=timezone.now())


def _refusal(
    book: RuleBook,
    *,
    user_pk: int | None,
    guest_pass: GuestPass | None,
    ip_address: str | None,
    room: Room,
    now: datetime,
) -> Decision | None:
    """The first refusal, or None: a guest stands for who made the pass."""
    who = user_pk if guest_pass is None else guest_pass.created_by_id
    for scope in (Scope.LOGIN, Scope.MEETING) if guest_pass is None else (Scope.GUESTS,):
        decision = book.decide(scope, user_pk=who, ip_address=ip_address, now=now, room_id=room.public_id)
        if not decision.allowed:
            return decision
    return None


def _judge(book: RuleBook, participant: Participant, *, now: datetime) -> Decision | None:
    return _refusal(
        book,
        user_pk=participant.user_id,
        guest_pass=participant.guest_pass,
        ip_address=participant.ip_address,
        room=participant.meeting.room,
        now=now,
    )


def _review_hosts(tenant: Tenant, *, now: datetime) -> None:
    live = Meeting.objects.for_tenant(tenant).filter(ended_at=None).order_by("room_id")
    for room_pk in list(live.values_list("room_id", flat=True)):
        meeting = live_meeting(lock_room(room_pk))
        if meeting is not None:
            settle(meeting, now=now)


def _name(decision: Decision) -> str:
    return decision.rule.name if decision.rule is not None else ""
