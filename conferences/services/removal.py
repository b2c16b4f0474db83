"""Putting somebody out, for good: the bar, the leave and the order to the media worker are one transaction."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.events import Actor, record_event
from audit.models import LeaveReason
from conferences.models import Bar, Meeting, Participant, Room
from conferences.services.bars import (
    AT_LEAST,
    bar_subjects,
    barred_person,
    bars_in_force,
    bars_on_participant,
    is_named,
)
from conferences.services.commands import order_readmission, order_removal
from conferences.services.meetings import live_meeting, lock_room, present_in, settle, take_out
from tenants.models import Tenant

__all__ = ["bars_in_force", "readmit", "remove_everybody", "remove_participant", "remove_user"]


@transaction.atomic
def remove_participant(
    participant: Participant, *, actor: Actor, reason: str = LeaveReason.REMOVED, by_host: bool = False
) -> Bar:
    """Put a participant out and keep them out. Somebody who has just left is barred all the same; twice is once.

    Everybody whom the bar names goes, so that a second tab that took the stay over in the same moment goes too. A bar
    that is not a host's doing is an administrator's: no host can lift it.
    """
    lock_room(participant.meeting.room_id)
    locked = Participant.objects.select_related("meeting__room__tenant", "user", "guest_pass").get(pk=participant.pk)
    existing = bars_on_participant(locked).filter(meeting=locked.meeting).first()
    bar = existing or _bar(locked, actor=actor, by_admin=not by_host)
    if not by_host and not bar.by_admin:
        bar.by_admin = True
        bar.save(update_fields=["by_admin"])
    for present in present_in(locked.meeting):
        if is_named(present, bar):
            take_out(present, reason=reason, actor=actor, left_at=timezone.now())
    Participant.objects.filter(pk=locked.pk).update(resume_hash="", spent_resume_hash="")
    order_removal(locked.meeting, participant_id=locked.public_id, subjects=bar_subjects(bar), actor=actor)
    if existing is None:
        _record(bar, "participant_removed", actor, {"participant": locked.public_id, "reason": reason})
    if locked.meeting.is_live:
        settle(locked.meeting, now=timezone.now())
    return bar


@transaction.atomic
def remove_user(tenant: Tenant, user: User, *, actor: Actor) -> list[Bar]:
    """Put a user out of every meeting of `tenant` they are in now. Returns the bars, one a room."""
    present = Participant.objects.for_tenant(tenant).filter(user=user, left_at=None).order_by("meeting__room_id")
    return [remove_participant(participant, actor=actor) for participant in present.select_related("meeting__room")]


@transaction.atomic
def remove_everybody(room: Room, *, actor: Actor) -> list[Bar]:
    """Put everybody out of the room's meeting, which ends with it. Each is barred until re-admitted."""
    meeting = live_meeting(lock_room(room.pk))
    if meeting is None:
        return []
    return [remove_participant(participant, actor=actor) for participant in present_in(meeting)]


@transaction.atomic
def readmit(bar: Bar, *, actor: Actor) -> None:
    """Lift the bar, so that the person may join again. Twice is once."""
    room = lock_room(bar.room_id)
    locked = Bar.objects.select_related("meeting", "room__tenant", "user", "guest_pass").get(pk=bar.pk)
    if locked.lifted_at is not None:
        return
    locked.lifted_at, locked.lifted_by = timezone.now(), actor.name
    locked.save(update_fields=["lifted_at", "lifted_by"])
    _record(locked, "participant_readmitted", actor, {})
    meeting = live_meeting(room)
    if meeting is not None:
        order_readmission(meeting, subjects=_no_longer_barred(locked, room))


def _no_longer_barred(lifted: Bar, room: Room) -> list[str]:
    others = {subject for bar in bars_in_force(room) for subject in bar_subjects(bar)}
    return [subject for subject in bar_subjects(lifted) if subject not in others]


def _bar(participant: Participant, *, actor: Actor, by_admin: bool) -> Bar:
    now = timezone.now()
    meeting: Meeting = participant.meeting
    return Bar.objects.create(
        tenant_id=participant.tenant_id,
        room=meeting.room,
        meeting=meeting,
        user=participant.user,
        guest_pass=participant.guest_pass,
        device=participant.device,
        name=participant.name,
        created_at=now,
        created_by=actor.name,
        by_admin=by_admin,
        until=now + AT_LEAST,
    )


def _record(bar: Bar, action: str, actor: Actor, details: dict[str, object]) -> None:
    kind, person = barred_person(bar)
    record_event(
        bar.room.tenant,
        action,
        actor=actor,
        target_type=kind,
        target_id=person.public_id,
        target_name=bar.name,
        details={"bar": bar.public_id, "room": bar.room.public_id, "room_name": bar.room.name, **details},
    )
