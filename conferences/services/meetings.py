"""How a meeting goes on and ends: leaving, succession of the host, admission, the end.

Every change takes the room's row lock first (`lock_room`) and calls `settle` last, so that these hold at each commit:

1. if somebody present may host, somebody present is host, and nobody whom a restriction forbids it;
2. no guest waits for a host who is there, unless the lobby is on or the meeting is frozen;
3. a meeting with nobody in it has ended.

`select_for_update(no_key=True)` everywhere: a row that merely refers to a locked one (an attendance, a command) does
not wait.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.attendance import close_attendance, open_attendance
from audit.events import SYSTEM, Actor, record_event
from audit.models import LeaveReason
from conferences.errors import MediaFull, MeetingFull, TenantFull
from conferences.models import Meeting, Participant, ParticipantRole, ParticipantState, Room
from conferences.services.capacity import require_capacity
from conferences.services.commands import order_end, order_shutdown
from conferences.services.limits import may_show, require_seat
from conferences.services.roles import host_of, lobby_is_on, may_host_now, next_host
from conferences.wake import meeting_changed

# After these a token that comes back can still be told what happened; after the others it is forgotten.
REMEMBERED = (LeaveReason.CONNECTION_LOST, LeaveReason.MEETING_ENDED, LeaveReason.SERVER_RESTART)


def lock_room(room_pk: int) -> Room:
    """Hold the room's row: whoever decides about its meeting does it alone."""
    room: Room = Room.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant").get(pk=room_pk)
    return room


def live_meeting(room: Room) -> Meeting | None:
    meeting: Meeting | None = Meeting.objects.filter(room=room, ended_at=None).one()
    if meeting is not None:
        meeting.room = room
    return meeting


def actor_of_participant(participant: Participant) -> Actor:
    user_id = participant.user.public_id if participant.user is not None else ""
    return Actor(id=user_id, name=participant.name, ip_address=participant.ip_address)


@transaction.atomic
def leave_meeting(
    participant: Participant,
    *,
    reason: str,
    actor: Actor = SYSTEM,
    left_at: datetime | None = None,
) -> None:
    """Take a participant (waiting or in) out of the meeting; twice is once.

    `left_at` may lie in the past: when they were last seen. `actor` is who put them out, SYSTEM when nobody did.
    """
    lock_room(participant.meeting.room_id)
    locked = Participant.objects.select_related("meeting__room__tenant", "user").get(pk=participant.pk)
    if locked.state == ParticipantState.LEFT:
        return
    take_out(locked, reason=reason, actor=actor, left_at=left_at or timezone.now())
    settle(locked.meeting, now=timezone.now())


@transaction.atomic
def end_meeting(meeting: Meeting, *, actor: Actor, reason: str = LeaveReason.MEETING_ENDED) -> None:
    """End the meeting for everybody in it. An ended one stays as it is."""
    lock_room(meeting.room_id)
    locked = Meeting.objects.select_related("room__tenant").get(pk=meeting.pk)
    if not locked.is_live:
        return
    now = timezone.now()
    for participant in present_in(locked):
        take_out(participant, reason=reason, actor=actor, left_at=now)
    _close(locked, actor=actor, now=now)


@transaction.atomic
def shut_down(meeting: Meeting, *, actor: Actor, reason: str, cause: str, now: datetime) -> None:
    """End the meeting because everybody in it lost access for `cause`. An ended one stays as it is."""
    lock_room(meeting.room_id)
    locked = Meeting.objects.select_related("room__tenant").get(pk=meeting.pk)
    if not locked.is_live:
        return
    people = present_in(locked)
    for participant in people:
        take_out(participant, reason=reason, actor=actor, left_at=now)
    order_shutdown(locked, [each.public_id for each in people], actor=actor, cause=cause)
    _close(locked, actor=actor, now=now, is_ordered=True)
    meeting_changed(locked)


def end_live_meeting(room: Room, *, actor: Actor) -> None:
    """End the meeting that is going on in the room, if there is one."""
    meeting = live_meeting(room)
    if meeting is not None:
        end_meeting(meeting, actor=actor)


def present_in(meeting: Meeting) -> list[Participant]:
    """Everybody in the meeting or waiting for it, in the order of arrival."""
    return list(_present(meeting))


def take_out(participant: Participant, *, reason: str, actor: Actor, left_at: datetime) -> None:
    """Write one leave and close its attendance. The caller holds the room's lock and settles the meeting."""
    was_in = participant.state == ParticipantState.JOINED
    participant.state = ParticipantState.LEFT
    participant.left_at = max(left_at, participant.joined_at)
    participant.leave_reason = LeaveReason(reason)
    if reason not in REMEMBERED:
        participant.resume_hash = participant.spent_resume_hash = ""
    participant.save(update_fields=["state", "left_at", "leave_reason", "resume_hash", "spent_resume_hash"])
    if was_in:
        close_attendance(participant.public_id, left_at=participant.left_at, reason=reason, ended_by=actor.name)


