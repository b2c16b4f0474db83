"""Who gets into Admintool: whoever knows the tenant's key and is signed in as one of its administrators.

An unknown key, a member, and anybody of another tenant get the same 404 as an address that does not exist.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.access import MemberRequest, signed_in_user
from accounts.models import User
from admintool.visits import note_visit
from tenants.context import tenant_context
from tenants.middleware import TenantRequest
from tenants.models import Tenant

View = Callable[..., HttpResponseBase]


class AdminRequest(MemberRequest):
    """A request behind `admintool_page`: `user` is an active administrator of `tenant`."""


def admintool_page(view: View) -> View:
    """Show the page to the tenant's administrators, in their `tenant_context` and the tenant's time zone.

    Goes above decorators that check the method: nothing may tell a wrong key from a right one.
    """

    @wraps(view)
    def page(request: TenantRequest, admintool_key: str, **kwargs: Any) -> HttpResponseBase:
        tenant, user = known_tenant(request), signed_in_user(request)
        if user is None:
            return guarded(_login_first(request, admintool_key))
        require_admin(user, tenant)
        with tenant_context(tenant), timezone.override(ZoneInfo(tenant.time_zone)):
            note_visit(request)
            return guarded(view(request, admintool_key, **kwargs))

    return page


def known_tenant(request: TenantRequest) -> Tenant:
    """The tenant whose key is in the address (`TenantMiddleware` looked it up), else Http404."""
    if request.tenant is None:
        raise Http404
    return request.tenant


def require_admin(user: User, tenant: Tenant) -> None:
    if user.tenant != tenant or not user.is_admin:
        raise Http404


def guarded(response: HttpResponseBase) -> HttpResponseBase:
    """No copy of the page stays in a cache, and no other site learns its address."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    return response


def _login_first(request: TenantRequest, admintool_key: str) -> HttpResponse:
    """To Admintool's own login. `next` is a path below the key, so that the key is not in the address twice."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    login = reverse("admintool:login", args=[admintool_key])
    wanted = request.get_full_path().removeprefix(reverse("admintool:overview", args=[admintool_key]))
    is_page = request.method in ("GET", "HEAD") and wanted
    return redirect(f"{login}?{urlencode({'next': wanted})}" if is_page else login)
