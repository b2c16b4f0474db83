"""Signing in and out in a browser, with allauth's flows behind (its stages, signals and usersessions)."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.password_change import finalize_password_change
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.access import MemberRequest, signed_in_user
from accounts.actors import actor_of
from accounts.addresses import is_page_of, without_key
from accounts.errors import LoginRefused, PasskeyRefused, TooManyTries, WrongPassword
from accounts.models import User
from accounts.network import client_ip
from accounts.passkeys import finish_proving, user_id_in
from accounts.proofs import read_credential
from accounts.services.logins import end_login, record_refused_login
from accounts.services.passwords import password_matches
from accounts.services.sso import may_skip_sso
from accounts.services.users import set_password
from accounts.stages import BY_PASSWORD, forget_pending
from accounts.throttle import login_throttle
from tenants.context import tenant_context
from tenants.middleware import TenantRequest


def sign_in(request: TenantRequest, *, slug: str, login_id: str, password: str) -> HttpResponse:
    """Check the password and log in; the answer leads to `next`, to the rooms or to what the login still owes.

    Raises as `check_login`.
    """
    user = check_login(request, slug=slug, login_id=login_id, password=password)
    return log_in(request, user, target=target_of(request, user))


def check_login(request: TenantRequest, *, slug: str, login_id: str, password: str, admins_only: bool = False) -> User:
    """Whose login this is; nobody is logged in yet.

    Every refusal is the same `LoginRefused` after one password hash. Raises TooManyTries before any.
    """
    keys = (slug, login_id.lower(), client_ip(request))
    _ask_for_try(keys)
    user = get_adapter().authenticate(request, tenant=request.tenant, login_id=login_id, password=password)
    if not isinstance(user, User) or (admins_only and not user.is_admin) or not may_skip_sso(user):
        login_throttle.failed(*keys)
        if request.tenant is not None:
            record_refused_login(request.tenant, ip_address=client_ip(request), login_id=login_id)
        raise LoginRefused
    login_throttle.succeeded(*keys)
    return user


def check_passkey(request: TenantRequest, *, state: str, answer: str, admins_only: bool = False) -> User:
    """Whose passkey the browser's answer proves, with PIN or finger. Raises LoginRefused, the same for every reason."""
    try:
        credential = read_credential(answer)
        user = _user_of_passkey(request, credential)
        if user is None or (admins_only and not user.is_admin) or not may_skip_sso(user):
            raise PasskeyRefused
        finish_proving(request, user, state=state, credential=credential, is_alone=True)
    except PasskeyRefused as error:
        if request.tenant is not None:
            record_refused_login(request.tenant, ip_address=client_ip(request), login_id="")
        raise LoginRefused from error
    return user


def log_in(
    request: HttpRequest, user: User, *, target: str, method: str = BY_PASSWORD, provider: str = ""
) -> HttpResponse:
    """Log `user` in, in place of whoever was; the answer leads to `target`, an address of ours.

    `method` is how they proved who they are: "password", "passkey" or "sso", at `provider`. After a password the answer
    may lead to what the login still owes (`accounts.stages`); nobody is signed in before that is done.
    """
    sign_out(request)
    forget_pending(request)
    if method == "passkey":
        record_authentication(request, user, "mfa", type="webauthn", passwordless=True)
    else:
        record_authentication(request, user, method, provider=provider or None)
    state = {"method": method, "proof": user.get_session_auth_hash()}
    with tenant_context(user.tenant):
        return perform_login(request, Login(user=user, redirect_url=without_key(request, target), state=state))


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
        login_throttle.failed(*keys)
        raise WrongPassword
    login_throttle.succeeded(*keys)
    set_password(user, actor=actor_of(request), password=password)
    with tenant_context(user.tenant):
        finalize_password_change(request, user)


def target_when_signed_in(request: TenantRequest) -> str | None:
    """Where the login page leads somebody who is signed in to its tenant already; None for everybody else."""
    user = signed_in_user(request)
    return target_of(request, user) if user and user.tenant == request.tenant else None


def target_of(request: HttpRequest, user: User) -> str:
    """Where a login leads: the page of the user's tenant that was asked for, else the rooms."""
    wanted = request.GET.get("next", "")
    return wanted if is_page_of(user.tenant, wanted) else reverse("rooms", args=[user.tenant.slug])


def _ask_for_try(keys: tuple[str, ...]) -> None:
    wait = login_throttle.retry_after(*keys)
    if wait > 0:
        raise TooManyTries(wait)


def _user_of_passkey(request: TenantRequest, credential: Any) -> User | None:
    user_id = user_id_in(credential)
    if request.tenant is None:
        return None
    with tenant_context(request.tenant):
        people = User.objects.for_tenant(request.tenant).select_related("tenant")
        return people.filter(username=user_id, is_active=True).first()
