"""Who may see a page. Unknown, foreign and not allowed are the same 404; a stranger sees a login page everywhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sessions import is_confirmed
from tenants.context import tenant_context
from tenants.middleware import TenantRequest
from tenants.models import Tenant

View = Callable[..., HttpResponse]
AnyView = TypeVar("AnyView", bound=Callable[..., Any])


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
        with context_of(view, user.tenant):
            return view(request, *args, tenant_slug=tenant_slug, **kwargs)

    return page


def opens_own_context(view: AnyView) -> AnyView:
    """For a view that hashes a password: it is called outside of `tenant_context`, which is a transaction.

    Its services open their own; what it reads itself it reads in one of its own.
    """
    view.opens_own_context = True  # type: ignore[attr-defined]
    return view


def context_of(view: Callable[..., Any], tenant: Tenant) -> AbstractContextManager[object]:
    """What to call the view in."""
    return nullcontext() if getattr(view, "opens_own_context", False) else tenant_context(tenant)


def confirmed(view: View) -> View:
    """Below `member_page`: show it to who proved lately who they are; others do so first and then come back."""

    @wraps(view)
    def page(request: MemberRequest, *args: Any, tenant_slug: str, **kwargs: Any) -> HttpResponse:
        if is_confirmed(request):
            return view(request, *args, tenant_slug=tenant_slug, **kwargs)
        return redirect_to_login(page_to_return_to(request), reverse("confirm", args=[tenant_slug]))

    return page


def page_to_return_to(request: HttpRequest) -> str:
    """The page that was asked for; of a form that was sent, the page it is on, and a word that nothing is done yet."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    messages.warning(request, _("Nothing has been changed yet: confirm who you are, then send the form again."))
    return urlsplit(request.headers.get("Referer", "")).path or request.path


def _login_first(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """To the login of the organisation as typed, known or not; a form that was sent is not to come back to."""
    login = reverse("login", args=[tenant_slug])
    if request.method not in ("GET", "HEAD"):
        return redirect(login)
    return redirect_to_login(request.get_full_path(), login)
