"""Who gets into Admintool: whoever knows the tenant's key and is signed in as one of its administrators.

An unknown key, a network that is not the tenant's, a member, and anybody of another tenant get the same 404 as an
address that does not exist.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.access import MemberRequest, context_of, page_to_return_to, signed_in_user
from accounts.middleware import refreshes_itself
from accounts.models import User
from accounts.network import client_ip
from accounts.services.security import is_in_networks, settings_of
from accounts.sessions import is_confirmed
from admintool.visits import note_visit, record_refusal
from tenants.middleware import TenantRequest
from tenants.models import Tenant

View = Callable[..., HttpResponseBase]
SEEN_AT = "admintool_seen_at"  # epoch s
NOTED_EVERY = 60  # s

logger = structlog.get_logger(__name__)


class AdminRequest(MemberRequest):
    """A request behind `admintool_page`: `user` is an active administrator of `tenant`."""


def admintool_page(view: View) -> View:
    """Show the page to the tenant's administrators, in their `tenant_context` and the tenant's time zone.

    Goes above decorators that check the method: nothing may tell a wrong key from a right one. Who was away for longer
    than the tenant allows confirms first who they are.
    """
    return _page(view, asks_after_a_while=True)


def confirming_page(view: View) -> View:
    """Like `admintool_page`, for the page on which people confirm who they are."""
    return _page(view, asks_after_a_while=False)


def reauthenticated(view: View) -> View:
    """Below `admintool_page`: show it to who proved who they are within 5 minutes; others do so first.

    The page with the form asks, so that nothing typed is lost; a form sent later than that is not done, and says so.
    """

    @wraps(view)
    def page(request: AdminRequest, admintool_key: str, **kwargs: Any) -> HttpResponseBase:
        if is_confirmed(request):
            return view(request, admintool_key, **kwargs)
        return confirm_first(request, admintool_key)

    return page


def confirm_first(request: HttpRequest, admintool_key: str) -> HttpResponse:
    """To the page that asks who one is, and from there back. `next` is a path below the key."""
    address = reverse("admintool:confirm", args=[admintool_key])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    first = reverse("admintool:overview", args=[admintool_key])
    wanted = page_to_return_to(request).removeprefix(first)
    return redirect(f"{address}?{urlencode({'next': wanted})}" if wanted else address)


def known_tenant(request: TenantRequest) -> Tenant:
    """The tenant whose key is in the address (`TenantMiddleware` looked it up), open to where the request is from.

    Else Http404: from elsewhere the right key looks like a wrong one.
    """
    tenant = request.tenant
    if tenant is None:
        logger.warning("Unknown Admintool address", ip_address=client_ip(request))
        raise Http404
    networks = settings_of(tenant).admintool_networks
    if networks and not is_in_networks(client_ip(request), networks):
        record_refusal(request, tenant, "network")
        raise Http404
    return tenant


def require_admin(request: TenantRequest, user: User, tenant: Tenant) -> None:
    if user.tenant != tenant or not user.is_admin:
        record_refusal(request, tenant, "role" if user.tenant == tenant else "tenant")
        raise Http404


def _page(view: View, *, asks_after_a_while: bool) -> View:
    @wraps(view)
    def page(request: TenantRequest, admintool_key: str, **kwargs: Any) -> HttpResponseBase:
        tenant = known_tenant(request)
        user = signed_in_user(request)
        if user is None:
            return guarded(_login_first(request, admintool_key))
        require_admin(request, user, tenant)
        note_visit(request)
        if asks_after_a_while and not _was_here_lately(request, tenant):
            return guarded(confirm_first(request, admintool_key))
        with context_of(view, tenant), timezone.override(ZoneInfo(tenant.time_zone)):
            return guarded(view(request, admintool_key, **kwargs))

    return page


def _was_here_lately(request: TenantRequest, tenant: Tenant) -> bool:
    """Whether Admintool was used, or entered by a proof of who one is, within the tenant's limit; notes the use."""
    now = time.time()
    seen_at = request.session.get(SEEN_AT, 0)
    limit = settings_of(tenant).admintool_idle_minutes * 60
    if now - seen_at > limit and not is_confirmed(request, within=limit):
        return False
    if now - seen_at > NOTED_EVERY and not refreshes_itself(request):
        request.session[SEEN_AT] = now
    return True


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
