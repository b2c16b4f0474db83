"""Passkeys (WebAuthn): what a browser is asked, and whether its answer proves one. allauth's storage, fido2's checks.

What must be remembered between question and answer travels signed through the page and is good once: no session is made
for a stranger who only opens the login page.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.errors import PasskeyRefused
from accounts.models import User
from accounts.services.factors import factors_of
from tenants.context import tenant_context

ANSWER_WITHIN = 300  # s
MALFORMED = (TypeError, ValueError, KeyError, AttributeError, IndexError)

Question = dict[str, Any]
"""`publicKey`: the options for the browser, with base64url strings for bytes; `state`: to be sent back."""


def begin_adding(request: HttpRequest, user: User) -> Question:
    """Ask the browser for a new passkey of `user`."""
    entity = PublicKeyCredentialUserEntity(name=user.login_id, id=user.public_id.encode(), display_name=user.name)
    options, state = _server(request).register_begin(
        user=entity,
        credentials=[credential for _factor, credential in _passkeys(user)],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return _question(options, state, f"add.{user.public_id}")


def finish_adding(request: HttpRequest, user: User, *, state: str, credential: Any) -> dict[str, Any]:
    """The credential to store, verified. Raises PasskeyRefused."""
    known = _read_state(state, f"add.{user.public_id}")
    try:
        _server(request).register_complete(known, credential)
    except MALFORMED as error:
        raise PasskeyRefused from error
    return dict(credential)


def begin_proving(request: HttpRequest, user: User | None) -> Question:
    """Ask for one of the passkeys of `user` as a second factor; without `user`, for any, with PIN or finger."""
    demanded = UserVerificationRequirement.PREFERRED if user else UserVerificationRequirement.REQUIRED
    credentials = [credential for _factor, credential in _passkeys(user)] if user else []
    options, state = _server(request).authenticate_begin(credentials=credentials, user_verification=demanded)
    return _question(options, state, f"prove.{user.public_id if user else ''}")


def finish_proving(
    request: HttpRequest, user: User, *, state: str, credential: Any, is_alone: bool = False
) -> Authenticator:
    """Which of the user's passkeys the browser's answer proves. `is_alone`: nobody was named in the question.

    Raises PasskeyRefused.
    """
    known = _read_state(state, f"prove.{'' if is_alone else user.public_id}")
    passkeys = _passkeys(user)
    try:
        proven = _server(request).authenticate_complete(known, [each for _factor, each in passkeys], credential)
    except MALFORMED as error:
        raise PasskeyRefused from error
    factor = next(factor for factor, each in passkeys if each.credential_id == proven.credential_id)
    with tenant_context(user.tenant):
        factor.record_usage()
    return factor


def user_id_in(credential: Any) -> str:
    """The public id of whom a browser's answer names. Raises PasskeyRefused."""
    try:
        user_id = websafe_decode(credential["response"]["userHandle"]).decode()
    except MALFORMED as error:
        raise PasskeyRefused from error
    if "\0" in user_id:  # PostgreSQL would not even look
        raise PasskeyRefused
    return user_id


def _server(request: HttpRequest) -> Fido2Server:
    """Passkeys belong to the host that is asked; answers come from our own origins only."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return Fido2Server(
        PublicKeyCredentialRpEntity(name="LiveOn", id=host),
        verify_origin=lambda origin: origin in settings.ALLOWED_ORIGINS,
    )


def _passkeys(user: User) -> list[tuple[Authenticator, AttestedCredentialData]]:
    found = []
    for factor in factors_of(user):
        if factor.type == Authenticator.Type.WEBAUTHN:
            registration = RegistrationResponse.from_dict(factor.data["credential"])
            data = registration.response.attestation_object.auth_data.credential_data
            assert data is not None
            found.append((factor, data))
    return found


def _question(options: Any, state: Any, purpose: str) -> Question:
    return {**dict(options), "state": signing.dumps(state, salt=f"passkey.{purpose}")}


def _read_state(text: str, purpose: str) -> dict[str, Any]:
    """What `_question` signed, for the same purpose, once."""
    try:
        state: dict[str, Any] = signing.loads(text, salt=f"passkey.{purpose}", max_age=ANSWER_WITHIN)
    except signing.BadSignature as error:
        raise PasskeyRefused from error
    if not cache.add(f"passkey:{state['challenge']}", 1, timeout=ANSWER_WITHIN):
        raise PasskeyRefused
    return state