def let_in(participant: Participant, *, now: datetime) -> None:
    """From waiting (or from the door) into the meeting: the attendance opens. The caller holds the room's lock.

    A camera that is one too many is off.
    """
    user, meeting = participant.user, participant.meeting
    if participant.muted.get("camera") is False and not may_show(participant, meeting.room, "camera"):
        participant.muted = {**participant.muted, "camera": True}
    participant.state = ParticipantState.JOINED
    participant.admitted_at = participant.joined_at = now
    participant.save(update_fields=["state", "admitted_at", "joined_at", "muted"])
    open_attendance(
        meeting.room.tenant,
        meeting_id=meeting.public_id,
        room_id=meeting.room.public_id,
        room_name=meeting.room.name,
        participant_id=participant.public_id,
        user_id=user.public_id if user is not None else "",
        login_id=user.login_id if user is not None else "",
        name=participant.name,
        is_guest=participant.is_guest,
        ip_address=participant.ip_address,
        user_agent=participant.user_agent,
        joined_at=now,
    )


def settle(meeting: Meeting, *, now: datetime) -> None:
    """Bring the meeting to the state that the head of this file promises. The caller holds the room's lock."""
    room = meeting.room
    host = _present_host(meeting, room, now=now) or _promote(meeting, room, now=now)
    if host is not None:
        _admit_waiting(meeting, room, now=now)
    elif not _present(meeting).exists():
        _close(meeting, actor=SYSTEM, now=now)
    meeting_changed(meeting)


def require_place(participant: Participant, room: Room, *, now: datetime) -> None:
    """Whether there is a seat and a media worker that carries one more. The caller holds the room's lock.

    Raises MeetingFull, TenantFull, MediaFull.
    """
    require_seat(participant.meeting, room)
    require_capacity(participant.meeting, camera=participant.muted.get("camera") is False, now=now)


def _has_place(participant: Participant, room: Room, *, now: datetime) -> bool:
    try:
        require_place(participant, room, now=now)
    except (MeetingFull, TenantFull, MediaFull):
        return False
    return True


def may_be_admitted(guest: Participant, *, now: datetime) -> bool:
    """Whether what brought a waiting guest here still holds; if not, the order that ends it is under way."""
    guest_pass = guest.guest_pass
    if guest_pass is None:
        return True
    maker = guest_pass.created_by
    return guest_pass.revoked_at is None and now < guest_pass.expires_at and (maker is None or maker.is_active)


def _present_host(meeting: Meeting, room: Room, *, now: datetime) -> Participant | None:
    """The host, who is a member again when a restriction has come to forbid it."""
    host = host_of(meeting)
    if host is None or may_host_now(host, room, now=now):
        return host
    host.role = ParticipantRole.MEMBER
    host.save(update_fields=["role"])
    return None


def _promote(meeting: Meeting, room: Room, *, now: datetime) -> Participant | None:
    successor = next_host(meeting, room, now=now)
    if successor is not None:
        successor.role = ParticipantRole.HOST
        successor.save(update_fields=["role"])
    return successor


def _admit_waiting(meeting: Meeting, room: Room, *, now: datetime) -> None:
    """Unless the lobby is on or the meeting stands still. Mostly nobody waits: that is asked first."""
    is_waiting = Q(meeting=meeting, state=ParticipantState.WAITING)
    if not Participant.objects.filter(is_waiting).exists() or meeting.is_frozen or lobby_is_on(meeting, room):
        return
    for guest in _present(meeting).filter(is_waiting):
        guest.meeting = meeting
        if may_be_admitted(guest, now=now) and _has_place(guest, room, now=now):
            let_in(guest, now=now)


def _present(meeting: Meeting) -> QuerySet[Participant]:
    people = Participant.objects.filter(meeting=meeting, left_at=None)
    people = people.select_related("meeting__room__tenant", "user", "guest_pass__created_by")
    return people.order_by("joined_at", "pk")


def _close(meeting: Meeting, *, actor: Actor, now: datetime, is_ordered: bool = False) -> None:
    if meeting.ended_at is not None:
        return
    meeting.ended_at = now
    meeting.save(update_fields=["ended_at"])
    if not is_ordered:
        order_end(meeting, reason="meeting_ended")
    record_event(
        meeting.room.tenant,
        "meeting_ended",
        actor=actor,
        target_type="room",
        target_id=meeting.room.public_id,
        target_name=meeting.room.name,
        details={"meeting": meeting.public_id, "started_at": meeting.started_at},
        now=now,
    )
