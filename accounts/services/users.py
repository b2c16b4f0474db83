"""What happens to users. Each function records it in the tenant's audit log, in its own transaction.

Admintool and the operator's commands call them for others; a user changes the own password and language.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import LastAdmin, LoginIdTaken
from accounts.locks import lock_access
from accounts.logins import end_logins
from accounts.models import Group, Role, User
from accounts.services.passwords import hash_password, keep_former_password
from accounts.services.records import record_about
from accounts.services.restriction_changes import apply_rules
from accounts.services.sso import require_break_glass
from accounts.signals import access_changed
from audit.events import Actor
from tenants.context import tenant_context
from tenants.models import Tenant

EDITABLE = ("login_id", "name", "email", "role", "groups")


def create_user(
    tenant: Tenant,
    *,
    actor: Actor,
    login_id: str,
    name: str,
    password: str | None,
    role: str = Role.MEMBER,
    email: str = "",
    groups: Iterable[Group] = (),
    must_change: bool = False,
) -> User:
    """A new active user of `tenant`; one without a password signs in otherwise. Raises ValidationError by field,
    LoginIdTaken.

    `must_change`: somebody else knows the password; the first login asks for another one.
    """
    user = User(tenant=tenant, login_id=login_id.strip(), name=name.strip(), role=role, email=email)
    user.must_change_password = must_change
    groups = list(groups)
    _check(user, groups)
    if password is None:
        user.set_unusable_password()
    else:
        user.password = hash_password(password, user=user)
        user.password_changed_at = timezone.now()
    with transaction.atomic(), tenant_context(tenant):
        _save_new(user)
        user.groups.set(groups)
        record_about(user, "user_created", actor=actor, login_id=user.login_id, role=user.role)
    return user


def edit_user(user: User, *, actor: Actor, **changes: Any) -> None:
    """Change any of login_id, name, email, role and groups; what stays the same is not recorded.

    A new role takes effect everywhere at once (`access_changed`), and so do the rules for new groups. Raises
    ValidationError by field, LoginIdTaken, LastAdmin, NoWayIn, and leaves `user` as it was; TypeError for another name.
    """
    if unknown := set(changes) - set(EDITABLE):
        raise TypeError(f"edit_user does not change {', '.join(sorted(unknown))}.")
    groups = changes.pop("groups", None)
    with transaction.atomic(), tenant_context(user.tenant):
        _lock_users_of(user.tenant)
        draft = User.objects.for_tenant(user.tenant).select_related("tenant").get(pk=user.pk)
        differences = _apply(draft, changes)
        _check(draft, list(groups or ()))
        if "role" in differences and draft.is_active and not draft.is_admin:
            _require_another_admin(draft)
        draft.save(update_fields=list(differences))
        differences |= _set_groups(draft, groups)
        if differences:
            record_about(draft, "user_edited", actor=actor, changed=differences)
        if "role" in differences:
            _announce(draft, "role_changed", actor)
        if "groups" in differences:
            apply_rules(user.tenant, actor=actor)
    user.refresh_from_db()


def set_password(user: User, *, actor: Actor, password: str, must_change: bool = False) -> None:
    """Give `user` a new password and end all logins. Raises ValidationError {"password": …}.

    `must_change`: somebody else knows it; the next login asks for another one.
    """
    encoded = hash_password(password, user=user)
    with transaction.atomic(), tenant_context(user.tenant):
        keep_former_password(user, now_hashed=encoded)
        user.password = encoded
        user.password_changed_at = timezone.now()
        user.must_change_password = must_change
        user.save(update_fields=["password", "password_changed_at", "must_change_password"])
        record_about(user, "password_changed", actor=actor, logins_ended=end_logins(user), given_by_another=must_change)
        _announce(user, "password_changed", actor)


def disable_user(user: User, *, actor: Actor) -> None:
    """Shut `user` out: logins and meetings end. Nothing is deleted; again is no-op. Raises LastAdmin."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock_users_of(user.tenant)
        user.refresh_from_db(fields=["is_active", "role"])
        if not user.is_active:
            return
        if user.is_admin:
            _require_another_admin(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        record_about(user, "user_disabled", actor=actor, logins_ended=end_logins(user))
        _announce(user, "disabled", actor)


def enable_user(user: User, *, actor: Actor) -> None:
    """Let a disabled `user` sign in again; again is no-op."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock_users_of(user.tenant)
        user.refresh_from_db(fields=["is_active"])
        if user.is_active:
            return
        user.is_active = True
        user.save(update_fields=["is_active"])
        record_about(user, "user_enabled", actor=actor)


def set_language(user: User, *, language: str) -> None:
    """Remember the language `user` reads pages in: a preference, which no log keeps."""
    with transaction.atomic(), tenant_context(user.tenant):
        user.language = language
        user.save(update_fields=["language"])


def _check(user: User, groups: list[Group]) -> None:
    """Raise what is wrong with the fields. The password and constraints have checks of their own."""
    user.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    if any(group.tenant_id != user.tenant_id for group in groups):
        raise ValidationError({"groups": _("Choose groups of this organisation.")})
    with tenant_context(user.tenant):
        other = User.objects.with_login_id(user.tenant, user.login_id)
    if other is not None and other.pk != user.pk:
        raise LoginIdTaken


def _save_new(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:  # somebody else took the login id since `_check`
        raise LoginIdTaken from error


def _apply(user: User, changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Set the changed fields and return {field: {"from", "to"}} of those that differ."""
    wanted = {name: value.strip() for name, value in changes.items()}
    before = {name: getattr(user, name) for name in wanted}
    differences = {name: {"from": before[name], "to": wanted[name]} for name in wanted if before[name] != wanted[name]}
    for name, difference in differences.items():
        setattr(user, name, difference["to"])
    return differences


def _set_groups(user: User, groups: Iterable[Group] | None) -> dict[str, dict[str, Any]]:
    """Set the groups, unless None; the difference by name."""
    if groups is None:
        return {}
    before = sorted(group.name for group in user.groups.all())
    user.groups.set(groups)
    after = sorted(group.name for group in user.groups.all())
    return {"groups": {"from": before, "to": after}} if before != after else {}


def _lock_users_of(tenant: Tenant) -> None:
    """One change of a tenant's users at a time: two administrators must not disable each other at once."""
    lock_access(tenant)
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _require_another_admin(user: User) -> None:
    admins = User.objects.for_tenant(user.tenant).filter(role=Role.ADMIN, is_active=True)
    if not admins.exclude(pk=user.pk).exists():
        raise LastAdmin
    require_break_glass(user.tenant, without=user)


def _announce(user: User, reason: str, actor: Actor) -> None:
    access_changed.send(sender=None, user=user, reason=reason, login_key="", actor=actor)
