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
    who = ("user", user.public_id) if user else ("guest", participant.public_id)
    details = {"note": note, "room_name": participant.meeting.room.name}
    _record(participant.tenant, (*who, participant.name), actor=actor, details=details)


@transaction.atomic
def force_all_out(room: Room, *, actor: Actor, note: str) -> int:
    """Put everybody out of the room; how many that were."""
    removed = remove_everybody(room, actor=actor)
    details = {"note": note, "people": len(removed)}
    _record(room.tenant, ("room", room.public_id, room.name), actor=actor, details=details)
    return len(removed)


@transaction.atomic
def force_group_out(group: Group, *, actor: Actor, note: str) -> int:
    """Put the group's members out of every meeting they are in; how many stays that ended."""
    present = Participant.objects.for_tenant(group.tenant).filter(user__groups=group, left_at=None)
    removed = [
        remove_participant(participant, actor=actor)
        for participant in present.select_related("meeting__room").order_by("meeting__room_id", "pk")
    ]
    details = {"note": note, "people": len(removed)}
    _record(group.tenant, ("group", group.public_id, group.name), actor=actor, details=details)
    return len(removed)


@transaction.atomic
def force_everybody_out(tenant: Tenant, *, actor: Actor, note: str) -> int:
    """Put everybody out of every meeting of the tenant, guests and the waiting too; how many that were."""
    meetings = Meeting.objects.for_tenant(tenant).filter(ended_at=None).select_related("room").order_by("room_id")
    removed = sum(len(remove_everybody(meeting.room, actor=actor)) for meeting in meetings)
    details = {"note": note, "people": removed}
    _record(tenant, ("tenant", tenant.public_id, tenant.name), actor=actor, details=details)
    return removed


@register("forced_exit_of_everybody")
def _force_everybody_out(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    force_everybody_out(tenant, actor=actor, note=payload["note"])


def _record(tenant: Tenant, target: tuple[str, str, str], *, actor: Actor, details: Mapping[str, Any]) -> None:
    """`target` is its type, public id and name."""
    kind, public_id, name = target
    record_event(
        tenant,
        "forced_exit",
        actor=actor,
        target_type=kind,
        target_id=public_id,
        target_name=name,
        details=details,
    )
