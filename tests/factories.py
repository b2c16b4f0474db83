"""Plain functions that make rows for tests. Each makes what it needs and takes any field as a keyword."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Role, User
from conferences.models import GuestPass, Room
from tenants.context import tenant_context
from tenants.ids import hash_secret
from tenants.models import Tenant

PASSWORD = "correct horse battery"
ADMINTOOL_KEY = "admintool-key-of-"
GUEST_SECRET = "guest-secret"

_numbers = count(1)


def make_tenant(slug: str = "", **fields: Any) -> Tenant:
    """A tenant whose Admintool key is `ADMINTOOL_KEY + slug`."""
    slug = slug or f"tenant-{next(_numbers)}"
    fields.setdefault("name", f"{slug.title()} Inc.")
    fields.setdefault("admintool_key_hash", hash_secret(ADMINTOOL_KEY + slug))
    return Tenant.objects.create(slug=slug, **fields)


def make_user(tenant: Tenant, login_id: str = "", *, password: str = PASSWORD, **fields: Any) -> User:
    """A user of `tenant` who signs in with `password`."""
    login_id = login_id or f"user-{next(_numbers)}"
    fields.setdefault("name", login_id.title())
    user = User(tenant=tenant, login_id=login_id, **fields)
    user.set_password(password)
    with tenant_context(tenant):
        user.save()
    return user


def make_admin(tenant: Tenant, login_id: str = "", **fields: Any) -> User:
    return make_user(tenant, login_id, role=Role.ADMIN, **fields)


def make_room(tenant: Tenant, name: str = "", *, hosts: tuple[User, ...] = (), **fields: Any) -> Room:
    with tenant_context(tenant):
        room = Room.objects.create(tenant=tenant, name=name or f"Room {next(_numbers)}", **fields)
        room.hosts.set(hosts)
    return room


def make_guest_pass(room: Room, *, secret: str = GUEST_SECRET, **fields: Any) -> GuestPass:
    """A pass to `room` that admits whoever knows `secret`, for an hour."""
    fields.setdefault("name", "Guest")
    fields.setdefault("expires_at", timezone.now() + timedelta(hours=1))
    with tenant_context(room.tenant):
        return GuestPass.objects.create(tenant=room.tenant, room=room, secret_hash=hash_secret(secret), **fields)
