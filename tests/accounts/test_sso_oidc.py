"""Signing in with OpenID Connect, against a provider that the tests start."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from joserfc import jwt

from accounts.models import SsoIdentity, SsoProvider, User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import actions
from tests.idp.oidc import OidcProvider, oidc_provider, rsa_key
from tests.idp.signing_on import leave, path_of, set_up_oidc, sign_on_by_oidc, who_is_in

MORI = {"sub": "subject-of-mori", "uid": "member", "name": "Mori", "email": "mori@example.com"}


@pytest.fixture
def idp() -> Iterator[OidcProvider]:
    with oidc_provider(people={"mori": dict(MORI)}) as provider:
        yield provider


@pytest.fixture
def provider(tenant: Tenant, idp: OidcProvider) -> SsoProvider:
    return set_up_oidc(tenant, idp)


def reasons() -> list[str]:
    failed = AuditEvent.objects.filter(action="login_failed").order_by("pk")
    return [event.details["reason"] for event in failed]


def test_person_signs_in_and_is_known_from_then_on(client: Client, provider, idp, member: User) -> None:
    answer = sign_on_by_oidc(client, idp, "mori")
    assert (answer.status_code, answer.url) == (302, "/t/acme/rooms/")
    assert who_is_in(client) == "member"
    identity = SsoIdentity.objects.get()
    assert (identity.provider, identity.subject, identity.user) == (provider, "subject-of-mori", member)
    assert actions()[-2:] == ["sso_linked", "login_succeeded"]
    event = AuditEvent.objects.get(action="login_succeeded")
    assert (event.details["methods"], event.details["provider"]) == (["sso"], "Our OIDC")

    idp.people["mori"] = {"sub": "subject-of-mori", "uid": "another now"}
    other = Client()
    sign_on_by_oidc(other, idp, "mori")
    assert who_is_in(other) == "member"


def test_request_carries_state_nonce_and_pkce(client: Client, provider, idp) -> None:
    sent = parse_qs(urlsplit(leave(client, login_id="member")).query)
    assert sent["response_type"] == ["code"]
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["redirect_uri"] == ["http://testserver/t/acme/sso/idp/callback/"]
    assert sent["login_hint"] == ["member"]
    assert len(sent["state"][0]) == len(sent["code_challenge"][0]) == 43
    assert len(sent["nonce"][0]) == 44


def test_client_secret_goes_where_the_provider_wants_it(client: Client, provider, idp, member: User) -> None:
    idp.auth_methods = ("client_secret_post",)
    sign_on_by_oidc(client, idp, "mori")
    assert who_is_in(client) == "member"


def test_description_and_keys_are_asked_once(provider, idp, member: User) -> None:
    for _again in range(3):
        sign_on_by_oidc(Client(), idp, "mori")
    assert idp.asked == ["description", "keys"]


def test_new_key_of_the_provider_is_found(provider, idp, member: User) -> None:
    sign_on_by_oidc(Client(), idp, "mori")
    idp.keys = [rsa_key(), rsa_key("second")]
    client = Client()
    sign_on_by_oidc(client, idp, "mori")
    assert who_is_in(client) == "member"


def test_login_leads_to_the_page_that_was_asked_for(client: Client, provider, idp, member: User) -> None:
    assert sign_on_by_oidc(client, idp, "mori", next="/t/acme/rooms/new/").url == "/t/acme/rooms/new/"
    for foreign in ("https://evil.example/", "//evil.example/", "/t/globex/rooms/"):
        assert sign_on_by_oidc(Client(), idp, "mori", next=foreign).url == "/t/acme/rooms/"


def changed(name: str, value: Any) -> Any:
    def twist(claims: dict[str, Any]) -> None:
        if value is None:
            claims.pop(name, None)
        else:
            claims[name] = value

    return twist


WRONG_CLAIMS = [
    ("iss", "https://other.example", "wrong_issuer"),
    ("iss", None, "wrong_issuer"),
    ("aud", "somebody-else", "wrong_audience"),
    ("aud", ["liveon", "somebody-else"], "wrong_audience"),  # without azp
    ("aud", None, "wrong_audience"),
    ("azp", "somebody-else", "wrong_audience"),
    ("nonce", "another", "wrong_nonce"),
    ("nonce", None, "wrong_nonce"),
    ("exp", 1_000_000_000, "out_of_time"),
    ("exp", None, "out_of_time"),
    ("exp", "tomorrow", "out_of_time"),
    ("iat", time.time() + 4000, "out_of_time"),
    ("iat", time.time() - 4000, "out_of_time"),
    ("nbf", time.time() + 4000, "out_of_time"),
    ("sub", None, "not_acceptable"),
    ("sub", "", "no_stable_subject"),
    ("sub", "x" * 256, "no_stable_subject"),
    ("at_hash", "AAAA", "not_acceptable"),
]


@pytest.mark.parametrize(("name", "value", "reason"), WRONG_CLAIMS)
def test_token_that_says_something_else_signs_nobody_in(
    client: Client, provider, idp, member: User, name, value, reason
) -> None:
    idp.twist = changed(name, value)
    answer = sign_on_by_oidc(client, idp, "mori")
    assert answer.status_code == 400
    assert who_is_in(client) == ""
    assert reasons() == [reason]
    assert not SsoIdentity.objects.exists()


def unsigned(claims: dict[str, Any], header: dict[str, str] | None = None) -> str:
    header = header or {"alg": "none"}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, ""])


def signed_with_the_public_key(claims: dict[str, Any]) -> str:
    signed = unsigned(claims, {"alg": "HS256", "kid": "first"}).rstrip(".")
    digest = hmac.digest(rsa_key().as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def signed_by_somebody_else(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, rsa_key("stranger"))


def signed_by_a_key_of_its_own(claims: dict[str, Any]) -> str:
    own = rsa_key("stranger")
    header = {"alg": "RS256", "kid": "stranger", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own)


def changed_after_signing(claims: dict[str, Any]) -> str:
    head, _body, signature = jwt.encode({"alg": "RS256", "kid": "first"}, {**claims, "sub": "me"}, rsa_key()).split(".")
    return ".".join([head, unsigned(claims).split(".")[1], signature])


SIGNATURES = [
    unsigned,
    signed_with_the_public_key,
    signed_by_somebody_else,
    signed_by_a_key_of_its_own,
    changed_after_signing,
    lambda _claims: "no token",
    lambda _claims: "",
]


@pytest.mark.parametrize("sign", SIGNATURES)
def test_token_without_the_providers_signature_signs_nobody_in(
    client: Client, provider, idp, member: User, sign
) -> None:
    idp.sign = sign
    assert sign_on_by_oidc(client, idp, "mori").status_code == 400
    assert who_is_in(client) == ""
    assert reasons() == ["bad_signature"]


def test_unknown_key_is_not_looked_for_at_every_try(provider, idp, member: User) -> None:
    idp.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "stranger"}, claims, rsa_key("stranger"))
    for _again in range(3):
        sign_on_by_oidc(Client(), idp, "mori")
    assert idp.asked.count("keys") == 2


def test_state_works_once(client: Client, provider, idp, member: User) -> None:
    address = path_of(idp.come_back(leave(client), "mori"))
    assert client.get(address).status_code == 302
    client.logout()
    assert client.get(address).status_code == 400
    assert who_is_in(client) == ""


def test_code_works_once_even_if_the_provider_takes_it_again(client: Client, provider, idp, member: User) -> None:
    first = idp.come_back(leave(client), "mori")
    code = parse_qs(urlsplit(first).query)["code"][0]
    client.get(path_of(first))
    other = Client()
    assert other.get(path_of(idp.come_back(leave(other), "mori", code=code))).status_code == 400
    assert reasons() == ["answered_before"]


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000])
def test_state_that_nobody_began_is_refused(client: Client, provider, idp, member: User, state) -> None:
    leave(client)
    assert client.get("/t/acme/sso/idp/callback/", {"state": state, "code": "x"}).status_code == 400
    assert reasons() == []  # a stranger fills no log


def test_answer_finished_in_another_browser_is_refused(client: Client, provider, idp, member: User) -> None:
    """An attacker who sends a victim the end of their own sign-on signs nobody in."""
    address = path_of(idp.come_back(leave(client), "mori"))
    victim = Client()
    leave(victim)
    assert victim.get(address).status_code == 400
    assert who_is_in(victim) == ""
    assert client.get(address).status_code == 302  # and takes nothing from whoever began


def test_sign_on_lasts_ten_minutes(client: Client, provider, idp, member: User, clock) -> None:
    address = path_of(idp.come_back(leave(client), "mori"))
    clock.shift(601)
    assert client.get(address).status_code == 400


def test_error_of_the_provider_is_told_the_log_and_not_the_person(client: Client, provider, idp) -> None:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    sent = {"state": state, "error": "access_denied", "error_description": "<b>call 555</b>"}
    answer = client.get("/t/acme/sso/idp/callback/", sent)
    assert answer.status_code == 400
    assert "call 555" not in answer.content.decode()
    assert reasons() == ["provider_said_no"]


def test_answer_that_names_another_issuer_is_refused(client: Client, provider, idp, member: User) -> None:
    address = path_of(idp.come_back(leave(client), "mori", iss="https://other.example"))
    assert client.get(address).status_code == 400
    assert reasons() == ["wrong_issuer"]


def test_description_of_another_issuer_is_refused(client: Client, provider, idp) -> None:
    idp.described = {"issuer": "https://other.example"}
    answer = client.post("/t/acme/sso/idp/", {"purpose": "login"})
    assert answer.status_code == 400


def test_provider_that_fails_is_not_asked_by_everybody(client: Client, provider, idp, clock) -> None:
    idp.described = {"issuer": "https://other.example"}
    for _again in range(3):
        assert client.post("/t/acme/sso/idp/", {"purpose": "login"}).status_code == 400
    assert idp.asked == ["description"]
    idp.described = {}
    clock.shift(11)
    leave(client)


def test_saml_s_address_of_an_oidc_provider_takes_nothing(client: Client, provider, idp, member: User) -> None:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    assert client.post("/t/acme/sso/idp/acs/", {"RelayState": state, "SAMLResponse": "AAAA"}).status_code == 400
    assert reasons() == []


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "", None, "https://user@host/"])
def test_description_with_a_strange_address_is_refused(client: Client, provider, idp, endpoint, address) -> None:
    idp.described = {endpoint: address}
    assert client.post("/t/acme/sso/idp/", {"purpose": "login"}).status_code == 400


def test_secret_of_another_installation_is_said_in_the_log(client: Client, provider, idp, member: User) -> None:
    provider.client_secret = "gAAAAA-not-ours"
    provider.save()
    assert sign_on_by_oidc(client, idp, "mori").status_code == 400
    assert reasons() == ["unreadable_credential"]


def test_groups_that_the_provider_left_out_are_no_empty_groups(client: Client, provider, idp, member: User) -> None:
    provider.groups_attribute = "groups"
    provider.save()
    idp.people["mori"] |= {"_claim_names": {"groups": "src1"}}
    assert sign_on_by_oidc(client, idp, "mori").status_code == 400
    assert reasons() == ["groups_left_out"]
