"""Groups of users. Who is in them decides which rules hold for whom, at once."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import GroupInUse, GroupNameTaken
from accounts.locks import lock_access
from accounts.models import Group, SsoProvider, User
from accounts.services.imports.columns import GROUP_SEPARATOR
from accounts.services.restriction_changes import apply_rules
from audit.events import Actor, record_event
from tenants.context import tenant_context
from tenants.models import Tenant

MOST_AT_ONCE = 200  # users in one change: their IDs are in its event


def create_group(tenant: Tenant, *, actor: Actor, name: str) -> Group:
    """A new group without members. Raises ValidationError {"name": …}, GroupNameTaken."""
    with transaction.atomic(), tenant_context(tenant):
        _lock(tenant)
        group = Group(tenant=tenant, name=name.strip())
        _check(group)
        group.save(force_insert=True)
        _record(group, "group_created", actor)
    return group


def rename_group(group: Group, *, actor: Actor, name: str) -> Group:
    """Another name for the group, for single sign-on too. Raises as `create_group` does."""
    with transaction.atomic(), tenant_context(group.tenant):
        _lock(group.tenant)
        locked: Group = Group.objects.select_related("tenant").get(pk=group.pk)
        was, locked.name = locked.name, name.strip()
        if was == locked.name:
            return locked
        _check(locked)
        locked.save(update_fields=["name"])
        for provider in _mapping(locked.tenant, was):
            provider.group_map = {key: locked.name if to == was else to for key, to in provider.group_map.items()}
            provider.save(update_fields=["group_map"])
        _record(locked, "group_renamed", actor, changed={"from": was, "to": locked.name})
    return locked


def change_members(
    group: Group, *, actor: Actor, add: Iterable[User] = (), remove: Iterable[User] = ()
) -> tuple[int, int]:
    """Put users in and take users out; how many that were. Rules for the group hold for them at once.

    Raises ValidationError for more than `MOST_AT_ONCE` or somebody of another tenant, NoWayIn.
    """
    adding, removing = list(add), list(remove)
    if len(adding) + len(removing) > MOST_AT_ONCE:
        raise ValidationError(_("At most %(number)s users at once.") % {"number": MOST_AT_ONCE})
    if any(user.tenant_id != group.tenant_id for user in (*adding, *removing)):
        raise ValidationError(_("Choose users of this organisation."))
    with transaction.atomic(), tenant_context(group.tenant):
        _lock(group.tenant)
        inside = set(group.users.values_list("pk", flat=True))
        adding = [user for user in adding if user.pk not in inside]
        removing = [user for user in removing if user.pk in inside]
        if not adding and not removing:
            return 0, 0
        group.users.add(*adding)
        group.users.remove(*removing)
        _record(group, "group_members_changed", actor, added=_ids(adding), removed=_ids(removing))
        apply_rules(group.tenant, actor=actor)
    return len(adding), len(removing)


def delete_group(group: Group, *, actor: Actor) -> None:
    """Delete a group that nothing depends on; its members stay users. Raises GroupInUse."""
    with transaction.atomic(), tenant_context(group.tenant):
        _lock(group.tenant)
        if depends := what_depends_on(group):
            raise GroupInUse(depends)
        members = group.users.count()
        _record(group, "group_deleted", actor, members=members)
        group.delete()


def what_depends_on(group: Group) -> list[str]:
    """What names the group and would change its meaning without it: rules and providers, in words."""
    with tenant_context(group.tenant):
        rules = [_("Rule “%(name)s”") % {"name": rule.name} for rule in group.restrictions.order_by("position")]
        providers = [
            _("Single sign-on “%(name)s”") % {"name": each.name} for each in _mapping(group.tenant, group.name)
        ]
    return rules + providers


def _mapping(tenant: Tenant, name: str) -> list[SsoProvider]:
    """The providers that map somebody to the group of this name."""
    providers = SsoProvider.objects.for_tenant(tenant).order_by("name", "pk")
    return [provider for provider in providers if name in provider.group_map.values()]


def _check(group: Group) -> None:
    group.clean_fields(exclude=["tenant"])
    if GROUP_SEPARATOR in group.name:
        raise ValidationError({"name": _("A group's name has no “;”: files of users separate groups by it.")})
    others = Group.objects.for_tenant(group.tenant).exclude(pk=group.pk).values_list("name", flat=True)
    if _comparable(group.name) in map(_comparable, others):
        raise GroupNameTaken


def _comparable(name: str) -> str:
    """The same for names that look the same: full and half width, upper and lower case."""
    return unicodedata.normalize("NFKC", name).casefold()


def _lock(tenant: Tenant) -> None:
    lock_access(tenant)
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _ids(users: Iterable[User]) -> list[str]:
    return sorted(user.login_id for user in users)


def _record(group: Group, action: str, actor: Actor, **details: Any) -> None:
    record_event(
        group.tenant,
        action,
        actor=actor,
        target_type="group",
        target_id=group.public_id,
        target_name=group.name,
        details=details,
    )
