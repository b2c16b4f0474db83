"""Joining without a socket, for tests of services."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from conferences.models import GuestPass, Participant, Room
from conferences.services.entry import entry_stamp
from conferences.services.identity import Visitor
from conferences.services.joining import Entrance, join_meeting


def visitor(room: Room, who: User | GuestPass, **fields: Any) -> Visitor:
    """`who` at the room's door, with its entry password given."""
    fields = {"tenant": room.tenant, "room": room, "stamp": entry_stamp(room), "login_key": "login", **fields}
    if isinstance(who, User):
        return Visitor(user=who, **{"name": who.name, **fields})
    return Visitor(guest_pass=who, **{"name": "Gail Guest", "device": "device-of-gail", **fields})


def enter(
    room: Room,
    who: User | GuestPass,
    *,
    resume: str | None = None,
    camera: bool = True,
    now: datetime | None = None,
    **fields: Any,
) -> Entrance:
    """Join, and say how it went."""
    now = now or timezone.now()
    return join_meeting(visitor(room, who, **fields), resume=resume, microphone=True, camera=camera, now=now)


def join(room: Room, who: User | GuestPass, **fields: Any) -> Participant:
    return enter(room, who, **fields).participant
