"""What a page needs to set up or ask for second factors: a seed as QR code, a browser's answer as data."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import segno
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django.http import HttpRequest

from accounts.encryption import decrypt, encrypt
from accounts.errors import PasskeyRefused
from accounts.models import User


def new_seed(request: HttpRequest) -> str:
    """The base32 seed that is offered in this session until an app is set up with it."""
    if SECRET_SESSION_KEY not in request.session:
        request.session[SECRET_SESSION_KEY] = encrypt(generate_totp_secret())
    return decrypt(request.session[SECRET_SESSION_KEY])


def forget_seed(request: HttpRequest) -> None:
    request.session.pop(SECRET_SESSION_KEY, None)


def seed_picture(user: User, seed: str) -> str:
    """The QR code that an authenticator app reads, as a data URI of an SVG."""
    issuer = f"LiveOn {user.tenant.slug}"
    label = quote(f"{issuer}:{user.login_id}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': seed, 'issuer': issuer}, quote_via=quote)}"
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff"))


def seed_in_groups(seed: str) -> str:
    """Four letters at a time, for typing."""
    return " ".join(seed[start : start + 4] for start in range(0, len(seed), 4))


def read_credential(text: str) -> Any:
    """A browser's answer about a passkey. Raises PasskeyRefused for what is no JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise PasskeyRefused from error
