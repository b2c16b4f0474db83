from typing import cast

from django.http import HttpResponse
from django.test import RequestFactory

from tenants.middleware import TenantMiddleware, TenantRequest
from tenants.models import Tenant


def resolved(kwargs: dict[str, str]) -> Tenant | None:
    middleware = TenantMiddleware(lambda request: HttpResponse())
    request = cast(TenantRequest, RequestFactory().get("/"))
    middleware(request)
    middleware.process_view(request, None, (), kwargs)
    return request.tenant


def test_tenant_comes_from_the_slug(tenant: Tenant) -> None:
    assert resolved({"tenant_slug": "acme"}) == tenant


def test_tenant_comes_from_the_admintool_key(tenant: Tenant) -> None:
    assert resolved({"admintool_key": "admintool-key-of-acme"}) == tenant


def test_unknown_tenant_is_none_and_no_answer_by_itself(tenant: Tenant) -> None:
    assert resolved({"tenant_slug": "none"}) is None
    assert resolved({"admintool_key": "wrong"}) is None


def test_suspended_tenant_is_none(tenant: Tenant) -> None:
    Tenant.objects.update(is_active=False)
    assert resolved({"tenant_slug": "acme"}) is None
    assert resolved({"admintool_key": "admintool-key-of-acme"}) is None


def test_address_of_no_tenant_has_none(tenant: Tenant) -> None:
    assert resolved({}) is None
    assert resolved({"guest_pass": "acme"}) is None


def test_request_that_matches_no_view_has_none(tenant: Tenant) -> None:
    request = cast(TenantRequest, RequestFactory().get("/none/"))
    TenantMiddleware(lambda request: HttpResponse())(request)
    assert request.tenant is None
