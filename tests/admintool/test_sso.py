"""Admintool's pages of identity providers."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.encryption import decrypt
from accounts.models import Approval, Group, SsoIdentity, SsoProvider, User
from accounts.services.approvals import approve
from accounts.sso.certificates import describe
from audit.events import Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand
from tests.admintool.conftest import url
from tests.factories import make_admin
from tests.idp.saml import SamlProvider, key_and_certificate
from tests.idp.signing_on import make_linked_provider, set_up_saml


def oidc(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Entra ID",
        "app": "entra",
        "issuer": "https://login.example/tenant/v2.0",
        "client_id": "abc",
        "client_secret": "first-secret",
        "scopes": "profile",
        "login_id_attribute": "upn",
        "default_role": "member",
        **changes,
    }


def saml(**changes: Any) -> dict[str, Any]:
    return {
        "name": "AD FS",
        "app": "adfs",
        "entity_id": "https://idp.example/saml",
        "sso_url": "https://idp.example/sso",
        "certificates": key_and_certificate()[1],
        "default_role": "member",
        **changes,
    }


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return {name: list(problems) for name, problems in answer.context["form"].errors.items()}


def test_empty_list_says_what_to_do(admin_client: Client) -> None:
    assert "No identity provider is set up." in admin_client.get(url("sso")).content.decode()


def test_oidc_provider_is_set_up(admin_client: Client, tenant: Tenant) -> None:
    Group.objects.create(tenant=tenant, name="Sales")
    sent = oidc(groups_attribute="groups", group_map="key-sales = Sales\n\na=b = sales", admin_values="admins\n")
    answer = admin_client.post(url("sso-create", protocol="oidc"), sent)
    provider = SsoProvider.objects.get()
    assert answer.url == url("sso-edit", provider_id=provider.public_id)
    assert provider.config == {
        "issuer": "https://login.example/tenant/v2.0",
        "client_id": "abc",
        "scopes": "openid profile",
    }
    assert provider.group_map == {"key-sales": "Sales", "a=b": "sales"}
    assert provider.admin_values == ["admins"]
    assert decrypt(provider.client_secret) == "first-secret"
    assert not provider.is_enabled  # before somebody has tested it, nobody is sent there
    page = admin_client.get(answer.url).content.decode()
    assert "http://testserver/t/acme/sso/entra/callback/" in page
    assert "first-secret" not in page
    assert "Entra ID" in admin_client.get(url("sso")).content.decode()
    assert "first-secret" not in str(AuditEvent.objects.get(action="sso_provider_created").details)


def test_empty_secret_keeps_the_present_one(admin_client: Client) -> None:
    admin_client.post(url("sso-create", protocol="oidc"), oidc())
    provider = SsoProvider.objects.get()
    address = url("sso-edit", provider_id=provider.public_id)
    admin_client.post(address, oidc(client_secret="", name="New name"))
    provider.refresh_from_db()
    assert (provider.name, decrypt(provider.client_secret)) == ("New name", "first-secret")
    admin_client.post(address, oidc(client_secret="second-secret", app="changed"))
    provider.refresh_from_db()
    assert (provider.app, decrypt(provider.client_secret)) == ("entra", "second-secret")


def test_saml_provider_is_set_up_by_hand(admin_client: Client) -> None:
    admin_client.post(url("sso-create", protocol="saml"), saml())
    provider = SsoProvider.objects.get()
    assert provider.config == {
        "entity_id": "https://idp.example/saml",
        "sso_url": "https://idp.example/sso",
        "certificates": [key_and_certificate()[1]],
    }
    page = admin_client.get(url("sso-edit", provider_id=provider.public_id)).content.decode()
    assert "http://testserver/t/acme/sso/adfs/acs/" in page
    assert "http://testserver/t/acme/sso/adfs/metadata/" in page
    assert "first provider" in page


@pytest.mark.parametrize("way", ["pasted", "as a file"])
def test_saml_provider_is_set_up_from_metadata(admin_client: Client, way: str) -> None:
    metadata = SamlProvider(sso_url="https://idp.example/sso?a=1&b=2").metadata()
    given: dict[str, Any] = {"metadata": metadata} if way == "pasted" else {}
    if way == "as a file":
        given["metadata_file"] = SimpleUploadedFile("metadata.xml", metadata.encode())
    sent = saml(entity_id="", sso_url="", certificates="", **given)
    admin_client.post(url("sso-create", protocol="saml"), sent)
    provider = SsoProvider.objects.get()
    assert provider.config == {
        "entity_id": "https://idp.example/saml",
        "sso_url": "https://idp.example/sso?a=1&b=2",
        "certificates": [key_and_certificate()[1]],
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": "http://10.0.0.1/", "PUBLIC": True}, "issuer"),
        ({"issuer": "javascript:alert(1)"}, "issuer"),
        ({"issuer": ""}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"app": "with space"}, "app"),
        ({"login_id_attribute": "email"}, "login_id_attribute"),
        (
            {"login_id_attribute": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"},
            "login_id_attribute",
        ),
        ({"group_map": "no equals sign"}, "group_map"),
        ({"group_map": "value = No such group"}, "group_map"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_oidc_settings_are_refused_at_their_field(admin_client: Client, settings, changes, field) -> None:
    if changes.pop("PUBLIC", False):
        settings.PUBLIC_URL = "https://testserver"
    assert list(errors_of(admin_client.post(url("sso-create", protocol="oidc"), oidc(**changes)))) == [field]
    assert not SsoProvider.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entity_id": ""}, "entity_id"),
        ({"sso_url": "ftp://idp.example/"}, "sso_url"),
        ({"certificates": ""}, "certificates"),
        ({"certificates": "no certificate"}, "certificates"),
        ({"metadata": "no xml"}, "metadata"),
        ({"metadata": "<a/>"}, "metadata"),
        ({"metadata": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'}, "metadata"),
    ],
)
def test_wrong_saml_settings_are_refused_at_their_field(admin_client: Client, changes, field) -> None:
    assert list(errors_of(admin_client.post(url("sso-create", protocol="saml"), saml(**changes)))) == [field]
    assert not SsoProvider.objects.exists()


def test_short_name_is_taken_within_the_organisation_only(admin_client: Client, tenant, other_tenant) -> None:
    set_up_saml(other_tenant, SamlProvider(), app="entra")
    admin_client.post(url("sso-create", protocol="oidc"), oidc())
    assert SsoProvider.objects.count() == 2
    again = admin_client.post(url("sso-create", protocol="oidc"), oidc(app="ENTRA"))
    assert errors_of(again) == {"app": ["There is a provider with this short name."]}


def test_provider_goes_out_of_use_and_back(admin_client: Client, tenant: Tenant) -> None:
    provider = set_up_saml(tenant, SamlProvider())
    for name, is_enabled in (("sso-disable", False), ("sso-enable", True)):
        address = url(name, provider_id=provider.public_id)
        assert admin_client.get(address).status_code == 200
        admin_client.post(address)
        provider.refresh_from_db()
        assert provider.is_enabled is is_enabled


def test_users_page_shows_links_and_removes_them(admin_client: Client, member: User) -> None:
    provider = make_linked_provider(member)
    assert "subject of member" in admin_client.get(url("user-edit", user_id=member.public_id)).content.decode()
    address = url("user-unlink", user_id=member.public_id, provider_id=provider.public_id)
    assert "subject of member" in admin_client.get(address).content.decode()
    admin_client.post(address)
    assert not SsoIdentity.objects.exists()
    assert AuditEvent.objects.get(action="sso_unlinked").details["subject"] == "subject of member"
    assert admin_client.post(address).status_code == 404


def test_user_becomes_a_break_glass_account_and_ordinary_again(admin_client: Client, member: User) -> None:
    address = url("user-break-glass", user_id=member.public_id)
    for is_break_glass in (True, False):
        assert admin_client.get(address).status_code == 200
        admin_client.post(address)
        member.refresh_from_db()
        assert member.is_break_glass is is_break_glass


def test_changing_providers_asks_who_one_is(admin_client: Client, member: User) -> None:
    provider = make_linked_provider(member)
    session = admin_client.session
    session["confirmed_at"] = 0
    session.save()
    ids = {"provider_id": provider.public_id, "user_id": member.public_id}
    pages = {
        "sso-create": {"protocol": "oidc"},
        "sso-edit": {"provider_id": ids["provider_id"]},
        "sso-enable": {"provider_id": ids["provider_id"]},
        "sso-disable": {"provider_id": ids["provider_id"]},
        "user-break-glass": {"user_id": ids["user_id"]},
        "user-unlink": ids,
    }
    for name, arguments in pages.items():
        assert "/confirm/" in admin_client.post(url(name, **arguments)).url
    assert SsoIdentity.objects.count() == SsoProvider.objects.count() == 1


def test_four_eyes_decide_over_a_new_provider(admin_client: Client, tenant: Tenant, admin: User) -> None:
    second = make_admin(tenant, "second")
    demand(tenant, four_eyes=True)
    refused = admin_client.post(url("sso-create", protocol="oidc"), oidc(issuer="ftp://idp.example"))
    assert list(errors_of(refused)) == ["issuer"]
    assert not Approval.objects.exists()
    assert admin_client.post(url("sso-create", protocol="oidc"), oidc()).url == url("approvals")
    assert not SsoProvider.objects.exists()
    request = Approval.objects.get()
    assert "https://login.example/tenant/v2.0" in request.summary
    assert "first-secret" not in str(request.payload)
    approve(request, actor=Actor(id=second.public_id), decided_by=second)
    assert decrypt(SsoProvider.objects.get().client_secret) == "first-secret"


def test_linked_people_are_not_handed_to_another_issuer(admin_client: Client, member: User) -> None:
    """A subject of one issuer is another person at the next one."""
    provider = make_linked_provider(member)
    sent = saml(**{**provider.config, "certificates": provider.config["certificates"][0]}, name="Renamed")
    sent["entity_id"] = "https://elsewhere.example"
    refused = admin_client.post(url("sso-edit", provider_id=provider.public_id), sent)
    assert list(errors_of(refused)) == ["entity_id"]
    SsoIdentity.objects.all().delete()
    admin_client.post(url("sso-edit", provider_id=provider.public_id), sent)
    provider.refresh_from_db()
    assert (provider.name, provider.config["entity_id"]) == ("Renamed", "https://elsewhere.example")


def test_settings_too_long_for_the_log_are_refused(admin_client: Client, tenant: Tenant) -> None:
    Group.objects.create(tenant=tenant, name="Sales")
    admin_client.post(url("sso-create", protocol="oidc"), oidc())
    provider = SsoProvider.objects.get()
    group_map = "\n".join(f"value-{'x' * 40}-{number} = Sales" for number in range(330))
    answer = admin_client.post(url("sso-edit", provider_id=provider.public_id), oidc(group_map=group_map))
    assert "too long to be recorded" in answer.content.decode()
    provider.refresh_from_db()
    assert provider.group_map == {}


def test_who_decides_sees_every_field_that_changes(admin_client: Client, tenant: Tenant) -> None:
    """A summary is cut: a long address must not hide who becomes an administrator."""
    demand(tenant, four_eyes=True)
    make_admin(tenant, "second")
    sent = oidc(issuer="https://idp.example/" + "x" * 400, admin_values="everybody", creates_users="on")
    admin_client.post(url("sso-create", protocol="oidc"), {**sent, "default_role": "admin"})
    request = Approval.objects.get()
    assert "everybody" not in request.summary
    page = admin_client.get(url("approval", approval_id=request.public_id)).content.decode()
    for shown in ("everybody", "Administrator", "upn", "••••••••", "openid profile"):
        assert shown in page
    assert "first-secret" not in page
    assert str(request.payload["client_secret"]) not in page


def test_who_decides_sees_which_certificate_comes_instead(admin_client: Client, tenant: Tenant) -> None:
    make_admin(tenant, "second")
    provider = set_up_saml(tenant, SamlProvider())
    demand(tenant, four_eyes=True)
    theirs = key_and_certificate("second")[1]
    values = {"name": provider.name, "default_role": "member", **provider.config, "certificates": theirs}
    admin_client.post(url("sso-edit", provider_id=provider.public_id), values)
    request = Approval.objects.get()
    page = admin_client.get(url("approval", approval_id=request.public_id)).content.decode()
    [before], [after] = provider.config["certificates"], request.payload["config"]["certificates"]
    assert describe(before).fingerprint in page
    assert describe(after).fingerprint in page
    assert "Entity ID" not in page


def test_four_eyes_decide_over_changes_and_break_glass_accounts(
    admin_client: Client, tenant: Tenant, admin: User, member: User
) -> None:
    second = make_admin(tenant, "second")
    provider = set_up_saml(tenant, SamlProvider())
    demand(tenant, four_eyes=True)
    ids = {"provider_id": provider.public_id}
    admin_client.post(url("sso-edit", **ids), saml(name="New name"))
    admin_client.post(url("sso-disable", **ids))
    admin_client.post(url("user-break-glass", user_id=member.public_id))
    provider.refresh_from_db()
    member.refresh_from_db()
    assert (provider.name, provider.is_enabled, member.is_break_glass) == ("Our SAML", True, False)
    for request in Approval.objects.order_by("pk"):
        approve(request, actor=Actor(id=second.public_id), decided_by=second)
    provider.refresh_from_db()
    member.refresh_from_db()
    assert (provider.name, provider.is_enabled, member.is_break_glass) == ("New name", False, True)
