"""Guests: personal, expiring links, and what a browser keeps after one was used.

    link /g/<secret>/  ──POST──►  grant in the cookie `liveon_guest`  ──►  WebSocket `?as=guest`

Both cookies are signed, first-party and HttpOnly, apart from a login. A grant only says *who was admitted*; whether the
pass is still good is asked of the database at each use.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from audit.events import Actor, record_event
from conferences.lookups import TENANT_OF_GUEST_PASS, TENANT_OF_GUEST_SECRET
from conferences.models import GuestPass, Meeting, Room
from conferences.refusals import NotAdmin, TooManyPasses
from conferences.services.classes import room_rules
from conferences.services.commands import order_revocation
from conferences.services.restricting import require_may_invite
from tenants.context import tenant_context
from tenants.ids import hash_secret, new_public_id, new_secret
from tenants.models import Tenant

GRANT_COOKIE = "liveon_guest"
GRANT_SECONDS = 12 * 3600
DEVICE_COOKIE = "liveon_device"
DEVICE_SECONDS = 400 * 24 * 3600  # the longest that browsers keep a cookie
MOST_PASSES = 200  # valid ones that one member made


@dataclass(frozen=True)
class Grant:
    """A used guest pass: `pass_id` its public id, `stamp` the room's entry stamp, `key` identifies this very grant."""

    pass_id: str
    display_name: str
    stamp: str
    issued_at: int
    key: str


@transaction.atomic
def create_guest_pass(
    room: Room, *, actor: Actor, creator: User | None, name: str, expires_at: datetime
) -> tuple[GuestPass, str]:
    """A pass and its secret, which is shown once and stored only as a hash.

    Raises InvitingRestricted, TooManyPasses.
    """
    now = timezone.now()
    require_may_invite(room, creator=creator, ip_address=actor.ip_address, now=now)
    _require_below_cap(creator, now=now)
    secret = new_secret()
    guest_pass = GuestPass.objects.create(
        tenant=room.tenant,
        room=room,
        name=name,
        secret_hash=hash_secret(secret),
        created_by=creator,
        expires_at=expires_at,
    )
    _record(guest_pass, "guest_pass_created", actor, {"room": room.public_id, "expires_at": expires_at})
    return guest_pass, secret


@transaction.atomic
def revoke_guest_pass(guest_pass: GuestPass, *, actor: Actor) -> None:
    """Make the pass worthless and end the presence of who came in with it. Twice is once."""
    locked = GuestPass.objects.select_for_update(no_key=True).get(pk=guest_pass.pk)
    if locked.revoked_at is not None:
        return
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    for meeting in Meeting.objects.filter(participants__guest_pass=locked, participants__left_at=None):
        order_revocation(meeting, {"guest_pass": locked.public_id}, actor=actor, cause="guest_pass_revoked")
    _record(locked, "guest_pass_revoked", actor, {"room": locked.room.public_id})


@transaction.atomic
def take_over_guest_pass(guest_pass: GuestPass, *, actor: Actor, user: User) -> None:
    """From now on an administrator stands for the pass: that of a disabled user works again. Raises NotAdmin."""
    if not user.is_admin or user.tenant_id != guest_pass.tenant_id:
        raise NotAdmin
    locked = (
        GuestPass.objects.select_for_update(no_key=True, of=("self",))
        .select_related("created_by")
        .get(pk=guest_pass.pk)
    )
    before = locked.created_by.name if locked.created_by is not None else ""
    locked.created_by = user
    locked.save(update_fields=["created_by"])
    _record(locked, "guest_pass_taken_over", actor, {"room": locked.room.public_id, "from": before})


def pass_is_valid(guest_pass: GuestPass, *, now: datetime) -> bool:
    """Not revoked, not expired, its maker not disabled, the room open and open to guests, the tenant active."""
    room, maker = guest_pass.room, guest_pass.created_by
    usable = guest_pass.revoked_at is None and now < guest_pass.expires_at and guest_pass.tenant.is_active
    usable = usable and (maker is None or maker.is_active)
    return usable and room.closed_at is None and room_rules(room).guests_allowed


