"""Finding users: by words, state, role and group, in pages by key."""

from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import Group, User
from tenants.models import Tenant

PAGE_SIZE = 50


class UsersPage(NamedTuple):
    """Some users, and the public id of the last of them when others follow (else empty)."""

    users: list[User]
    next_after: str


def find_users(
    tenant: Tenant, *, words: str = "", state: str = "", role: str = "", group: Group | None = None
) -> QuerySet[User]:
    """The tenant's users that match, by user ID. `state` is "active", "disabled" or empty."""
    users: QuerySet[User] = User.objects.for_tenant(tenant).alias(lower_login_id=Lower("login_id"))
    if words:
        users = users.filter(Q(login_id__icontains=words) | Q(name__icontains=words) | Q(email__icontains=words))
    if state:
        users = users.filter(is_active=state == "active")
    if role:
        users = users.filter(role=role)
    if group is not None:
        users = users.filter(pk__in=group.users.values("pk"))
    return users.order_by("lower_login_id")


def users_page(tenant: Tenant, users: QuerySet[User], *, after: str = "", size: int = PAGE_SIZE) -> UsersPage:
    """The `size` users that follow the one with public id `after`.

    `users` comes from `find_users` of the same tenant; `User.DoesNotExist` when `after` is nobody of the tenant.
    """
    if "\0" in after:  # PostgreSQL would not even look
        raise User.DoesNotExist
    if after:
        last = User.objects.for_tenant(tenant).get(username=after)
        users = users.filter(Q(("lower_login_id__gt", last.login_id.lower())))
    found = list(users.prefetch_related("groups")[: size + 1])
    return UsersPage(found[:size], found[size - 1].public_id if len(found) > size else "")
