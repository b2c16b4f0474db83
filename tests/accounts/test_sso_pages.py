"""What the pages of single sign-on show and lead to; nobody learns from them who or what exists."""

from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import SsoIdentity, SsoProvider, User
from accounts.sso import pending
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import log_in, text_of
from tests.factories import ADMINTOOL_KEY
from tests.idp.oidc import OidcProvider, oidc_provider
from tests.idp.saml import SamlProvider
from tests.idp.signing_on import leave, path_of, set_up_oidc, set_up_saml, sign_on_by_oidc, who_is_in

ADMINTOOL = f"/admintool/{ADMINTOOL_KEY}acme/"


@pytest.fixture
def idp() -> Iterator[OidcProvider]:
    people = {"mori": {"sub": "mori", "uid": "member"}, "aoki": {"sub": "aoki", "uid": "admin"}}
    with oidc_provider(people=people) as provider:
        yield provider


@pytest.fixture
def provider(tenant: Tenant, idp: OidcProvider) -> SsoProvider:
    return set_up_oidc(tenant, idp)


def offered(slug: str, login_id: str) -> str:
    return text_of(Client().post(reverse("sso", args=[slug]), {"login_id": login_id})).replace(slug, "acme")


def test_login_page_offers_single_sign_on_at_every_organisation(client: Client, tenant: Tenant, provider) -> None:
    pages = {slug: text_of(client.get(reverse("login", args=[slug]))) for slug in ("acme", "nowhere")}
    assert pages["acme"].replace("acme", "nowhere") == pages["nowhere"]
    assert 'formaction="/t/acme/sso/"' in pages["acme"]


def test_page_before_the_user_id_is_the_same_for_every_organisation(client: Client, tenant: Tenant, provider) -> None:
    pages = {slug: text_of(client.get(reverse("sso", args=[slug]))) for slug in ("acme", "nowhere")}
    assert pages["acme"].replace("acme", "nowhere") == pages["nowhere"]


def test_offer_is_the_same_for_known_disabled_and_unknown_people(tenant: Tenant, provider, idp, member: User) -> None:
    set_up_saml(tenant, SamlProvider(), app="second")
    User.objects.create(tenant=tenant, login_id="gone", name="Gone", is_active=False, password="!")
    pages = {who: offered("acme", who).replace(f'value="{who}"', "") for who in ("member", "gone", "nobody")}
    assert pages["member"] == pages["gone"] == pages["nobody"]
    assert "Our SAML" in pages["member"]
    assert "Our OIDC" in pages["member"]


def test_unknown_organisation_looks_like_one_without_single_sign_on(tenant: Tenant, provider) -> None:
    SsoProvider.objects.update(is_enabled=False)
    assert offered("acme", "member") == offered("nowhere", "member")
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    assert offered("acme", "member") == offered("nowhere", "member")


def test_only_provider_is_gone_to_at_once(client: Client, provider, idp) -> None:
    answer = client.post("/t/acme/sso/", {"login_id": "member", "password": "typed by mistake", "next": ""})
    page = unescape(answer.content.decode())
    assert f'content="0;url={idp.issuer}/authorize?' in page
    assert "login_hint=member" in page
    assert "typed" not in page
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/t/nowhere/sso/idp/", "/t/acme/sso/other/", "/t/globex/sso/idp/"])
def test_unknown_provider_is_one_answer_everywhere(client: Client, provider, other_tenant: Tenant, address) -> None:
    known, unknown = "/t/acme/sso/idp/", address
    for page in ("callback/", "acs/"):
        method = client.get if page == "callback/" else client.post
        answers = [method(f"{place}{page}") for place in (known, unknown)]
        assert [answer.status_code for answer in answers] == [400, 400]
        slug = unknown.split("/")[2]
        assert text_of(answers[0]) == text_of(answers[1]).replace(unknown, known).replace(f"/{slug}/", "/acme/")
    answers = [client.get(f"{place}metadata/") for place in (known, unknown)]
    assert answers[0].content.decode().replace(known, unknown) == answers[1].content.decode()
    assert client.post(unknown, {"purpose": "login"}).status_code == 404


def test_provider_that_is_not_in_use_signs_nobody_in(client: Client, provider, idp, member: User) -> None:
    address = path_of(idp.come_back(leave(client), "mori"))
    SsoProvider.objects.update(is_enabled=False)
    assert client.get(address).status_code == 400
    assert client.post("/t/acme/sso/idp/", {"purpose": "login"}).status_code == 404
    assert who_is_in(client) == ""


def test_form_of_another_site_starts_nothing(provider) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/t/acme/sso/idp/", {"purpose": "login"}).status_code == 403
    assert strict.post("/t/acme/sso/idp/acs/", {}).status_code == 400  # which is for the provider's site


def test_somebody_signed_in_is_led_on(client: Client, provider, idp, member: User) -> None:
    sign_on_by_oidc(client, idp, "mori")
    assert client.get("/t/acme/sso/").url == "/t/acme/rooms/"


