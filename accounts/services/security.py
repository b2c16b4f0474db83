"""What an organisation demands of its people's logins, and what follows from it."""

from accounts.models import SecuritySettings
from tenants.context import tenant_context
from tenants.models import Tenant


def settings_of(tenant: Tenant) -> SecuritySettings:
    """The tenant's security settings: its row, or the defaults, unsaved, of one that never changed them."""
    with tenant_context(tenant):
        found = SecuritySettings.objects.for_tenant(tenant).first()
    return found or SecuritySettings(tenant=tenant)
