"""Verifying an ID token: OpenID Connect Core 1.0, section 3.1.3.7."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from accounts.sso.refusals import SsoRefused

# Signatures by key pairs only: "none" signs nothing, and HS256 would take the published key for the secret one.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
KEY_TYPES = {"RSA", "EC", "OKP"}
SKEW = 60  # s between the clocks
LONGEST_TOKEN = 64 * 1024  # characters

_CLAIMS = {"iss": "wrong_issuer", "aud": "wrong_audience", "azp": "wrong_audience", "nonce": "wrong_nonce"}
_TIMES = {"exp", "iat", "nbf"}


@dataclass(frozen=True)
class Expected:
    """What the token must say. `access_token` came with it; `since`: the person signed in no earlier, or 0."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    since: float = 0


class Keys(Protocol):
    def __call__(self, *, fresh: bool) -> Any: ...


def verified_claims(token: Any, *, keys: Keys, expected: Expected) -> dict[str, Any]:
    """The claims of a token that is signed and says what is `expected`. Raises SsoRefused.

    `keys(fresh=…)` is the provider's key set; it is asked again, fresh, when the token names a key that is not in it.
    """
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise SsoRefused("not_acceptable", "no ID token")
    signed = _signed(token, keys)
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "nonce": {"essential": True, "value": expected.nonce},
    }
    about = {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}
    claims = CodeIDToken(signed.claims, signed.header, options, about)
    try:
        claims.validate(leeway=SKEW)
    except JoseError as error:
        raise SsoRefused(_reason(error), error) from error
    _require_recent(claims, expected.since)
    return dict(claims)


def _signed(token: str, keys: Keys) -> jwt.Token:
    try:
        try:
            return jwt.decode(token, _key_set(keys(fresh=False)), algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the provider has changed its keys
            return jwt.decode(token, _key_set(keys(fresh=True)), algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError) as error:
        raise SsoRefused("bad_signature", error) from error


def _key_set(published: Any) -> KeySet:
    """The keys that may have signed; a secret or an encryption key among them is none."""
    listed = published.get("keys") if isinstance(published, dict) else None
    usable = [key for key in listed or [] if isinstance(key, dict) and key.get("kty") in KEY_TYPES]
    return KeySet.import_key_set({"keys": [key for key in usable if key.get("use", "sig") == "sig"]})


def _reason(error: JoseError) -> str:
    claim = getattr(error, "claim", "")
    if isinstance(error, ExpiredTokenError) or claim in _TIMES:
        return "out_of_time"
    return _CLAIMS.get(claim, "not_acceptable")


def _require_recent(claims: dict[str, Any], since: float) -> None:
    if since and claims.get("auth_time", 0) + SKEW < since:
        raise SsoRefused("out_of_time", "signed in too long ago")
    if claims["iat"] < time.time() - 3600:
        raise SsoRefused("out_of_time", "issued over an hour ago")
