"""MeetingCommand: what must be done to a running meeting's media, written in the transaction that causes it.

`conferences/signalling/orders.py` carries the rows out in the web process.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.events import Actor, record_event
from conferences.models import Meeting, MeetingCommand, Participant
from conferences.wake import meeting_changed
from tenants.models import Tenant

Kind = MeetingCommand.Kind

MOST_IN_EVENT, MOST_NAMES_IN_EVENT = 200, 10
GIVE_UP_AFTER = timedelta(seconds=60)  # a worker that was silent for so long has dropped its media, and bars go along


def order_removal(meeting: Meeting, *, participant_id: str, subjects: list[str], actor: Actor) -> MeetingCommand:
    """Drop the media of `subjects` at once and refuse them from now on."""
    ending = _ending([participant_id], actor=actor, cause="removed")
    return _order(meeting, Kind.REMOVE, {**ending, "subjects": subjects})


def order_readmission(meeting: Meeting, *, subjects: list[str]) -> MeetingCommand:
    return _order(meeting, Kind.READMIT, {"subjects": subjects})


def order_end(meeting: Meeting, *, reason: str) -> MeetingCommand:
    """Close the meeting's router."""
    return _order(meeting, Kind.END, {"reason": reason})


def order_shutdown(meeting: Meeting, participant_ids: list[str], *, actor: Actor, cause: str) -> MeetingCommand:
    """The same for a meeting in which everybody lost access; the event tells how long it took."""
    ending = _ending(participant_ids, actor=actor, cause=cause)
    return _order(meeting, Kind.END, {**ending, "reason": "revoked"})


def order_freeze(meeting: Meeting, *, frozen: bool) -> MeetingCommand:
    """Stop all forwarding in the meeting, or let it go on."""
    return _order(meeting, Kind.FREEZE if frozen else Kind.UNFREEZE, {})


def order_limits(meeting: Meeting) -> MeetingCommand:
    """Hold the meeting to the limits that its room and its organisation have now."""
    return _order(meeting, Kind.LIMIT, {})


def order_revocation(meeting: Meeting, whose: dict[str, str], *, actor: Actor, cause: str) -> None:
    """End the presence of somebody who lost access: of those who are there now, not of a later stay.

    `whose`: `{"user": public id, "login_key": …}` (an empty `login_key` means every login) or
    `{"guest_pass": public id}`. Ordered already is no-op.
    """
    order_ends(meeting, _present(meeting, whose).values_list("public_id", flat=True), actor=actor, cause=cause)


def order_ends(meeting: Meeting, participant_ids: Iterable[str], *, actor: Actor, cause: str, rule: str = "") -> None:
    """The same for these participants, in one step. `rule` is the name of the restriction that forbids it."""
    ending = _ending(sorted(set(participant_ids) - _under_way(meeting)), actor=actor, cause=cause)
    if ending["participants"]:
        _order(meeting, Kind.REVOKE, {**ending, "rule": rule})


def open_commands(tenant: Tenant, *, workers: Collection[str], now: datetime) -> QuerySet[MeetingCommand]:
    """What a process that hears these workers can do now for `tenant`, oldest first.

    A revocation needs no worker; after a minute a command is done with in any case.
    """
    doable = Q(meeting__worker=None) | Q(meeting__worker__name__in=workers) | Q(kind=Kind.REVOKE)
    commands = MeetingCommand.objects.for_tenant(tenant).filter(
        doable | Q(created_at__lt=now - GIVE_UP_AFTER), done_at=None
    )
    return commands.select_related("tenant", "meeting__worker", "meeting__room").order_by("pk")


@transaction.atomic
def mark_done(command: MeetingCommand, *, now: datetime) -> bool:
    """Stamp the command; whether this call did. The event tells how long it took."""
    if not MeetingCommand.objects.filter(pk=command.pk, done_at=None).update(done_at=now):
        return False
    details = {"delay_ms": round((now - command.created_at).total_seconds() * 1000)}
    if "cause" in command.payload:
        _record_ending(command, details, now=now)
    else:
        _record(command, "meeting_command_done", {**details, "kind": command.kind}, now=now)
    return True


def _record_ending(command: MeetingCommand, details: dict[str, Any], *, now: datetime) -> None:
    """Somebody's access has ended: why, whose, and how long it took."""
    payload, ids = command.payload, command.payload["participants"]
    names = Participant.objects.filter(public_id__in=ids).order_by("pk").values_list("name", flat=True)
    details |= {name: payload[name] for name in ("cause", "rule") if payload.get(name)}
    details |= {"people": len(ids), "participants": ids[:MOST_IN_EVENT], "names": list(names[:MOST_NAMES_IN_EVENT])}
    details |= {"ordered_at": command.created_at, "done_at": now}
    _record(command, "access_ended", details, now=now)


def _record(command: MeetingCommand, action: str, details: dict[str, Any], *, now: datetime) -> None:
    record_event(
        command.tenant,
        action,
        actor=Actor(id=command.payload.get("by_id", ""), name=command.payload.get("by", "")),
        target_type="meeting",
        target_id=command.meeting.public_id,
        target_name=command.meeting.room.name,
        details=details,
        now=now,
    )


def _present(meeting: Meeting, whose: dict[str, str]) -> QuerySet[Participant]:
    present = Participant.objects.filter(meeting=meeting, left_at=None)
    if "guest_pass" in whose:
        return present.filter(guest_pass__public_id=whose["guest_pass"])
    logins = Q(login_key=whose["login_key"]) if whose["login_key"] else Q()
    return present.filter(logins, user__username=whose["user"])


def _under_way(meeting: Meeting) -> set[str]:
    """Whose presence is about to end already."""
    ordered = MeetingCommand.objects.filter(meeting=meeting, kind=Kind.REVOKE, done_at=None)
    return {
        participant for payload in ordered.values_list("payload", flat=True) for participant in payload["participants"]
    }


def _ending(participant_ids: list[str], *, actor: Actor, cause: str) -> dict[str, Any]:
    return {"participants": participant_ids, "cause": cause, "by": actor.name, "by_id": actor.id}


def _order(meeting: Meeting, kind: str, payload: dict[str, Any]) -> MeetingCommand:
    command = MeetingCommand.objects.create(tenant_id=meeting.tenant_id, meeting=meeting, kind=kind, payload=payload)
    meeting_changed(meeting)
    return command
