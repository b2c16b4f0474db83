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
    """A request behind `member_page`: somebody of `tenant` is signed in."""

    tenant: Tenant
    user: User


def signed_in_user(request: HttpRequest) -> User | None:
    """The person signed in, when the account and its tenant are active."""
    user = request.user
    return user if isinstance(user, User) and user.is_active and user.tenant.is_active else None


def member_page(view: View) -> View:
    """Show the page, whose address has a `tenant_slug`, to that tenant's own users, in their `tenant_context`."""

    @wraps(view)
    def page(request: TenantRequest, *args: Any, tenant_slug: str, **kwargs: Any) -> HttpResponse:
        user = signed_in_user(request)
        if user is None:
            return _login_first(request, tenant_slug)
        if request.tenant != user.tenant:
            raise Http404
        with tenant_context(user.tenant):
            return view(request, *args, tenant_slug=tenant_slug, **kwargs)

    return page


def _login_first(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """To the login of the organisation as typed, known or not; a form that was sent is not to come back to."""
    login = reverse("login", args=[tenant_slug])
    if request.method not in ("GET", "HEAD"):
        return redirect(login)
    return redirect_to_login(request.get_full_path(), login)
