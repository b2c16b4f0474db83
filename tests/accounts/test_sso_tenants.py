"""Another organisation's provider asserts our people's mail, user ID, NameID and subject: it gets nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import SsoIdentity, User
from tenants.models import Tenant
from tests.factories import make_admin, make_user
from tests.idp.oidc import OidcProvider, oidc_provider
from tests.idp.saml import SamlProvider, key_and_certificate
from tests.idp.signing_on import (
    leave,
    path_of,
    post_saml,
    set_up_oidc,
    set_up_saml,
    sign_on_by_oidc,
    sign_on_by_saml,
    who_is_in,
)

ADMIN: dict[str, Any] = {"sub": "subject-of-admin", "uid": "admin", "email": "admin@acme.example", "name": "Aoki Admin"}
ADMIN_IN_SAML = ("subject-of-admin", {"uid": ["admin"], "email": ["admin@acme.example"]})


@pytest.fixture
def admin(tenant: Tenant) -> User:
    return make_admin(tenant, "admin", name="Aoki Admin", email="admin@acme.example")


@pytest.fixture
def victim(tenant: Tenant, admin: User) -> Iterator[OidcProvider]:
    """Acme's own provider, at which the administrator has signed in before."""
    with oidc_provider(people={"admin": dict(ADMIN)}) as provider:
        set_up_oidc(tenant, provider)
        sign_on_by_oidc(Client(), provider, "admin")
        yield provider


@pytest.fixture
def hostile(other_tenant: Tenant) -> Iterator[OidcProvider]:
    """Globex's provider says whatever Acme's would say."""
    with oidc_provider(people={"admin": dict(ADMIN)}) as provider:
        set_up_oidc(other_tenant, provider, creates_users=True, groups_attribute="uid", admin_values=["admin"])
        yield provider


def whose_login(client: Client) -> str:
    found = client.session.get("_auth_user_id")
    return User.objects.get(pk=found).tenant.slug if found else ""


def test_hostile_oidc_provider_makes_people_of_its_own_tenant_only(
    client: Client, victim, hostile, admin: User
) -> None:
    assert sign_on_by_oidc(client, hostile, "admin", slug="globex").url == "/t/globex/rooms/"
    assert whose_login(client) == "globex"
    assert client.get("/t/acme/rooms/").status_code == 404
    assert [identity.user for identity in SsoIdentity.objects.filter(tenant=admin.tenant)] == [admin]


def test_answer_of_the_hostile_provider_is_not_taken_at_ours(client: Client, victim, hostile) -> None:
    begun_here, begun_there = leave(client), leave(client, "globex")
    ours, theirs = victim.come_back(begun_here, "admin"), hostile.come_back(begun_there, "admin")
    crossed = theirs.replace("/t/globex/", "/t/acme/")
    assert client.get(path_of(crossed)).status_code == 400
    assert client.get(path_of(ours.replace("/t/acme/", "/t/globex/"))).status_code == 400
    assert who_is_in(client) == ""


def test_hostile_tenant_that_names_our_issuer_gets_no_token(client: Client, victim, other_tenant: Tenant) -> None:
    """Mix-up: the address to come back to is the tenant's own, and so are client and secret."""
    set_up_oidc(other_tenant, victim, creates_users=True)
    address = victim.come_back(leave(client, "globex"), "admin")
    assert client.get(path_of(address.replace("/t/globex/", "/t/acme/"))).status_code == 400
    client.get(path_of(address))
    assert whose_login(client) in ("", "globex")


@pytest.fixture
def saml(tenant: Tenant, other_tenant: Tenant, admin: User) -> tuple[SamlProvider, SamlProvider]:
    """Acme's provider and Globex's, which calls itself the same and differs in its key alone."""
    ours = SamlProvider(people={"admin": ADMIN_IN_SAML})
    theirs = SamlProvider(people={"admin": ADMIN_IN_SAML}, key=key_and_certificate("hostile"))
    set_up_saml(tenant, ours)
    set_up_saml(other_tenant, theirs, creates_users=True)
    sign_on_by_saml(Client(), ours, "admin")
    return ours, theirs


def test_hostile_saml_provider_makes_people_of_its_own_tenant_only(client: Client, saml, admin: User) -> None:
    sign_on_by_saml(client, saml[1], "admin", slug="globex")
    assert whose_login(client) == "globex"
    assert client.get("/t/acme/rooms/").status_code == 404
    assert [identity.user for identity in SsoIdentity.objects.filter(tenant=admin.tenant)] == [admin]


def test_hostile_saml_response_to_our_request_is_refused(client: Client, saml) -> None:
    action, form = saml[1].come_back(leave(client), "admin")  # everything is ours but the key
    assert post_saml(client, action, form).status_code == 400
    assert who_is_in(client) == ""


def test_hostile_saml_response_to_its_own_request_is_refused_at_our_address(client: Client, saml) -> None:
    leave(client)
    action, form = saml[1].come_back(leave(client, "globex"), "admin")
    assert post_saml(client, action.replace("/t/globex/", "/t/acme/"), form).status_code == 400
    ours = {
        "recipient": action.replace("/t/globex/", "/t/acme/"),
        "audience": "http://testserver/t/acme/sso/idp/metadata/",
    }
    action, form = saml[1].come_back(leave(client, "globex"), "admin", **ours)
    assert post_saml(client, action.replace("/t/globex/", "/t/acme/"), form).status_code == 400
    assert who_is_in(client) == ""


def test_ticket_of_another_tenant_is_not_taken(client: Client, saml) -> None:
    action, form = saml[1].come_back(leave(client, "globex"), "admin")
    redirected = Client().post(path_of(action), form)
    assert client.get(redirected.url.replace("/t/globex/", "/t/acme/")).status_code == 400
    assert who_is_in(client) == ""


def test_answer_of_another_provider_of_the_same_tenant_is_not_taken(client: Client, tenant: Tenant, saml) -> None:
    make_user(tenant, "eve")
    second = SamlProvider(people={"admin": ADMIN_IN_SAML}, key=key_and_certificate("second"))
    set_up_saml(tenant, second, app="second", login_id_attribute="")
    action, form = second.come_back(leave(client, app="second"), "admin")
    assert post_saml(client, action.replace("/second/", "/idp/"), form).status_code == 400
    action, form = second.come_back(leave(client, app="second"), "admin")
    assert post_saml(client, action, form).status_code == 400  # the same subject of another provider is nobody
    assert who_is_in(client) == ""


def test_suspended_tenant_signs_nobody_in(client: Client, tenant: Tenant, victim) -> None:
    address = path_of(victim.come_back(leave(client), "admin"))
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    assert client.get(address).status_code == 400
    assert client.post("/t/acme/sso/idp/", {"purpose": "login"}).status_code == 404
    assert who_is_in(client) == ""
