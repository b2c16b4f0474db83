"""OpenID Connect, authorization code flow with PKCE."""

import base64
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.core.cache import cache
from django.http import HttpRequest

from accounts.encryption import decrypt
from accounts.models import SsoProvider
from accounts.sso.addresses import callback_url
from accounts.sso.asserted import LONGEST_SUBJECT, Asserted, texts
from accounts.sso.fetching import get_json, may_be_asked, post_form
from accounts.sso.id_token import Expected, verified_claims
from accounts.sso.pending import CONFIRM, Pending, use_once
from accounts.sso.refusals import SsoRefused
from tenants.ids import hash_secret

CACHED_FOR = 3600  # s that a provider's own description and keys are believed
FAILED_FOR = 10  # s until a provider that could not be asked is asked again
FRESH_KEYS_EVERY = 30  # s between two looks for a new key
CODE_MEMORY = 900  # s; a code lives for ten minutes at most
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def authorization_url(
    request: HttpRequest, provider: SsoProvider, pending: Pending, *, state: str, login_hint: str
) -> str:
    """Where the browser goes to sign in. Raises SsoRefused."""
    endpoint = str(description(provider)["authorization_endpoint"])
    query = {
        "response_type": "code",
        "client_id": provider.config["client_id"],
        "redirect_uri": callback_url(request, provider.tenant.slug, provider.app),
        "scope": provider.config.get("scopes") or "openid",
        "state": state,
        "nonce": pending.nonce,
        "code_challenge": create_s256_code_challenge(pending.verifier),
        "code_challenge_method": "S256",
    }
    if login_hint:
        query["login_hint"] = login_hint
    if pending.purpose == CONFIRM:
        query |= {"prompt": "login", "max_age": "0"}
    return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(query)


def asserted_by_code(request: HttpRequest, provider: SsoProvider, pending: Pending) -> Asserted:
    """What the provider says of whoever comes back with a code. Raises SsoRefused."""
    described = description(provider)
    answer = request.GET
    if answer.get("iss", provider.config["issuer"]) != provider.config["issuer"]:  # RFC 9207
        raise SsoRefused("wrong_issuer", answer["iss"])
    if "error" in answer or not answer.get("code"):
        raise SsoRefused("provider_said_no", f"{answer.get('error', '')} {answer.get('error_description', '')}")
    use_once(f"code:{provider.pk}:{answer['code']}", seconds=CODE_MEMORY)
    tokens = _trade(request, provider, pending, code=answer["code"], described=described)
    expected = Expected(
        issuer=provider.config["issuer"],
        client_id=provider.config["client_id"],
        nonce=pending.nonce,
        access_token=str(tokens.get("access_token", "")),
        since=pending.begun_at if pending.purpose == CONFIRM else 0,
    )
    claims = verified_claims(
        tokens.get("id_token"),
        keys=lambda *, fresh: _keys(str(described["jwks_uri"]), fresh=fresh),
        expected=expected,
    )
    return _asserted(provider, claims)


def description(provider: SsoProvider) -> dict[str, Any]:
    """The provider's discovery document (OpenID Connect Discovery 1.0). Raises SsoRefused."""
    issuer = provider.config["issuer"]
    name = f"sso:discovery:{hash_secret(issuer)}"
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = _described(issuer, f"{name}:refused")
        cache.set(name, found, timeout=CACHED_FOR)
    return found


def _described(issuer: str, name: str) -> dict[str, Any]:
    """Ask for it; that it failed is remembered as `name`, so that many who press the button do not all wait."""
    refused = cache.get(name)
    if refused:
        raise SsoRefused(*refused)
    try:
        found = get_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
        _check(found, issuer)
    except SsoRefused as refusal:
        cache.set(name, (refusal.reason, refusal.detail), timeout=FAILED_FOR)
        raise
    return found


def _check(found: dict[str, Any], issuer: str) -> None:
    if found.get("issuer") != issuer:
        raise SsoRefused("wrong_issuer", found.get("issuer"))
    for name in ENDPOINTS:
        if not isinstance(found.get(name), str) or not may_be_asked(found[name]):
            raise SsoRefused("address_refused", f"{name}: {found.get(name)}")


def _keys(url: str, *, fresh: bool) -> dict[str, Any]:
    name = f"sso:keys:{hash_secret(url)}"
    found: dict[str, Any] | None = cache.get(name)
    if found is None or (fresh and cache.add(f"{name}:asked", 1, timeout=FRESH_KEYS_EVERY)):
        found = get_json(url)
        cache.set(name, found, timeout=CACHED_FOR)
    return found


def _trade(
    request: HttpRequest, provider: SsoProvider, pending: Pending, *, code: str, described: dict[str, Any]
) -> dict[str, Any]:
    """The tokens for the code (RFC 6749, 4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url(request, provider.tenant.slug, provider.app),
        "client_id": provider.config["client_id"],
        "code_verifier": pending.verifier,
    }
    headers = _authenticate(provider, form, described)
    status, tokens = post_form(str(described["token_endpoint"]), form, headers)
    if status != 200:
        raise SsoRefused("provider_said_no", f"{tokens.get('error', status)} {tokens.get('error_description', '')}")
    return tokens


def _authenticate(provider: SsoProvider, form: dict[str, str], described: dict[str, Any]) -> dict[str, str]:
    """Prove to be the client, in the way that the provider knows: in the header, or in `form`, which is changed."""
    if not provider.client_secret:
        return {}
    try:
        secret = decrypt(provider.client_secret)
    except ValueError as error:
        raise SsoRefused("unreadable_credential") from error
    known = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in known and "client_secret_post" in known:
        form["client_secret"] = secret
        return {}
    pair = f"{quote_plus(provider.config['client_id'])}:{quote_plus(secret)}"  # RFC 6749, 2.3.1
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _asserted(provider: SsoProvider, claims: dict[str, Any]) -> Asserted:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SsoRefused("no_stable_subject")
    left_out = claims.get("_claim_names")  # OpenID Connect Core 5.6.2: Entra ID does so with over 200 groups
    if provider.groups_attribute and isinstance(left_out, dict) and provider.groups_attribute in left_out:
        raise SsoRefused("groups_left_out")
    attributes = {name: texts(value) for name, value in claims.items()}
    return Asserted(subject, {name: values for name, values in attributes.items() if values})