def find_guest_pass(secret: str) -> GuestPass | None:
    """The valid pass with this secret, or None: unknown, expired and revoked look the same."""
    secret_hash = hash_secret(secret)
    return if_valid(_pass_of(TENANT_OF_GUEST_SECRET.tenant(secret_hash), secret_hash=secret_hash))


def granted_pass(grant: Grant) -> GuestPass | None:
    """The pass behind a grant, valid or not."""
    return _pass_of(TENANT_OF_GUEST_PASS.tenant(grant.pass_id), public_id=grant.pass_id)


def find_granted_pass(grant: Grant) -> GuestPass | None:
    """The pass behind a grant when it is still valid, else None."""
    return if_valid(granted_pass(grant))


def find_valid_pass(pass_id: str) -> GuestPass | None:
    """The pass with this public id when it is valid, else None."""
    return if_valid(_pass_of(TENANT_OF_GUEST_PASS.tenant(pass_id), public_id=pass_id))


def _pass_of(tenant: Tenant | None, **which: str) -> GuestPass | None:
    if tenant is None:
        return None
    with tenant_context(tenant):
        passes = GuestPass.objects.for_tenant(tenant).select_related("room", "created_by")
        found: GuestPass | None = passes.filter(**which).one()
    if found is not None:
        found.tenant = found.room.tenant = tenant
    return found


def if_valid(guest_pass: GuestPass | None) -> GuestPass | None:
    """The pass itself when it is valid now, else None."""
    if guest_pass is None:
        return None
    with tenant_context(guest_pass.tenant):
        return guest_pass if pass_is_valid(guest_pass, now=timezone.now()) else None


def issue_grant(response: HttpResponse, *, guest_pass: GuestPass, display_name: str, stamp: str) -> None:
    """Put a new grant into the response's cookie."""
    issued_at = int(timezone.now().timestamp())
    grant = Grant(guest_pass.public_id, display_name[:100], stamp, issued_at, new_public_id())
    _set_cookie(response, GRANT_COOKIE, signing.dumps(asdict(grant), salt=GRANT_COOKIE), GRANT_SECONDS)


def read_grant(cookies: Mapping[str, str]) -> Grant | None:
    """The grant in these cookies when its signature holds and it is younger than 12 h, else None."""
    try:
        return Grant(**signing.loads(cookies.get(GRANT_COOKIE, ""), salt=GRANT_COOKIE, max_age=GRANT_SECONDS))
    except (signing.BadSignature, TypeError):
        return None


def device_of(cookies: Mapping[str, str]) -> str:
    """The id in the signed device cookie, or "" without a good one. A bar on a guest names it."""
    try:
        return str(signing.loads(cookies.get(DEVICE_COOKIE, ""), salt=DEVICE_COOKIE))
    except signing.BadSignature:
        return ""


def ensure_device(request: HttpRequest, response: HttpResponse) -> str:
    """The browser's device id; a browser without one gets one with `response`."""
    device = device_of(request.COOKIES)
    if not device:
        device = new_public_id()
        _set_cookie(response, DEVICE_COOKIE, signing.dumps(device, salt=DEVICE_COOKIE), DEVICE_SECONDS)
    return device


def _require_below_cap(creator: User | None, *, now: datetime) -> None:
    if creator is None or creator.is_admin:
        return
    valid = GuestPass.objects.for_tenant(creator.tenant).filter(created_by=creator, revoked_at=None, expires_at__gt=now)
    if valid.count() >= MOST_PASSES:
        raise TooManyPasses(MOST_PASSES)


def _set_cookie(response: HttpResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _record(guest_pass: GuestPass, action: str, actor: Actor, details: dict[str, object]) -> None:
    record_event(
        guest_pass.tenant,
        action,
        actor=actor,
        target_type="guest_pass",
        target_id=guest_pass.public_id,
        target_name=guest_pass.name,
        details=details,
    )
