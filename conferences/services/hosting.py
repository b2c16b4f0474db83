"""What a host may do to others. Each function checks, under the room's lock, that the actor is the host now."""

from datetime import datetime

from django.db import transaction

from audit.events import record_event
from audit.models import LeaveReason
from conferences.errors import MeetingFrozen, NotAllowed, UnknownBar, UnknownParticipant
from conferences.models import Bar, Meeting, Participant, ParticipantRole, ParticipantState
from conferences.services.bars import bars_in_force
from conferences.services.freezing import freeze_meeting, unfreeze_meeting
from conferences.services.meetings import (
    actor_of_participant,
    end_meeting,
    let_in,
    lock_room,
    may_be_admitted,
    require_place,
    settle,
    take_out,
)
from conferences.services.muting import switch_off
from conferences.services.removal import readmit, remove_participant

WITH = ("meeting__room__tenant", "user", "guest_pass__created_by")


@transaction.atomic
def admit(host_id: str, *, participant_id: str, now: datetime) -> None:
    """Let a waiting guest in. Somebody who is in already stays in.

    Raises MeetingFrozen and what `require_place` raises. A guest whose pass was revoked while they waited is as good as
    gone: UnknownParticipant.
    """
    host = _acting_host(host_id)
    guest = _other(host, participant_id)
    if guest.state == ParticipantState.JOINED:
        return
    if host.meeting.is_frozen:
        raise MeetingFrozen
    if not may_be_admitted(guest, now=now):
        raise UnknownParticipant
    require_place(guest, host.meeting.room, now=now)
    let_in(guest, now=now)
    _record(host, "guest_admitted", guest)
    settle(host.meeting, now=now)


@transaction.atomic
def deny(host_id: str, *, participant_id: str, now: datetime) -> None:
    """Send a waiting guest away. They are not barred: they may ask again."""
    host = _acting_host(host_id)
    guest = _other(host, participant_id)
    if guest.state != ParticipantState.WAITING:
        raise UnknownParticipant
    take_out(guest, reason=LeaveReason.REMOVED, actor=actor_of_participant(host), left_at=now)
    _record(host, "guest_denied", guest)
    settle(host.meeting, now=now)


@transaction.atomic
def mute_participant(host_id: str, *, participant_id: str, source: str, now: datetime) -> None:
    """Switch a participant's source off; they may switch it on again."""
    host = _acting_host(host_id)
    other = _other(host, participant_id)
    if other.state != ParticipantState.JOINED:
        raise UnknownParticipant
    switch_off(other, source=source, actor=actor_of_participant(host), now=now)


@transaction.atomic
def lower_hand(host_id: str, *, participant_id: str, now: datetime) -> None:
    host = _acting_host(host_id)
    other = _other(host, participant_id)
    if other.hand_raised_at is not None:
        other.hand_raised_at = None
        other.save(update_fields=["hand_raised_at"])
        settle(host.meeting, now=now)


@transaction.atomic
def remove(host_id: str, *, participant_id: str) -> Bar:
    """Put somebody else out, and keep them out."""
    host = _acting_host(host_id)
    other = _other(host, participant_id)
    if other.pk == host.pk:
        raise NotAllowed
    return remove_participant(other, actor=actor_of_participant(host), by_host=True)


@transaction.atomic
def readmit_barred(host_id: str, *, bar_id: str) -> None:
    """Lift a bar of this room. One that an administrator set is lifted in Admintool: raises NotAllowed."""
    host = _acting_host(host_id)
    bar = bars_in_force(host.meeting.room).filter(public_id=bar_id).first()
    if bar is None:
        raise UnknownBar
    if bar.by_admin:
        raise NotAllowed
    readmit(bar, actor=actor_of_participant(host))


@transaction.atomic
def freeze(host_id: str, *, frozen: bool) -> None:
    """Stop everything in the meeting, or let it go on."""
    host = _acting_host(host_id)
    act = freeze_meeting if frozen else unfreeze_meeting
    act(host.meeting, actor=actor_of_participant(host))


@transaction.atomic
def end_for_all(host_id: str) -> None:
    host = _acting_host(host_id)
    end_meeting(host.meeting, actor=actor_of_participant(host))


def _acting_host(host_id: str) -> Participant:
    host: Participant | None = Participant.objects.select_related(*WITH).filter(public_id=host_id).first()
    if host is None:
        raise NotAllowed
    lock_room(host.meeting.room_id)
    host.refresh_from_db(fields=["role", "state"])
    if host.role != ParticipantRole.HOST or host.state != ParticipantState.JOINED:
        raise NotAllowed
    return host


def _other(host: Participant, participant_id: str) -> Participant:
    """Somebody of the host's meeting who has not left. A foreign one is as unknown as none."""
    people = Participant.objects.select_related(*WITH).filter(meeting=host.meeting, left_at=None)
    other: Participant | None = people.filter(public_id=participant_id).first()
    if other is None:
        raise UnknownParticipant
    return other


def _record(host: Participant, action: str, other: Participant, details: dict[str, str] | None = None) -> None:
    meeting: Meeting = host.meeting
    record_event(
        meeting.room.tenant,
        action,
        actor=actor_of_participant(host),
        target_type="participant",
        target_id=other.public_id,
        target_name=other.name,
        details={"room": meeting.room.public_id, "meeting": meeting.public_id, **(details or {})},
    )
