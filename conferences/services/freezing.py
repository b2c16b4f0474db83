"""Freezing a meeting: all media, chat and joins stop in one step, until somebody lets it go on.

Who is in stays in and may come back after a lost connection; the media worker forwards nothing meanwhile.
"""

from django.db import transaction
from django.utils import timezone

from audit.events import Actor, record_event
from conferences.models import Meeting
from conferences.services.commands import order_freeze
from conferences.services.meetings import lock_room, settle


@transaction.atomic
def freeze_meeting(meeting: Meeting, *, actor: Actor) -> None:
    """Stop everything in the meeting. Twice is once; an ended one stays as it is."""
    _set_frozen(meeting, actor=actor, frozen=True)


@transaction.atomic
def unfreeze_meeting(meeting: Meeting, *, actor: Actor) -> None:
    """Let a frozen meeting go on."""
    _set_frozen(meeting, actor=actor, frozen=False)


def _set_frozen(meeting: Meeting, *, actor: Actor, frozen: bool) -> None:
    lock_room(meeting.room_id)
    locked = Meeting.objects.select_related("room__tenant").get(pk=meeting.pk)
    if not locked.is_live or locked.is_frozen == frozen:
        return
    now = timezone.now()
    locked.frozen_at, locked.frozen_by = (now, actor.name) if frozen else (None, "")
    locked.save(update_fields=["frozen_at", "frozen_by"])
    order_freeze(locked, frozen=frozen)
    record_event(
        locked.room.tenant,
        "meeting_frozen" if frozen else "meeting_unfrozen",
        actor=actor,
        target_type="room",
        target_id=locked.room.public_id,
        target_name=locked.room.name,
        details={"meeting": locked.public_id},
        now=now,
    )
    settle(locked, now=now)
