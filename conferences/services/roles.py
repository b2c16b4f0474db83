"""Who may host, and who waits in the lobby."""

from accounts.models import User
from conferences.models import Bar, Meeting, Participant, ParticipantRole, ParticipantState, Room


def may_host(room: Room, user: User) -> bool:
    """The users that the room names; when it names none its creator; when it has none either, any administrator."""
    named = set(room.hosts.values_list("pk", flat=True))
    if named:
        return user.pk in named
    if room.created_by_id is not None:
        return bool(user.pk == room.created_by_id)
    return user.is_admin


def host_of(meeting: Meeting) -> Participant | None:
    """The host who is in the meeting, or None."""
    present = Participant.objects.filter(meeting=meeting, state=ParticipantState.JOINED, role=ParticipantRole.HOST)
    host: Participant | None = present.order_by("joined_at", "pk").first()
    return host


def next_host(meeting: Meeting, room: Room) -> Participant | None:
    """Who of those present takes over: the one with the right to host who has been in the longest, or None."""
    members = Participant.objects.filter(meeting=meeting, state=ParticipantState.JOINED, user__isnull=False)
    in_order: list[Participant] = list(members.select_related("user").order_by("joined_at", "pk"))
    return next((each for each in in_order if each.user is not None and may_host(room, each.user)), None)


def lobby_is_on(meeting: Meeting, room: Room) -> bool:
    """Guests are admitted one by one: the room says so, or a guest was put out of this meeting.

    After a removal every new guest goes through the lobby, because a cleared browser cannot be recognised.
    """
    return room.lobby or Bar.objects.filter(meeting=meeting, guest_pass__isnull=False).exists()
