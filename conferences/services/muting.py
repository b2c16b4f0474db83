"""Switching somebody else's source off: by the host, or by an administrator from Admintool."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit.events import Actor, record_event
from conferences.errors import UnknownParticipant
from conferences.models import Participant, ParticipantState
from conferences.services.meetings import lock_room, settle


def switch_off(participant: Participant, *, source: str, actor: Actor, now: datetime) -> None:
    """Note that the source is off; the hub tells client and media worker. The caller holds the room's lock.

    The participant may switch it on again; to come back with it on after a lost socket does not. Off already is no-op.
    """
    if participant.muted.get(source):
        return
    sources = ("screen", "screen_audio") if source == "screen" else (source,)
    participant.muted = {**participant.muted, **dict.fromkeys(sources, True)}
    participant.muted_by_host = sorted({*participant.muted_by_host, *sources})
    participant.save(update_fields=["muted", "muted_by_host"])
    meeting = participant.meeting
    record_event(
        meeting.room.tenant,
        "participant_muted",
        actor=actor,
        target_type="participant",
        target_id=participant.public_id,
        target_name=participant.name,
        details={"room": meeting.room.public_id, "meeting": meeting.public_id, "source": source},
    )
    settle(meeting, now=now)


@transaction.atomic
def mute_microphone(participant: Participant, *, actor: Actor) -> None:
    """Switch a participant's microphone off on an administrator's behalf. Raises UnknownParticipant: not in now."""
    lock_room(participant.meeting.room_id)
    present = Participant.objects.select_related("meeting__room__tenant").filter(state=ParticipantState.JOINED)
    locked = present.filter(pk=participant.pk).first()
    if locked is None:
        raise UnknownParticipant
    switch_off(locked, source="microphone", actor=actor, now=timezone.now())