def test_login_takes_the_place_of_another_one(client: Client, provider, idp, member: User, admin: User) -> None:
    log_in(client, "acme", "admin")
    sign_on_by_oidc(client, idp, "mori")
    assert who_is_in(client) == "member"
    assert AuditEvent.objects.filter(action="logged_out", target_id=admin.public_id).exists()


def test_admintool_is_entered_by_single_sign_on(client: Client, provider, idp, admin: User) -> None:
    page = client.get(ADMINTOOL + "login/", {"next": "users/"}).content.decode()
    assert f'name="next" value="{ADMINTOOL}users/"' in page
    answer = sign_on_by_oidc(client, idp, "aoki", next=f"{ADMINTOOL}users/")
    assert answer.url == f"{ADMINTOOL}users/"
    assert client.get(answer.url).status_code == 200


def test_key_of_admintool_is_nowhere_in_the_cache(client: Client, provider, idp, monkeypatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(pending.cache, "set", lambda name, value, **more: kept.append(f"{name} {value}"))
    leave(client, next=f"{ADMINTOOL}users/")
    assert kept
    assert ADMINTOOL_KEY not in "".join(kept)


def test_member_who_knows_the_key_gets_no_admintool(client: Client, provider, idp, member: User) -> None:
    answer = sign_on_by_oidc(client, idp, "mori", next=ADMINTOOL)
    assert client.get(answer.url).status_code == 404


def test_confirming_at_the_provider_is_a_proof(client: Client, provider, idp, admin: User) -> None:
    sign_on_by_oidc(client, idp, "aoki")
    session = client.session
    session["confirmed_at"] = 0
    session.save()
    address = leave(client, purpose="confirm", next="/t/acme/password/")
    assert "prompt=login" in address
    assert "max_age=0" in address
    answer = client.get(path_of(idp.come_back(address, "aoki")))
    assert answer.url == "/t/acme/password/"
    assert client.session["confirmed_at"] > 0
    assert AuditEvent.objects.filter(action="reauthenticated", details__method="sso").exists()


@pytest.mark.parametrize("auth_time", [None, 1_000_000_000])
def test_confirmation_needs_a_fresh_sign_in_there(client: Client, provider, idp, admin: User, auth_time) -> None:
    sign_on_by_oidc(client, idp, "aoki")
    session = client.session
    session["confirmed_at"] = 0
    session.save()
    idp.twist = lambda claims: claims.update(auth_time=auth_time) if auth_time else claims.pop("auth_time")
    address = leave(client, purpose="confirm")
    assert client.get(path_of(idp.come_back(address, "aoki"))).status_code == 400
    assert client.session["confirmed_at"] == 0


def test_somebody_else_cannot_confirm(client: Client, provider, idp, admin: User, member: User) -> None:
    sign_on_by_oidc(Client(), idp, "mori")
    sign_on_by_oidc(client, idp, "aoki")
    address = leave(client, purpose="confirm")
    assert client.get(path_of(idp.come_back(address, "mori"))).status_code == 400
    assert who_is_in(client) == "admin"


def test_stranger_can_neither_confirm_nor_test(client: Client, provider, idp, member: User, other_admin: User) -> None:
    for purpose in ("confirm", "test", "other", ""):
        assert client.post("/t/acme/sso/idp/", {"purpose": purpose}).status_code == 404
    log_in(client, "globex", "admin")
    for purpose in ("confirm", "test"):
        assert client.post("/t/acme/sso/idp/", {"purpose": purpose}).status_code == 404
    log_in(client, "acme", "member")
    assert client.post("/t/acme/sso/idp/", {"purpose": "test"}).status_code == 404


def test_test_shows_the_administrator_all_and_signs_nobody_in(client: Client, provider, idp, admin, member) -> None:
    SsoProvider.objects.update(is_enabled=False)  # it can be tested before it is used
    log_in(client, "acme", "admin")
    client.cookies["liveon_language"] = "en"
    page = f"{ADMINTOOL}sso/{provider.public_id}/"
    answer = sign_on_by_oidc(client, idp, "mori", purpose="test", next=page)
    assert answer.url == page
    shown = client.get(page).content.decode()
    assert "Mori Member (member)" in shown
    assert "<dd>member</dd>" in shown
    assert who_is_in(client) == "admin"
    assert not SsoIdentity.objects.exists()
    assert "Mori Member (member)" not in client.get(page).content.decode()  # once


def test_failed_test_says_why(client: Client, provider, idp, admin: User) -> None:
    log_in(client, "acme", "admin")
    page = f"{ADMINTOOL}sso/{provider.public_id}/"
    idp.twist = lambda claims: claims.update(aud="somebody-else")
    client.cookies["liveon_language"] = "en"
    shown = client.get(sign_on_by_oidc(client, idp, "mori", purpose="test", next=page).url).content.decode()
    assert "The answer is meant for somebody else." in shown
    assert AuditEvent.objects.get(action="sso_test_failed").details["reason"] == "wrong_audience"
