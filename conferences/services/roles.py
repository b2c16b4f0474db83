"""Who may host, and who waits in the lobby."""

from datetime import datetime

from django.db.models import Q

from accounts.models import Role
from accounts.services.restrictions import Scope, rule_book
from conferences.models import Bar, Meeting, Participant, ParticipantRole, ParticipantState, Room
from conferences.services.classes import room_rules


def may_host(room: Room) -> Q:
    """Which users may host, as a condition on participants.

    Those whom the room names; when it names none its creator; when it has none either, the administrators.
    """
    named = list(room.hosts.values_list("pk", flat=True))
    if named:
        return Q(user__in=named)
    if room.created_by_id is not None:
        return Q(user=room.created_by_id)
    return Q(user__role=Role.ADMIN)


def host_of(meeting: Meeting) -> Participant | None:
    """The host who is in the meeting, or None."""
    present = Participant.objects.filter(meeting=meeting, state=ParticipantState.JOINED, role=ParticipantRole.HOST)
    return min(present, key=lambda each: (each.joined_at, each.pk), default=None)


def next_host(meeting: Meeting, room: Room, *, now: datetime) -> Participant | None:
    """Who of those present takes over: the one with the right to host who has been in the longest, or None."""
    present = Participant.objects.filter(may_host(room), meeting=meeting, state=ParticipantState.JOINED)
    candidates = list(present.order_by("joined_at", "pk"))
    return next((each for each in candidates if may_host_now(each, room, now=now)), None)


def may_host_now(participant: Participant, room: Room, *, now: datetime) -> bool:
    """Whether the organisation's restrictions let this participant host from where they are."""
    book = rule_book(room.tenant, scopes=[Scope.HOST], of_user=participant.user_id)
    who, where = participant.user_id, participant.ip_address
    return book.decide(Scope.HOST, user_pk=who, ip_address=where, now=now, room_id=room.public_id).allowed


def lobby_is_on(meeting: Meeting, room: Room) -> bool:
    """Guests are admitted one by one: the room's rules say so, or somebody was put out of this meeting.

    After a removal every new guest goes through the lobby, because a cleared browser cannot be recognised: it may be
    the removed guest with another pass, or the removed member with one.
    """
    return room_rules(room).lobby or Bar.objects.filter(meeting=meeting).exists()
