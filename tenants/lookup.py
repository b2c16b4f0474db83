"""Which tenant an address names, before anything else is known. A tenant that is not active is none."""

from collections.abc import Mapping
from typing import Any

from tenants.ids import hash_secret
from tenants.models import Tenant


def tenant_with_slug(slug: str) -> Tenant | None:
    return Tenant.objects.filter(is_active=True, slug=slug).first()


def tenant_with_admintool_key(key: str) -> Tenant | None:
    return Tenant.objects.filter(is_active=True, admintool_key_hash=hash_secret(key)).first()


def tenant_of_url(kwargs: Mapping[str, Any]) -> Tenant | None:
    """The tenant named by a URL's `tenant_slug` or `admintool_key`; None for an unknown one and for other URLs."""
    if "tenant_slug" in kwargs:
        return tenant_with_slug(kwargs["tenant_slug"])
    if "admintool_key" in kwargs:
        return tenant_with_admintool_key(kwargs["admintool_key"])
    return None
