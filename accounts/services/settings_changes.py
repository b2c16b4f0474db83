"""Changing what an organisation demands. The settings themselves are read by `accounts.services.security`."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.errors import TooFewAdmins
from accounts.models import Role, SecuritySettings, User
from accounts.services.approvals import register
from accounts.services.security import settings_of
from accounts.services.sso import check_sso_only
from accounts.signals import settings_changed
from audit.events import Actor, record_about_tenant
from tenants.context import tenant_context
from tenants.models import Tenant

RETENTION = "retention_days"  # the one setting that the tenant's own row holds
SETTINGS = tuple(
    field.name for field in SecuritySettings._meta.concrete_fields if field.name not in ("id", "tenant")
) + (RETENTION,)


def changed_settings(tenant: Tenant, wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Which of the wanted settings are others than now: {setting: (from, to)}. TypeError for an unknown name."""
    if unknown := set(wanted) - set(SETTINGS):
        raise TypeError(f"There are no settings {', '.join(sorted(unknown))}.")
    now = current_settings(tenant)
    return {name: (now[name], wanted[name]) for name in SETTINGS if name in wanted and now[name] != wanted[name]}


def current_settings(tenant: Tenant) -> dict[str, Any]:
    """All settings by name, as they are in force."""
    row = settings_of(tenant)
    retention = Tenant.objects.values_list(RETENTION, flat=True).get(pk=tenant.pk)
    return {name: getattr(row, name) for name in SETTINGS if name != RETENTION} | {RETENTION: retention}


def change_settings(tenant: Tenant, *, actor: Actor, **changes: Any) -> dict[str, tuple[Any, Any]]:
    """Put the settings in force at once, running meetings included; what really changed, as {setting: (from, to)}.

    Raises ValidationError by setting, TooFewAdmins; TypeError for an unknown name. Nothing changed, nothing recorded.
    """
    with transaction.atomic(), tenant_context(tenant):
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        differences = changed_settings(tenant, changes)
        if not differences:
            return {}
        _check(tenant, differences)
        _save(tenant, {name: wanted for name, (_was, wanted) in differences.items()})
        _record(tenant, differences, actor)
        settings_changed.send(sender=None, tenant=tenant, changed=tuple(differences), actor=actor)
    tenant.refresh_from_db(fields=[RETENTION])
    return differences


@register("security_settings")
def carry_out(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    """An approved change: `payload` is the settings by name."""
    change_settings(tenant, actor=actor, **payload)


def check_settings(tenant: Tenant, changes: Mapping[str, Any]) -> None:
    """Raise what would be refused, changing nothing."""
    with tenant_context(tenant):
        _check(tenant, changed_settings(tenant, changes))


def _check(tenant: Tenant, differences: Mapping[str, tuple[Any, Any]]) -> None:
    row = settings_of(tenant)
    for name, (_was, wanted) in differences.items():
        setattr(tenant if name == RETENTION else row, name, wanted)
    try:
        row.full_clean(exclude=["tenant"], validate_unique=False, validate_constraints=False)
        tenant.clean_fields(exclude=[field.name for field in Tenant._meta.fields if field.name != RETENTION])
    finally:
        tenant.refresh_from_db(fields=[RETENTION])
    if differences.get("four_eyes", (False, False))[1] and _admins(tenant) < 2:
        raise TooFewAdmins
    if differences.get("sso_only", (False, False))[1]:
        _check_sso(tenant)


def _check_sso(tenant: Tenant) -> None:
    try:
        check_sso_only(tenant)
    except ValidationError as error:
        raise ValidationError({"sso_only": error.messages}) from error


def _admins(tenant: Tenant) -> int:
    return int(User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True).count())


def _save(tenant: Tenant, wanted: dict[str, Any]) -> None:
    retention = wanted.pop(RETENTION, None)
    if retention is not None:
        Tenant.objects.filter(pk=tenant.pk).update(**{RETENTION: retention})
    if wanted:
        SecuritySettings.objects.update_or_create(tenant=tenant, defaults=wanted)


def _record(tenant: Tenant, differences: Mapping[str, tuple[Any, Any]], actor: Actor) -> None:
    """As a list: a setting's name may hold the word that no detail of an event may be called by."""
    changes = [{"setting": name, "from": was, "to": wanted} for name, (was, wanted) in differences.items()]
    record_about_tenant(
        tenant,
        "security_settings_changed",
        actor=actor,
        details={"changes": changes},
    )
