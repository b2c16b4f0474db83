"""How many may be in at once, how many may show themselves, and how much that may send: enforced, not warned of.

A room's limits are set by those who may edit it, an organisation's by the operator (`set_limits`); 0 = none. Both hold.
What cameras and screens send is counted by what each of them may send at most, so that a limit holds whatever they do;
the media worker polices that (`media_sfu/publication.py`) and holds the room's limits once more. Sound is not counted:
nobody is to be refused a word.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.locks import count_alone
from audit.events import Actor, record_about_tenant
from conferences.errors import BitrateLimit, MeetingFull, TenantFull, TooManyPublishers
from conferences.models import Meeting, Participant, ParticipantState, Room, TenantLimits
from conferences.services.commands import order_limits
from tenants.context import tenant_context
from tenants.models import Tenant

LIMITS = ("participants", "publishers", "bitrate")
ROOM_LIMITS = ("participant_limit", "publisher_limit", "bitrate_limit")
ROUTED = frozenset((*ROOM_LIMITS, "publishers", "bitrate"))
"""What of a room and of an organisation the media workers know: `router_limits`."""
VIDEO_MBPS = {"camera": 3, "screen": 8}
"""What one may send at most, in Mbit/s, as the media workers police it."""
MEGA = 1_000_000


@dataclass(frozen=True)
class RouterLimits:
    """What the media worker holds a meeting to, 0 = no limit. `bits_per_second`: of all cameras and screens."""

    participants: int
    publishers: int
    bits_per_second: int


def limits_of(tenant: Tenant) -> TenantLimits:
    """The organisation's limits, or unsaved ones without any."""
    return TenantLimits.objects.for_tenant(tenant).first() or TenantLimits(tenant=tenant)


def set_limits(tenant: Tenant, *, actor: Actor, **limits: int) -> dict[str, int]:
    """Change any of `LIMITS`; 0 lifts one. Running meetings follow, and who is in stays in.

    Returns all as they are now. TypeError: another name.
    """
    if unknown := set(limits) - set(LIMITS):
        raise TypeError(f"set_limits does not change {', '.join(sorted(unknown))}.")
    with transaction.atomic(), tenant_context(tenant):
        count_alone(tenant)
        row = limits_of(tenant)
        changed = _change(row, limits)
        if ROUTED & changed.keys():
            _tell_running(Meeting.objects.for_tenant(tenant))
        if changed:
            record_about_tenant(tenant, "limits_changed", actor=actor, details={"changed": changed})
        return {name: getattr(row, name) for name in LIMITS}


def _change(row: TenantLimits, limits: dict[str, int]) -> dict[str, dict[str, int]]:
    """Save these; gives what they were and are, of those that are different."""
    before = {name: getattr(row, name) for name in limits}
    for name, limit in limits.items():
        setattr(row, name, limit)
    row.full_clean(exclude=["tenant"], validate_unique=False, validate_constraints=False)
    row.save()
    return {name: {"from": before[name], "to": new} for name, new in limits.items() if before[name] != new}


def room_limits_changed(room: Room, changed: Iterable[str]) -> None:
    """These settings of the room have changed. The caller's transaction holds the room's row."""
    if ROUTED.intersection(changed):
        _tell_running(Meeting.objects.filter(room=room))


def _tell_running(meetings: QuerySet[Meeting]) -> None:
    for meeting in meetings.filter(ended_at=None).order_by("pk"):
        order_limits(meeting)


def router_limits(room: Room) -> RouterLimits:
    """The stricter of the room's and the organisation's: the worker sees one meeting.

    Never less than there is in the running meeting: who is in stays in when a limit is lowered, on the next worker too.
    """
    people = Participant.objects.filter(meeting__room=room, meeting__ended_at=None, state=ParticipantState.JOINED)
    count, shown = people.count(), _shown(people)
    tenant = limits_of(room.tenant)
    publishers = _stricter(room.publisher_limit, tenant.publishers)
    bitrate = _stricter(room.bitrate_limit, tenant.bitrate)
    return RouterLimits(
        max(room.participant_limit, count),
        publishers and max(publishers, len(shown)),
        MEGA * (bitrate and max(bitrate, _mbps(shown))),
    )


def require_seat(meeting: Meeting, room: Room) -> None:
    """Whether one more may be in. The caller holds the room's lock. Raises MeetingFull, TenantFull."""
    if Participant.objects.filter(meeting=meeting, state=ParticipantState.JOINED).count() >= room.participant_limit:
        raise MeetingFull
    limits = limits_of(room.tenant)
    if limits.participants or limits.publishers or limits.bitrate:
        count_alone(room.tenant)  # also for the camera that may follow: the lock comes before those of the workers
    if limits.participants and _present(room.tenant).count() >= limits.participants:
        raise TenantFull


def require_showing(participant: Participant, room: Room, source: str) -> None:
    """Whether the participant may switch on this source, which is off. The caller holds the room's lock.

    Raises TooManyPublishers, BitrateLimit.
    """
    if source not in VIDEO_MBPS:
        return
    here = Participant.objects.filter(meeting=participant.meeting_id, state=ParticipantState.JOINED)
    _require(room.publisher_limit, room.bitrate_limit, here, source)
    limits = limits_of(room.tenant)
    if limits.publishers or limits.bitrate:
        count_alone(room.tenant)
        _require(limits.publishers, limits.bitrate, _present(room.tenant), source)


def may_show(participant: Participant, room: Room, source: str) -> bool:
    """`require_showing` as a question."""
    try:
        require_showing(participant, room, source)
    except (TooManyPublishers, BitrateLimit):
        return False
    return True


def _require(publishers: int, bitrate: int, people: QuerySet[Participant], source: str) -> None:
    if not (publishers or bitrate):
        return
    shown = _shown(people)
    if publishers and len(shown) >= publishers:
        raise TooManyPublishers
    if bitrate and _mbps([*shown, source]) > bitrate:
        raise BitrateLimit


def _shown(people: QuerySet[Participant]) -> list[str]:
    """The sources of theirs that are on, of `VIDEO_MBPS`."""
    muted = people.values_list("muted", flat=True)
    return [source for row in muted for source in VIDEO_MBPS if row.get(source) is False]


def _mbps(shown: Iterable[str]) -> int:
    return sum(VIDEO_MBPS[source] for source in shown)


def _present(tenant: Tenant) -> QuerySet[Participant]:
    return Participant.objects.for_tenant(tenant).filter(state=ParticipantState.JOINED, left_at=None)


def _stricter(one: int, other: int) -> int:
    """The lower of two limits of which 0 is none."""
    return min(one, other) if one and other else one or other
