"""Who may see a page. Unknown, foreign and not allowed are the same 404; a stranger sees a login page everywhere."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from tenants.context import tenant_context
from tenants.middleware import TenantRequest
from tenants.models import Tenant

View = Callable[..., HttpResponse]


class MemberRequest(HttpRequest):
    """A request behind `member_page` or `admin_page`: somebody of `tenant` is signed in."""

    tenant: Tenant
    user: User


def signed_in_user(request: HttpRequest) -> User | None:
    """The person signed in, when the account and its tenant are active."""
    user = request.user
    return user if isinstance(user, User) and user.is_active and user.tenant.is_active else None


def member_page(view: View) -> View:
    """Show the page to the tenant's own users; the view runs in their `tenant_context`."""
    return _page(view, lambda user: True)


def admin_page(view: View) -> View:
    """Show the page to the tenant's administrators; the view runs in their `tenant_context`."""
    return _page(view, lambda user: user.is_admin)


def _page(view: View, may_see: Callable[[User], bool]) -> View:
    @wraps(view)
    def page(request: TenantRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = signed_in_user(request)
        if user is None:
            return _login_first(request, kwargs)
        if request.tenant != user.tenant or not may_see(user):
            raise Http404
        with tenant_context(user.tenant):
            return view(request, *args, **kwargs)

    return page


def _login_first(request: TenantRequest, kwargs: dict[str, Any]) -> HttpResponse:
    """To the login of the organisation as typed, known or not; an address without one must name a known tenant."""
    slug = kwargs.get("tenant_slug") or (request.tenant and request.tenant.slug)
    if not slug:
        raise Http404
    login = reverse("login", args=[slug])
    if request.method not in ("GET", "HEAD"):
        return redirect(login)
    return redirect_to_login(request.get_full_path(), login)
