"""What a browser's session says of its login: since when it is, and when its person last proved who they are."""

import time
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"  # epoch s
CONFIRMED_AT = "confirmed_at"  # epoch s
CONFIRMED_FOR = 300  # s


@receiver(user_logged_in, dispatch_uid="accounts.sessions")
def note_login(sender: object, request: HttpRequest, **more: Any) -> None:
    """However somebody signed in, it is a proof of who they are."""
    request.session[SIGNED_IN_AT] = request.session[CONFIRMED_AT] = time.time()


def note_confirmed(request: HttpRequest) -> None:
    request.session[CONFIRMED_AT] = time.time()


def is_confirmed(request: HttpRequest, *, within: float = CONFIRMED_FOR) -> bool:
    """Whether the person signed in proved who they are within the last `within` seconds."""
    return bool(time.time() - request.session.get(CONFIRMED_AT, 0) < within)


def methods_of(session: SessionBase) -> list[str]:
    """How a login was proven, in order and once each: password, totp, recovery_codes, webauthn, sso."""
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    return list(dict.fromkeys(record["type"] if record["method"] == "mfa" else record["method"] for record in records))


def provider_of(session: SessionBase) -> str:
    """The name of the organisation's identity provider at which the login was proven; empty without one."""
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    return str(next((record["provider"] for record in records if "provider" in record), ""))


def is_more_than_password(session: SessionBase) -> bool:
    """Whether a login was proven by a second factor, a passkey, or the organisation's own identity provider."""
    return bool(set(methods_of(session)) - {"password"})
