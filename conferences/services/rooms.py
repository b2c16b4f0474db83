"""Rooms: who sees them, who makes and changes them, who is in them now."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit.events import Actor, record_event
from conferences.models import MeetingClass, Participant, ParticipantState, Room
from conferences.refusals import ClassTooLax, ClassUnknown, Forced, TooManyRooms
from conferences.services.classes import is_laxer, room_rules
from conferences.services.enforcing import apply_rules
from conferences.services.limits import ROOM_LIMITS, room_limits_changed
from conferences.services.meetings import end_live_meeting
from tenants.context import tenant_context
from tenants.models import Tenant

EDITABLE = (
    "name",
    "guests_allowed",
    "lobby",
    *ROOM_LIMITS,
    "meeting_class",
)
MOST_ROOMS = 50  # open ones that one member made


def rooms_for(user: User) -> QuerySet[Room]:
    """The open rooms that `user` may enter, by name: all of the tenant's."""
    rooms = Room.objects.for_tenant(user.tenant).filter(closed_at=None)
    return rooms.select_related("tenant", "meeting_class").prefetch_related("hosts")


def may_edit(room: Room, user: User) -> bool:
    """Administrators, the room's creator and those it names as hosts, all of the room's own tenant."""
    if user.tenant_id != room.tenant_id or not user.is_active:
        return False
    return user.is_admin or room.created_by_id == user.pk or user in room.hosts.all()  # prefetched for lists


def create_room(
    tenant: Tenant,
    *,
    actor: Actor,
    creator: User | None,
    name: str,
    entry_password: str = "",
    guests_allowed: bool = True,
    lobby: bool = False,
    participant_limit: int = 50,
    publisher_limit: int = 0,
    bitrate_limit: int = 0,
    meeting_class: MeetingClass | None = None,
    hosts: Iterable[User] = (),
) -> Room:
    """Make a room. Without `hosts` its creator may host.

    `ValueError` for a host of another tenant; ClassUnknown, TooManyRooms.
    """
    with tenant_context(tenant):
        _require_below_cap(creator)
        _check_class(tenant, meeting_class, present=None)
    encoded = make_password(entry_password) if entry_password else ""  # argon2 stays outside of the transaction
    with transaction.atomic(), tenant_context(tenant):
        room = Room.objects.create(
            tenant=tenant,
            created_by=creator,
            name=name,
            entry_password=encoded,
            guests_allowed=guests_allowed,
            lobby=lobby,
            participant_limit=participant_limit,
            publisher_limit=publisher_limit,
            bitrate_limit=bitrate_limit,
            meeting_class=meeting_class,
        )
        _set_hosts(room, hosts)
        _record(room, "room_created", actor, {**_settings(room), "entry_protected": bool(encoded)})
    return room


@transaction.atomic
def edit_room(room: Room, *, actor: Actor, may_loosen: bool = False, **changes: Any) -> Room:
    """Change any of `EDITABLE` or `hosts`. Nothing changed, nothing recorded. Who `may_loosen` (an administrator) may
    give the room a class that demands less.

    Raises Forced for a choice that organisation or class have taken, ClassUnknown, ClassTooLax.
    """
    unknown = changes.keys() - {*EDITABLE, "hosts"}
    if unknown:
        raise TypeError(f"edit_room got {sorted(unknown)}")
    locked: Room = Room.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant").get(pk=room.pk)
    before = _settings(locked)
    _check_class(locked.tenant, changes.get("meeting_class"), present=locked.meeting_class)
    if "meeting_class" in changes and not may_loosen and is_laxer(changes["meeting_class"], locked.meeting_class):
        raise ClassTooLax
    was = (locked.guests_allowed, locked.lobby)
    for field in EDITABLE:
        setattr(locked, field, changes.get(field, getattr(locked, field)))
    _refuse_laxer(locked, was)
    locked.save(update_fields=EDITABLE)
    if "hosts" in changes:
        _set_hosts(locked, changes["hosts"])
    after = _settings(locked)
    changed = {field: [before[field], after[field]] for field in before if before[field] != after[field]}
    if changed:
        _record(locked, "room_edited", actor, changed)
        apply_rules(locked, actor=actor)
        room_limits_changed(locked, changed)
    return locked


