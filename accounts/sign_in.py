"""Signing in and out in a browser, with allauth's flows behind (its stages, signals and usersessions)."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.password_change import finalize_password_change
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.access import MemberRequest, signed_in_user
from accounts.actors import actor_of
from accounts.addresses import is_page_of
from accounts.errors import LoginRefused, TooManyTries, WrongPassword
from accounts.models import User
from accounts.network import client_ip
from accounts.services.logins import end_login, record_refused_login
from accounts.services.passwords import password_matches
from accounts.services.users import set_password
from accounts.throttle import Throttle
from tenants.middleware import TenantRequest

_throttle = Throttle("login")


def sign_in(request: TenantRequest, *, slug: str, login_id: str, password: str) -> HttpResponse:
    """Check the password and log in; the answer leads to `next` or to the rooms. Raises as `check_login`."""
    user = check_login(request, slug=slug, login_id=login_id, password=password)
    return log_in(request, user, target=_target(request, user))


def check_login(request: TenantRequest, *, slug: str, login_id: str, password: str, admins_only: bool = False) -> User:
    """Whose login this is; nobody is logged in yet.

    Every refusal is the same `LoginRefused` after one password hash. Raises TooManyTries before any.
    """
    keys = (slug, login_id.lower(), client_ip(request))
    _ask_for_try(keys)
    user = get_adapter().authenticate(request, tenant=request.tenant, login_id=login_id, password=password)
    if not isinstance(user, User) or (admins_only and not user.is_admin):
        _throttle.failed(*keys)
        if request.tenant is not None:
            record_refused_login(request.tenant, ip_address=client_ip(request), login_id=login_id)
        raise LoginRefused
    _throttle.succeeded(*keys)
    return user


def log_in(request: HttpRequest, user: User, *, target: str) -> HttpResponse:
    """Log `user` in, in place of whoever was; the answer leads to `target`, an address of ours."""
    sign_out(request)
    return perform_password_login(request, {}, Login(user=user, redirect_url=target))


def sign_out(request: HttpRequest) -> None:
    """End the login of this browser, if there is one."""
    if isinstance(request.user, User):
        end_login(request.user, actor=actor_of(request), session_key=request.session.session_key)
        logout(request)


def change_own_password(request: MemberRequest, *, old_password: str, password: str) -> None:
    """Change the password of whoever knows the old one; of all logins only this browser's goes on, with a new key.

    Raises WrongPassword, TooManyTries (a try counts as one to log in) and ValidationError {"password": …}.
    """
    user = request.user
    keys = (user.tenant.slug, user.login_id.lower(), client_ip(request))
    _ask_for_try(keys)
    if not password_matches(user, old_password):
        _throttle.failed(*keys)
        raise WrongPassword
    _throttle.succeeded(*keys)
    set_password(user, actor=actor_of(request), password=password)
    finalize_password_change(request, user)


def target_when_signed_in(request: TenantRequest) -> str | None:
    """Where the login page leads somebody who is signed in to its tenant already; None for everybody else."""
    user = signed_in_user(request)
    return _target(request, user) if user and user.tenant == request.tenant else None


def _ask_for_try(keys: tuple[str, ...]) -> None:
    wait = _throttle.retry_after(*keys)
    if wait > 0:
        raise TooManyTries(wait)


def _target(request: HttpRequest, user: User) -> str:
    wanted = request.GET.get("next", "")
    return wanted if is_page_of(user.tenant, wanted) else reverse("rooms", args=[user.tenant.slug])
