"""Re-authentication: who is signed in proves again who they are, before something dangerous."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.db import transaction
from django.http import HttpRequest

from accounts.access import MemberRequest
from accounts.actors import actor_of
from accounts.errors import PasskeyRefused, TooManyTries, WrongPassword
from accounts.models import User
from accounts.network import client_ip
from accounts.passkeys import finish_proving
from accounts.services.factors import use_code
from accounts.services.passwords import password_matches
from accounts.services.records import record_about
from accounts.sessions import note_confirmed
from accounts.throttle import login_throttle
from tenants.context import tenant_context


def confirm_by_password(request: MemberRequest, *, password: str) -> None:
    """Raises WrongPassword; TooManyTries (a try counts as one to log in)."""
    user = request.user
    keys = (user.tenant.slug, user.login_id.lower(), client_ip(request))
    wait = login_throttle.retry_after(*keys)
    if wait > 0:
        raise TooManyTries(wait)
    if not password_matches(user, password):
        login_throttle.failed(*keys)
        _record(request, user, "reauthentication_failed", "password")
        raise WrongPassword("password")
    login_throttle.succeeded(*keys)
    _confirm(request, user, "password")


def confirm_by_code(request: MemberRequest, *, code: str) -> None:
    """By a code of the authenticator app, or a recovery code. Raises WrongCode, TooManyTries."""
    factor = use_code(request.user, code=code, actor=actor_of(request))
    _confirm(request, request.user, factor.type)


def confirm_by_passkey(request: MemberRequest, *, state: str, credential: dict[str, Any]) -> None:
    """Raises PasskeyRefused."""
    try:
        finish_proving(request, request.user, state=state, credential=credential)
    except PasskeyRefused:
        _record(request, request.user, "reauthentication_failed", "webauthn")
        raise
    _confirm(request, request.user, "webauthn")


def confirm_by_sso(request: HttpRequest, user: User) -> None:
    """`user`, who is signed in, came back from the provider (`accounts.sso.flow`)."""
    _confirm(request, user, "sso")


def _confirm(request: HttpRequest, user: User, method: str) -> None:
    if method in ("password", "sso"):
        record_authentication(request, user, method, reauthenticated=True)
    else:
        record_authentication(request, user, "mfa", type=method, reauthenticated=True)
    note_confirmed(request)
    _record(request, user, "reauthenticated", method)


def _record(request: HttpRequest, user: User, action: str, method: str) -> None:
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, action, actor=actor_of(request), method=method)
