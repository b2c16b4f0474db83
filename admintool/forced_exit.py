"""Forced exit from Admintool: a removal by `conferences`, with the administrator's reason in the log."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Group
from accounts.services.approvals import register
from audit.events import Actor, record_event
from conferences.models import Meeting, Participant, Room
from conferences.services.removal import remove_everybody, remove_participant, remove_user
from tenants.models import Tenant


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


@transaction.atomic
def force_group_out(group: Group, *, actor: Actor, note: str) -> int:
    """Put the group's members out of every meeting they are in; how many stays that ended."""
    present = Participant.objects.for_tenant(group.tenant).filter(user__groups=group, left_at=None)
    removed = [
        remove_participant(participant, actor=actor)
        for participant in present.select_related("meeting__room").order_by("meeting__room_id", "pk")
    ]
    record_event(
        group.tenant,
        "forced_exit",
        actor=actor,
        target_type="group",
        target_id=group.public_id,
        target_name=group.name,
        details={"note": note, "people": len(removed)},
    )
    return len(removed)


@transaction.atomic
def force_everybody_out(tenant: Tenant, *, actor: Actor, note: str) -> int:
    """Put everybody out of every meeting of the tenant, guests and the waiting too; how many that were."""
    meetings = Meeting.objects.for_tenant(tenant).filter(ended_at=None).select_related("room").order_by("room_id")
    removed = sum(len(remove_everybody(meeting.room, actor=actor)) for meeting in meetings)
    record_event(
        tenant,
        "forced_exit",
        actor=actor,
        target_type="tenant",
        target_id=tenant.public_id,
        target_name=tenant.name,
        details={"note": note, "people": removed},
    )
    return removed


@register("forced_exit_of_everybody")
def _force_everybody_out(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    force_everybody_out(tenant, actor=actor, note=payload["note"])
