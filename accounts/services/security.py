"""What an organisation demands of its people's logins, and what follows from it."""

import ipaddress
from collections.abc import Iterable

from accounts.errors import OwnNetworkMissing
from accounts.models import MfaDemand, SecuritySettings, User
from tenants.context import tenant_context
from tenants.models import Tenant


def settings_of(tenant: Tenant) -> SecuritySettings:
    """The tenant's security settings: its row, or the defaults, unsaved, of one that never changed them."""
    with tenant_context(tenant):
        found = SecuritySettings.objects.for_tenant(tenant).one()
    return found or SecuritySettings(tenant=tenant)


def demands_factor(user: User, demands: SecuritySettings | None = None) -> bool:
    """Whether the organisation demands a second factor of `user`. `demands` spares looking them up."""
    demands = demands or settings_of(user.tenant)
    return demands.mfa == MfaDemand.EVERYBODY or (demands.mfa == MfaDemand.ADMINS and user.is_admin)


def is_in_networks(ip_address: str | None, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the CIDR networks. No address (a unix socket) lies in none."""
    if not ip_address:
        return False
    address = ipaddress.ip_address(ip_address)
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def check_own_network(networks: Iterable[str], *, ip_address: str | None) -> None:
    """Raise OwnNetworkMissing when Admintool, open to `networks` only, would be shut to `ip_address`. Empty = open."""
    networks = list(networks)
    if networks and not is_in_networks(ip_address, networks):
        raise OwnNetworkMissing(ip_address or "")
