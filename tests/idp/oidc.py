"""An OpenID Connect provider: signs with authlib's joserfc, knows its people by name, and lies when it is told to."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.idp.serving import Answer, choice_of_people, serving

CLIENT_ID = "liveon"
CLIENT_SECRET = "a client's secret & more"


@cache
def rsa_key(kid: str = "first") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class OidcProvider:
    """`people`: name → claims. `twist(claims)` changes what is signed, `sign(claims)` replaces the signing."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [rsa_key()])
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    issuer: str = ""
    described: dict[str, Any] = field(default_factory=dict)
    twist: Callable[[dict[str, Any]], None] = lambda claims: None
    sign: Callable[[dict[str, Any]], str] | None = None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def come_back(self, address: str, person: str, **changes: str) -> str:
        """The address at which `person` returns to LiveOn, who was sent to `address`."""
        wanted = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(8)
        self._codes[code] = {**wanted, "person": person}
        return f"{wanted['redirect_uri']}?{urlencode({'code': code, 'state': wanted['state']} | changes)}"

    def pages(self) -> dict[str, Callable[..., Answer]]:
        return {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._publish,
            "/authorize": self._ask,
            "/approve": self._approve,
            "/token": self._trade,
        }

    def _describe(self, *_sent: Any) -> Answer:
        self.asked.append("description")
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": list(self.auth_methods),
        }
        return _json(found | self.described)

    def _publish(self, *_sent: Any) -> Answer:
        self.asked.append("keys")
        return _json({"keys": KeySet(self.keys).as_dict(private=False)["keys"]})

    def _ask(self, sent: dict[str, str], _headers: dict[str, str]) -> Answer:
        return choice_of_people("/approve", list(self.people), {"query": urlencode(sent)})

    def _approve(self, sent: dict[str, str], _headers: dict[str, str]) -> Answer:
        return self.come_back(f"{self.issuer}/authorize?{sent['query']}", sent["person"])

    def _trade(self, sent: dict[str, str], headers: dict[str, str]) -> Answer:
        begun = self._codes.pop(sent["code"], None)
        if begun is None or not self._is_client(sent, headers) or not _fits(begun, sent):
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "auth_time": now}
        claims |= {"nonce": begun["nonce"]} | self.people[begun["person"]]
        self.twist(claims)
        return _json({"access_token": "opaque", "token_type": "Bearer", "id_token": self.token(claims)})

    def token(self, claims: dict[str, Any]) -> str:
        if self.sign:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.keys[-1].kid}, claims, self.keys[-1])

    def _is_client(self, sent: dict[str, str], headers: dict[str, str]) -> bool:
        if "client_secret_post" in self.auth_methods:
            return (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        return [unquote_plus(part) for part in pair.split(":")] == [CLIENT_ID, CLIENT_SECRET]


@contextmanager
def oidc_provider(**fields: Any) -> Iterator[OidcProvider]:
    """A running one; `issuer` is its address."""
    provider = OidcProvider(**fields)
    with serving(provider.pages()) as address:
        provider.issuer = address
        yield provider


def _fits(begun: dict[str, str], sent: dict[str, str]) -> bool:
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (begun["code_challenge"], begun["redirect_uri"]) == (challenge, sent["redirect_uri"])


def _json(content: dict[str, Any], status: int = 200) -> Answer:
    return status, "application/json", json.dumps(content).encode()
