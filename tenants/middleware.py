"""Which tenant a request is about."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from tenants.lookup import tenant_of_url
from tenants.models import Tenant


class TenantRequest(HttpRequest):
    """A request behind `TenantMiddleware`."""

    tenant: Tenant | None


class TenantMiddleware:
    """Set `request.tenant` from the URL: a Tenant, or None for an unknown one and for URLs of no tenant.

    It never answers by itself: unknown and known organisations must look alike to a stranger.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: TenantRequest) -> HttpResponseBase:
        request.tenant = None
        return self.get_response(request)

    def process_view(self, request: TenantRequest, view: object, args: object, kwargs: Mapping[str, Any]) -> None:
        request.tenant = tenant_of_url(kwargs)
