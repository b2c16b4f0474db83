"""Who stands at a room's door: a user by login, or a guest by grant.

Looked up when a socket opens, again inside the join's transaction, and again every minute while it is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.logins import login_key, user_of_login
from accounts.models import User
from conferences.errors import LoginRequired, RoomNotFound
from conferences.models import GuestPass, Room
from conferences.services.guests import Grant, device_of, find_granted_pass, granted_pass, if_valid, read_grant
from tenants.context import tenant_context
from tenants.ids import hash_secret
from tenants.models import Tenant


@dataclass(frozen=True)
class Visitor:
    """Somebody who may ask to join `room`. Exactly one of `user` and `guest_pass` is set.

    `login_key` is the SHA-256 of the session key or of the grant: *which* login this is. `stamp` is the entry stamp
    that the login or the grant carries. `session_key` and `grant` are what the minute's check looks at; they stay in
    memory.
    """

    tenant: Tenant
    room: Room
    name: str
    login_key: str
    stamp: str
    device: str = ""
    ip_address: str | None = None
    user_agent: str = ""
    user: User | None = None
    guest_pass: GuestPass | None = None
    session_key: str = ""
    grant: Grant | None = None


def identify_user(
    room_id: str, *, session: Any, cookies: Mapping[str, str], ip_address: str | None, user_agent: str
) -> Visitor:
    """The user of this session at the door of a room of their own tenant.

    Raises LoginRequired when nobody is signed in, whatever the room; RoomNotFound for a foreign, unknown or closed
    room.
    """
    user = user_of_login(session.session_key)
    if user is None:
        raise LoginRequired
    with tenant_context(user.tenant):
        room = Room.objects.for_tenant(user.tenant).filter(public_id=room_id, closed_at=None).first()
    if room is None:
        raise RoomNotFound
    stamps = session.get("entry")
    return Visitor(
        tenant=user.tenant,
        room=room,
        name=user.name,
        login_key=login_key(session.session_key),
        stamp=str(stamps.get(room_id, "")) if isinstance(stamps, dict) else "",
        device=device_of(cookies),
        ip_address=ip_address,
        user_agent=user_agent,
        user=user,
        session_key=session.session_key,
    )


def identify_guest(room_id: str, *, cookies: Mapping[str, str], ip_address: str | None, user_agent: str) -> Visitor:
    """The guest whose grant these cookies carry.

    Raises LoginRequired without a grant or when its pass is no longer valid; RoomNotFound when the pass is for another
    room, or the room is closed.
    """
    grant = read_grant(cookies)
    guest_pass = granted_pass(grant) if grant is not None else None
    if grant is None or guest_pass is None:
        raise LoginRequired
    if guest_pass.room.public_id != room_id or guest_pass.room.closed_at is not None:
        raise RoomNotFound
    if if_valid(guest_pass) is None:
        raise LoginRequired
    return Visitor(
        tenant=guest_pass.tenant,
        room=guest_pass.room,
        name=grant.display_name,
        login_key=hash_secret(grant.key),
        stamp=grant.stamp,
        device=device_of(cookies),
        ip_address=ip_address,
        user_agent=user_agent,
        guest_pass=guest_pass,
        grant=grant,
    )


def still_welcome(visitor: Visitor) -> bool:
    """Whether the login or the grant that opened a socket still holds: user, login, tenant; pass, room, tenant."""
    if visitor.grant is not None:
        return find_granted_pass(visitor.grant) is not None
    return user_of_login(visitor.session_key) is not None
