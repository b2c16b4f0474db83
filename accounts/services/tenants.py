"""What happens to tenants."""

from django.db import IntegrityError, transaction

from accounts.errors import SlugTaken
from audit.events import Actor, record_event
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


def find_tenant_by_admintool_key(key: str) -> Tenant | None:
    """The active tenant whose Admintool key this is."""
    return tenant_with_admintool_key(key)


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


def _record(tenant: Tenant, action: str, actor: Actor) -> None:
    record_event(
        tenant,
        action,
        actor=actor,
        target_type="tenant",
        target_id=tenant.public_id,
        target_name=tenant.name,
        details={"slug": tenant.slug},
    )
