"""Forced exit from Admintool: a removal by `conferences`, with the administrator's reason in the log."""

from django.db import transaction

from audit.events import Actor, record_event
from conferences.models import Participant, Room
from conferences.services.removal import remove_everybody, remove_participant, remove_user


@transaction.atomic
def force_out(participant: Participant, *, actor: Actor, note: str) -> None:
    """Put the participant out, and a user out of every other meeting they are in as well."""
    remove_participant(participant, actor=actor)
    user = participant.user
    if user is not None:
        remove_user(participant.tenant, user, actor=actor)
    record_event(
        participant.tenant,
        "forced_exit",
        actor=actor,
        target_type="user" if user else "guest",
        target_id=user.public_id if user else participant.public_id,
        target_name=participant.name,
        details={"note": note, "room_name": participant.meeting.room.name},
    )


@transaction.atomic
def force_all_out(room: Room, *, actor: Actor, note: str) -> int:
    """Put everybody out of the room; how many that were."""
    removed = remove_everybody(room, actor=actor)
    record_event(
        room.tenant,
        "forced_exit",
        actor=actor,
        target_type="room",
        target_id=room.public_id,
        target_name=room.name,
        details={"note": note, "people": len(removed)},
    )
    return len(removed)