def set_entry_password(room: Room, *, actor: Actor, password: str) -> None:
    """Set the entry password, or clear it with "". Who is in stays in; everybody else must give the new one.

    Raises Forced for clearing one that organisation or class demand.
    """
    if not password and room.entry_password and room_rules(room).entry_password_required:
        raise Forced("clear_entry_password")
    encoded = make_password(password) if password else ""
    with transaction.atomic(), tenant_context(room.tenant):
        locked = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
        locked.entry_password = encoded
        locked.save(update_fields=["entry_password"])
        _record(locked, "room_entry_password_set" if password else "room_entry_password_cleared", actor, {})
    room.entry_password = encoded


@transaction.atomic
def close_room(room: Room, *, actor: Actor) -> None:
    """Take the room out of use and end its meeting. Its records stay; its URL answers like that of no room."""
    locked = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    if locked.closed_at is not None:
        return
    end_live_meeting(locked, actor=actor)
    locked.closed_at = timezone.now()
    locked.save(update_fields=["closed_at"])
    _record(locked, "room_closed", actor, {})


def live_occupancy(rooms: Iterable[Room]) -> dict[int, list[str]]:
    """Who is in each of `rooms` now: room pk → names in the order of joining. An empty room has an empty list."""
    occupancy: dict[int, list[str]] = {room.pk: [] for room in rooms}
    present = Participant.objects.filter(
        meeting__room__in=list(occupancy), meeting__ended_at=None, state=ParticipantState.JOINED
    )
    for room_pk, name in present.order_by("joined_at", "pk").values_list("meeting__room_id", "name"):
        occupancy[room_pk].append(name)
    return occupancy


def _require_below_cap(creator: User | None) -> None:
    if creator is None or creator.is_admin:
        return
    if Room.objects.for_tenant(creator.tenant).filter(created_by=creator, closed_at=None).count() >= MOST_ROOMS:
        raise TooManyRooms(MOST_ROOMS)


def _check_class(tenant: Tenant, wanted: MeetingClass | None, *, present: MeetingClass | None) -> None:
    """A room keeps a retired class, and is not given one."""
    if wanted is None or wanted == present:
        return
    if wanted.tenant_id != tenant.pk or wanted.retired_at is not None:
        raise ClassUnknown


def _refuse_laxer(room: Room, was: tuple[bool, bool]) -> None:
    """A choice that is forced stays as it was: the rules are stricter than it anyway."""
    forced_by, (guests_were_allowed, had_lobby) = room_rules(room).forced_by, was
    if "guests_allowed" in forced_by and room.guests_allowed and not guests_were_allowed:
        raise Forced("guests_allowed")
    if "lobby" in forced_by and had_lobby and not room.lobby:
        raise Forced("lobby")


def _set_hosts(room: Room, hosts: Iterable[User]) -> None:
    chosen = list(hosts)
    if any(host.tenant_id != room.tenant_id for host in chosen):
        raise ValueError("A host belongs to the room's tenant.")
    room.hosts.set(chosen)


def _settings(room: Room) -> dict[str, Any]:
    hosts = sorted(room.hosts.values_list("login_id", flat=True))
    class_name = room.meeting_class.name if room.meeting_class is not None else ""
    return {field: getattr(room, field) for field in EDITABLE} | {"hosts": hosts, "meeting_class": class_name}


def _record(room: Room, action: str, actor: Actor, details: dict[str, Any]) -> None:
    record_event(
        room.tenant,
        action,
        actor=actor,
        target_type="room",
        target_id=room.public_id,
        target_name=room.name,
        details=details,
    )
