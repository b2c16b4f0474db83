from django.test import Client
from django.urls import reverse

from accounts.models import User
from tenants.models import Tenant

HOME = "/"


def test_only_organisation_is_not_asked_for(client: Client, tenant: Tenant) -> None:
    assert client.get(HOME).url == reverse("login", args=["acme"])


def test_several_organisations_are_asked_for_and_none_is_named(
    client: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    page = client.get(HOME)
    assert page.status_code == 200
    assert b'name="organisation"' in page.content
    assert b"acme" not in page.content


def test_any_well_formed_organisation_leads_to_its_login(client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    for typed, slug in (("acme", "acme"), (" ACME ", "acme"), ("none", "none")):
        assert client.post(HOME, {"organisation": typed}).url == reverse("login", args=[slug])


def test_malformed_organisation_is_refused(client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    for typed in ("", "-", "a/b", "a" * 41, "会社"):
        assert client.post(HOME, {"organisation": typed}).status_code == 200


def test_installation_without_organisations_asks_too(client: Client, db: None) -> None:
    assert client.get(HOME).status_code == 200


def test_suspended_organisation_does_not_count(client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    Tenant.objects.filter(pk=other_tenant.pk).update(is_active=False)
    assert client.get(HOME).url == reverse("login", args=["acme"])


def test_signed_in_user_comes_to_the_rooms(client: Client, member: User, other_tenant: Tenant) -> None:
    client.force_login(member)
    assert client.get(HOME).url == reverse("rooms", args=["acme"])
