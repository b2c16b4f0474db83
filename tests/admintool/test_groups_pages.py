"""Admintool's pages of groups."""

from django.test import Client

from accounts.models import Group, Restriction, SsoProvider, User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.admintool.people_rows import make_group
from tests.factories import make_user


def test_group_is_made_and_gets_members(admin_client: Client, tenant: Tenant, member: User, host: User) -> None:
    answer = admin_client.post(url("groups"), {"name": " Sales "})
    group = Group.objects.get()
    assert (group.name, answer["Location"]) == ("Sales", url("group", group_id=group.public_id))
    admin_client.post(url("group-add", group_id=group.public_id), {"login_ids": "MEMBER, host\nmember"})
    assert set(group.users.all()) == {member, host}
    page = admin_client.get(url("group", group_id=group.public_id)).content.decode()
    assert "2 members" in page
    assert "Mori Member" in page
    admin_client.post(url("group-remove", group_id=group.public_id, user_id=member.public_id))
    assert list(group.users.all()) == [host]
    changes = AuditEvent.objects.filter(action="group_members_changed").order_by("pk")
    assert [event.details for event in changes] == [
        {"added": ["host", "member"], "removed": []},
        {"added": [], "removed": ["member"]},
    ]


def test_unknown_user_id_adds_nobody(admin_client: Client, tenant: Tenant, member: User, stranger: User) -> None:
    group = make_group(tenant)
    answer = admin_client.post(url("group-add", group_id=group.public_id), {"login_ids": "member stranger nobody"})
    assert "There is no user stranger, nobody." in answer.content.decode()
    assert not group.users.exists()


def test_rename_reaches_single_sign_on(admin_client: Client, tenant: Tenant) -> None:
    group = make_group(tenant)
    provider = SsoProvider.objects.create(
        tenant=tenant, app="idp", name="IdP", protocol="oidc", group_map={"vertrieb": "Sales", "it": "IT"}
    )
    admin_client.post(url("group", group_id=group.public_id), {"name": "営業部"})
    group.refresh_from_db()
    provider.refresh_from_db()
    assert group.name == "営業部"
    assert provider.group_map == {"vertrieb": "営業部", "it": "IT"}


def test_names_are_unique_and_have_no_separator(admin_client: Client, tenant: Tenant) -> None:
    group = make_group(tenant)
    make_group(tenant, "IT")
    for name in ("SALES", "Ｓａｌｅｓ", "a;b", "", "x" * 101):
        assert "name" in admin_client.post(url("groups"), {"name": name}).context["form"].errors
    answer = admin_client.post(url("group", group_id=group.public_id), {"name": "it"})
    assert "name" in answer.context["form"].errors


def test_group_is_deleted_only_when_nothing_depends_on_it(admin_client: Client, tenant: Tenant, member: User) -> None:
    group = make_group(tenant, "Sales", member)
    rule = Restriction.objects.create(
        tenant=tenant, position=1, name="Office only", scope="login", effect="deny", networks=["203.0.113.0/24"]
    )
    rule.groups.add(group)
    address = url("group-delete", group_id=group.public_id)
    assert "Rule “Office only”" in admin_client.get(address).content.decode()
    refused = admin_client.post(address, follow=True).content.decode()
    assert "This group is in use: Rule “Office only”." in refused
    rule.groups.clear()
    assert "1 user leaves the group and stays a user." in admin_client.get(address).content.decode()
    admin_client.post(address)
    assert not Group.objects.exists()
    assert User.objects.filter(pk=member.pk).exists()
    assert AuditEvent.objects.get(action="group_deleted").details == {"members": 1}


def test_members_are_paged(admin_client: Client, tenant: Tenant) -> None:
    group = make_group(tenant, "Sales", *(make_user(tenant, f"site-{number:02}") for number in range(51)))
    first = admin_client.get(url("group", group_id=group.public_id))
    assert len(first.context["page"].users) == 50
    after = first.context["page"].next_after
    second = admin_client.get(url("group", group_id=group.public_id), {"after": after})
    assert [user.login_id for user in second.context["page"].users] == ["site-50"]


def test_foreign_group_does_not_exist(admin_client: Client, other_tenant: Tenant, member: User) -> None:
    group = make_group(other_tenant)
    for name in ("group", "group-add", "group-delete"):
        assert admin_client.post(url(name, group_id=group.public_id)).status_code == 404
    assert admin_client.post(url("group-remove", group_id=group.public_id, user_id=member.public_id)).status_code == 404
    assert Group.objects.filter(pk=group.pk).exists()
