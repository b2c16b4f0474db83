"""Which of a tenant's users it is that the tenant's provider asserts.

A person is known by (provider, subject) and by nothing else; a mail address never matters. Who is not known yet may be
linked to the account with the asserted user ID, or get an account, when the provider's settings say so.
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.errors import BreakGlassNeeded, LastAdmin, NoWayIn
from accounts.locks import lock_access
from accounts.models import Group, Role, SsoIdentity, SsoProvider, User
from accounts.services.records import record_about
from accounts.services.users import create_user, edit_user
from accounts.sso.asserted import Asserted
from accounts.sso.refusals import SsoRefused
from audit.events import Actor, record_event
from tenants.context import tenant_context
from tenants.models import Tenant


@dataclass(frozen=True)
class Preview:
    """Whom a sign-on would sign in, and how the account would be afterwards."""

    login_id: str
    name: str
    role: str
    groups: tuple[str, ...]
    is_new: bool


def person_for(provider: SsoProvider, asserted: Asserted, *, actor: Actor) -> User:
    """The active user who signs in, linked, created, and changed as the provider's settings say. Raises SsoRefused."""
    with transaction.atomic(), tenant_context(provider.tenant):
        user = _known(provider, asserted) or _first_login(provider, asserted, actor)
        if not user.is_active:
            raise SsoRefused("disabled", user.login_id)
        _follow(provider, asserted, user)
        now = timezone.now()
        SsoIdentity.objects.for_tenant(provider.tenant).filter(provider=provider, user=user).update(last_used_at=now)
        SsoProvider.objects.for_tenant(provider.tenant).filter(pk=provider.pk).update(worked_at=now)
    return user


def person_linked(provider: SsoProvider, asserted: Asserted) -> User | None:
    """The user who is linked to the asserted person already."""
    with tenant_context(provider.tenant):
        return _known(provider, asserted)


def preview(provider: SsoProvider, asserted: Asserted, *, actor: Actor) -> Preview:
    """What `person_for` would do: it is done, looked at and undone. That it worked is remembered. Raises SsoRefused."""
    with transaction.atomic(), tenant_context(provider.tenant):
        is_new = _known(provider, asserted) is None and not _account_to_link(provider, asserted)
        with transaction.atomic():
            user = person_for(provider, asserted, actor=actor)
            groups = tuple(sorted(group.name for group in user.groups.all()))
            found = Preview(user.login_id, user.name, user.role, groups, is_new)
            transaction.set_rollback(True)
        SsoProvider.objects.for_tenant(provider.tenant).filter(pk=provider.pk).update(worked_at=timezone.now())
    return found


def record_refusal(provider: SsoProvider, refusal: SsoRefused, *, actor: Actor, subject: str, is_test: bool) -> None:
    """Whoever came back from the provider, as `subject` if that far, was not signed in, for this reason."""
    with transaction.atomic(), tenant_context(provider.tenant):
        record_event(
            provider.tenant,
            "sso_test_failed" if is_test else "login_failed",
            actor=actor,
            target_type="user",
            target_name=subject,
            details={
                "method": "sso",
                "provider": provider.name,
                "reason": refusal.reason,
                "detail": refusal.detail,
            },
        )


def _known(provider: SsoProvider, asserted: Asserted) -> User | None:
    identities = SsoIdentity.objects.for_tenant(provider.tenant).select_related("user__tenant")
    found = identities.filter(provider=provider, subject=asserted.subject).first()
    return found.user if found else None


def _first_login(provider: SsoProvider, asserted: Asserted, actor: Actor) -> User:
    """Link or create the account, one of a tenant at a time."""
    lock_access(provider.tenant)
    Tenant.objects.select_for_update(no_key=True).get(pk=provider.tenant_id)
    return _known(provider, asserted) or _link_or_create(provider, asserted, actor)


def _link_or_create(provider: SsoProvider, asserted: Asserted, actor: Actor) -> User:
    user = _account_to_link(provider, asserted)
    if user is None:
        if not provider.creates_users:
            raise SsoRefused("unknown_person", _asserted_login_id(provider, asserted))
        user = _create(provider, asserted, actor)
    SsoIdentity.objects.create(tenant=provider.tenant, provider=provider, subject=asserted.subject, user=user)
    record_about(user, "sso_linked", actor=actor, provider=provider.name, subject=asserted.subject)
    return user


def _account_to_link(provider: SsoProvider, asserted: Asserted) -> User | None:
    """The account with the asserted user ID, when the settings allow linking. Raises SsoRefused when it may not be."""
    if not provider.login_id_attribute:
        return None
    login_id = asserted.value(provider.login_id_attribute)
    user = User.objects.with_login_id(provider.tenant, login_id) if login_id else None
    if user is None:
        return None
    if not user.is_active:
        raise SsoRefused("disabled", login_id)
    if user.is_break_glass or SsoIdentity.objects.for_tenant(provider.tenant).filter(provider=provider, user=user):
        raise SsoRefused("user_id_not_free", login_id)
    return user


def _create(provider: SsoProvider, asserted: Asserted, actor: Actor) -> User:
    """A new account without a password. Its user ID is the asserted one, else the subject."""
    login_id = _asserted_login_id(provider, asserted)
    name = asserted.value(provider.config.get("name_attribute") or "name") or login_id
    try:
        return create_user(
            provider.tenant,
            actor=actor,
            login_id=login_id,
            name=name[:100],
            email=_email(provider, asserted),
            password=None,
            role=provider.default_role,
        )
    except ValidationError as error:
        raise SsoRefused("user_id_not_free", f"{login_id}: {' '.join(error.messages)}") from error


def _email(provider: SsoProvider, asserted: Asserted) -> str:
    email = asserted.value(provider.config.get("email_attribute") or "email")
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email


def _asserted_login_id(provider: SsoProvider, asserted: Asserted) -> str:
    return asserted.value(provider.login_id_attribute) if provider.login_id_attribute else asserted.subject


def _follow(provider: SsoProvider, asserted: Asserted, user: User) -> None:
    """Set role and groups as asserted now: who lost a group at the provider loses it here, and an administrator too.

    The last administrator stays one, which is recorded. Groups that the settings do not name are left alone.
    """
    if not provider.groups_attribute:
        return
    asserted_values = set(asserted.values(provider.groups_attribute))
    if provider.group_map:
        groups = _groups(provider, asserted_values, user)
        if set(groups) != set(user.groups.all()):
            _edit(provider, user, groups=groups)
    if provider.admin_values:
        role = Role.ADMIN if asserted_values & set(provider.admin_values) else Role.MEMBER
        if role != user.role:
            _edit(provider, user, role=role)


def _edit(provider: SsoProvider, user: User, **change: Any) -> None:
    by_provider = Actor(name=provider.name)
    try:
        edit_user(user, actor=by_provider, **change)
    except (LastAdmin, BreakGlassNeeded, NoWayIn) as error:
        why = " ".join(error.messages)
        record_about(user, "sso_change_refused", actor=by_provider, change=sorted(change), why=why)


def _groups(provider: SsoProvider, asserted_values: set[str], user: User) -> list[Group]:
    named = {name.lower(): value for value, name in provider.group_map.items()}
    mapped = {name.lower() for value, name in provider.group_map.items() if value in asserted_values}
    groups = Group.objects.for_tenant(provider.tenant).alias(lower_name=Lower("name"))
    kept = [group for group in user.groups.all() if group.name.lower() not in named]
    return [*kept, *groups.filter(lower_name__in=mapped)]
