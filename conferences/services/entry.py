"""The entry password of a room.

Everybody gives it, hosts too: a host's stolen login must not open a protected room. A right one earns a *stamp*,
which the session or the guest grant keeps. The stamp is bound to the present password: changing it makes all stamps
worthless.
"""

from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.throttle import Throttle
from audit.events import Actor, record_event
from conferences.errors import TooManyAttempts, WrongEntryPassword
from conferences.models import Room
from conferences.services.classes import lacks_password
from tenants.context import tenant_context

_throttle = Throttle("room")


def entry_stamp(room: Room) -> str:
    """What proves that the present entry password was given; empty for a room without one."""
    if not room.entry_password:
        return ""
    return salted_hmac("liveon.entry", f"{room.public_id}:{room.entry_password}", algorithm="sha256").hexdigest()


def entry_is_valid(room: Room, stamp: str) -> bool:
    """Whether `stamp` opens the room now.

    A room without entry password opens to any, unless one is demanded: then to nobody, until it is set.
    """
    if room.entry_password:
        return constant_time_compare(stamp, entry_stamp(room))
    return not lacks_password(room)


def check_entry_password(room: Room, *, password: str, subject: str, ip: str) -> str:
    """Check a given password and return the stamp.

    To be called outside of a `tenant_context`, because it hashes. `subject` says who tries (`user:<public id>` or
    `pass:<public id>`), so that a stranger cannot lock out others. Wrong tries are recorded and slow down per (room,
    subject, IP) and per IP. Raises WrongEntryPassword, TooManyAttempts.
    """
    if not room.entry_password:
        return ""
    keys = (f"{room.public_id}/{subject}/{ip}", ip)
    retry_after = _throttle.retry_after(*keys)
    if retry_after > 0:
        raise TooManyAttempts(retry_after)
    if check_password(password, room.entry_password):
        _throttle.succeeded(*keys)
        return entry_stamp(room)
    _throttle.failed(*keys)
    _record_wrong(room, subject=subject, ip=ip)
    raise WrongEntryPassword


def _record_wrong(room: Room, *, subject: str, ip: str) -> None:
    with transaction.atomic(), tenant_context(room.tenant):
        record_event(
            room.tenant,
            "room_entry_refused",
            actor=Actor(ip_address=ip or None),
            target_type="room",
            target_id=room.public_id,
            target_name=room.name,
            details={"subject": subject},
        )
