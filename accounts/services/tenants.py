"""What happens to tenants."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.errors import SlugTaken, TenantEnded
from accounts.locks import lock_access
from accounts.logins import end_all_logins
from accounts.signals import tenant_suspended
from audit.events import Actor, record_about_tenant
from tenants.context import tenant_context
from tenants.ids import hash_secret, new_secret
from tenants.lookup import tenant_with_admintool_key
from tenants.models import Tenant


def create_tenant(slug: str, *, name: str, actor: Actor) -> tuple[Tenant, str]:
    """A new tenant and its Admintool key, which is known only now. Raises ValidationError by field, SlugTaken."""
    key = new_secret()
    tenant = Tenant(slug=slug, name=name.strip(), admintool_key_hash=hash_secret(key))
    tenant.full_clean(validate_unique=False)
    with transaction.atomic():
        _save_new(tenant)
        with tenant_context(tenant):
            _record(tenant, "tenant_created", actor)
    return tenant, key


def rotate_admintool_key(tenant: Tenant, *, actor: Actor) -> str:
    """A new Admintool key; the old address is an ordinary 404 from now on."""
    key = new_secret()
    with transaction.atomic(), tenant_context(tenant):
        tenant.admintool_key_hash = hash_secret(key)
        tenant.save(update_fields=["admintool_key_hash"])
        _record(tenant, "admintool_url_rotated", actor)
    return key


def suspend_tenant(tenant: Tenant, *, actor: Actor, reason: str = "") -> int:
    """Shut the whole organisation: all logins and meetings end, nobody gets in, nothing is deleted.

    Returns how many logins ended; again is no-op. `reason` is kept in the organisation's own log.
    """
    with transaction.atomic(), tenant_context(tenant):
        lock_access(tenant)
        if not _switch(tenant, is_active=True, to=False):
            return 0
        ended = end_all_logins(tenant)
        _record(tenant, "tenant_suspended", actor, reason=reason, logins_ended=ended)
        tenant_suspended.send(sender=None, tenant=tenant, actor=actor)
    return ended


def resume_tenant(tenant: Tenant, *, actor: Actor) -> None:
    """Open a suspended organisation again; again is no-op. Raises TenantEnded when its data was erased."""
    if tenant.erased_at is not None:
        raise TenantEnded
    with transaction.atomic(), tenant_context(tenant):
        if _switch(tenant, is_active=False, to=True):
            _record(tenant, "tenant_resumed", actor)


def find_tenant_by_admintool_key(key: str) -> Tenant | None:
    """The active tenant whose Admintool key this is."""
    return tenant_with_admintool_key(key)


def _switch(tenant: Tenant, *, is_active: bool, to: bool) -> bool:
    """Whether the tenant was `is_active` and has been switched."""
    switched = Tenant.objects.filter(pk=tenant.pk, is_active=is_active).update(is_active=to)
    tenant.is_active = to
    return bool(switched)


def _save_new(tenant: Tenant) -> None:
    if _slug_is_taken(tenant.slug):
        raise SlugTaken
    try:
        with transaction.atomic():
            tenant.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken from error


def _slug_is_taken(slug: str) -> bool:
    return Tenant.objects.filter(slug=slug).exists()


def _record(tenant: Tenant, action: str, actor: Actor, **details: Any) -> None:
    record_about_tenant(
        tenant,
        action,
        actor=actor,
        details={"slug": tenant.slug, **details},
    )
