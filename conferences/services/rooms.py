"""Rooms: who sees them, who makes and changes them, who is in them now."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit.events import Actor, record_event
from conferences.models import GuestPass, Meeting, Participant, ParticipantState, Room
from conferences.services.commands import order_revocation
from conferences.services.meetings import end_live_meeting, live_meeting, settle
from tenants.models import Tenant

EDITABLE = ("name", "guests_allowed", "lobby", "participant_limit")


def rooms_for(user: User) -> QuerySet[Room]:
    """The open rooms that `user` may enter, by name: all of the tenant's."""
    return Room.objects.for_tenant(user.tenant).filter(closed_at=None).prefetch_related("hosts")


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
    hosts: Iterable[User] = (),
) -> Room:
    """Make a room. Without `hosts` its creator may host. `ValueError` for a host of another tenant."""
    encoded = make_password(entry_password) if entry_password else ""  # argon2 stays outside of the transaction
    with transaction.atomic():
        room = Room.objects.create(
            tenant=tenant,
            created_by=creator,
            name=name,
            entry_password=encoded,
            guests_allowed=guests_allowed,
            lobby=lobby,
            participant_limit=participant_limit,
        )
        _set_hosts(room, hosts)
        _record(room, "room_created", actor, {**_settings(room), "entry_protected": bool(encoded)})
    return room


@transaction.atomic
def edit_room(room: Room, *, actor: Actor, **changes: Any) -> Room:
    """Change `name`, `guests_allowed`, `lobby`, `participant_limit` or `hosts`. Nothing changed, nothing recorded."""
    unknown = changes.keys() - {*EDITABLE, "hosts"}
    if unknown:
        raise TypeError(f"edit_room got {sorted(unknown)}")
    locked: Room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    before = _settings(locked)
    for field in EDITABLE:
        setattr(locked, field, changes.get(field, getattr(locked, field)))
    locked.save(update_fields=EDITABLE)
    if "hosts" in changes:
        _set_hosts(locked, changes["hosts"])
    after = _settings(locked)
    changed = {field: [before[field], after[field]] for field in before if before[field] != after[field]}
    if changed:
        _record(locked, "room_edited", actor, changed)
        _apply_now(locked, actor=actor)
    return locked


def set_entry_password(room: Room, *, actor: Actor, password: str) -> None:
    """Set the entry password, or clear it with "". Who is in stays in; everybody else must give the new one."""
    encoded = make_password(password) if password else ""
    with transaction.atomic():
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


def _apply_now(room: Room, *, actor: Actor) -> None:
    """The running meeting follows: who waits may enter now, a host is found, guests go when they are not allowed."""
    meeting = live_meeting(room)
    if meeting is None:
        return
    settle(meeting, now=timezone.now())
    if not room.guests_allowed:
        for guest_pass in _passes_in(meeting):
            order_revocation(meeting, {"guest_pass": guest_pass.public_id}, actor=actor, cause="guests_not_allowed")


def _passes_in(meeting: Meeting) -> QuerySet[GuestPass]:
    present = Participant.objects.filter(meeting=meeting, left_at=None, guest_pass__isnull=False)
    return GuestPass.objects.filter(pk__in=present.values("guest_pass"))


def _set_hosts(room: Room, hosts: Iterable[User]) -> None:
    chosen = list(hosts)
    if any(host.tenant_id != room.tenant_id for host in chosen):
        raise ValueError("A host belongs to the room's tenant.")
    room.hosts.set(chosen)


def _settings(room: Room) -> dict[str, Any]:
    hosts = sorted(room.hosts.values_list("login_id", flat=True))
    return {field: getattr(room, field) for field in EDITABLE} | {"hosts": hosts}


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
