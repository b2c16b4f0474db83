"""MeetingCommand: what must be done to a running meeting's media, written in the transaction that causes it.

`conferences/signalling/orders.py` carries the rows out in the web process.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.events import Actor, record_event
from conferences.models import Meeting, MeetingCommand
from conferences.wake import meeting_changed
from tenants.models import Tenant

Kind = MeetingCommand.Kind

GIVE_UP_AFTER = timedelta(seconds=60)  # a worker that was silent for so long has dropped its media, and bars go along


def order_removal(meeting: Meeting, *, participant_id: str, subjects: list[str]) -> MeetingCommand:
    """Drop the media of `subjects` at once and refuse them from now on."""
    return _order(meeting, Kind.REMOVE, {"participant": participant_id, "subjects": subjects})


def order_readmission(meeting: Meeting, *, subjects: list[str]) -> MeetingCommand:
    return _order(meeting, Kind.READMIT, {"subjects": subjects})


def order_end(meeting: Meeting, *, reason: str) -> MeetingCommand:
    """Close the meeting's router."""
    return _order(meeting, Kind.END, {"reason": reason})


def order_freeze(meeting: Meeting, *, frozen: bool) -> MeetingCommand:
    """Stop all forwarding in the meeting, or let it go on."""
    return _order(meeting, Kind.FREEZE if frozen else Kind.UNFREEZE, {})


def order_revocation(meeting: Meeting, whose: dict[str, str], *, actor: Actor, cause: str) -> MeetingCommand:
    """End the presence of somebody who lost access.

    `whose`: `{"user": public id, "login_key": …}` (an empty `login_key` means every login) or
    `{"guest_pass": public id}`.
    """
    return _order(meeting, Kind.REVOKE, {**whose, "cause": cause, "by": actor.name, "by_id": actor.id})


def open_commands(tenant: Tenant, *, workers: Collection[str], now: datetime) -> QuerySet[MeetingCommand]:
    """What a process that hears these workers can do now for `tenant`, oldest first.

    A revocation needs no worker; after a minute a command is done with in any case.
    """
    doable = Q(meeting__worker=None) | Q(meeting__worker__name__in=workers) | Q(kind=Kind.REVOKE)
    commands = MeetingCommand.objects.for_tenant(tenant).filter(
        doable | Q(created_at__lt=now - GIVE_UP_AFTER), done_at=None
    )
    return commands.select_related("tenant", "meeting__worker").order_by("pk")


@transaction.atomic
def mark_done(command: MeetingCommand, *, now: datetime) -> bool:
    """Stamp the command; whether this call did. The event tells how long it took."""
    if not MeetingCommand.objects.filter(pk=command.pk, done_at=None).update(done_at=now):
        return False
    details = {"kind": command.kind, "delay_ms": round((now - command.created_at).total_seconds() * 1000)}
    keep = ("participant", "user", "guest_pass", "cause", "reason")
    details |= {name: command.payload[name] for name in keep if command.payload.get(name)}
    record_event(
        command.tenant,
        "meeting_command_done",
        actor=Actor(id=command.payload.get("by_id", ""), name=command.payload.get("by", "")),
        target_type="meeting",
        target_id=command.meeting.public_id,
        details=details,
        now=now,
    )
    return True


def _order(meeting: Meeting, kind: str, payload: dict[str, Any]) -> MeetingCommand:
    command = MeetingCommand.objects.create(tenant_id=meeting.tenant_id, meeting=meeting, kind=kind, payload=payload)
    meeting_changed(meeting)
    return command
