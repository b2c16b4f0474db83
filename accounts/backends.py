"""Signing in by organisation, login id and password."""

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from accounts.lookups import TENANT_OF_USER
from accounts.models import User
from tenants.context import tenant_context
from tenants.models import Tenant

NOBODYS_PASSWORD = "!"  # noqa: S105 - matches nothing; checking against it costs Django one hash all the same


class TenantBackend(BaseBackend):
    """Django's and allauth's way to our users. Every refusal costs the same single password hash."""

    def authenticate(  # type: ignore[override]  # Django passes any credentials by name
        self, request: HttpRequest | None, *, tenant: Tenant | None, login_id: str, password: str
    ) -> User | None:
        """The active user of `tenant` with this login id and password. No tenant is like an unknown one."""
        user = _find(tenant, login_id)
        if not check_password(password, user.password if user else NOBODYS_PASSWORD):
            return None
        return user if user and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The active user of a login: the session names only the user, so the tenant is looked up first."""
        tenant = TENANT_OF_USER.tenant(user_id)
        if tenant is None:
            return None
        with tenant_context(tenant):
            return User.objects.select_related("tenant").filter(pk=user_id, is_active=True).first()


def _find(tenant: Tenant | None, login_id: str) -> User | None:
    if tenant is None:
        return None
    with tenant_context(tenant):
        return User.objects.with_login_id(tenant, login_id)
