from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Group, Role, User
from accounts.signals import access_changed
from audit.models import AuditEvent
from conferences.models import MeetingCommand, Participant
from tenants.models import Tenant
from tests.admintool.conftest import sign_in, url
from tests.factories import PASSWORD, make_user

NEW_PASSWORD = "a quite different one"


@pytest.fixture
def announced() -> Iterator[list[tuple[User, str]]]:
    """What `access_changed` said: (user, reason)."""
    heard: list[tuple[User, str]] = []

    def hear(*, user: User, reason: str, **_more: Any) -> None:
        heard.append((user, reason))

    access_changed.connect(hear)
    yield heard
    access_changed.disconnect(hear)


def form(**changes: Any) -> dict[str, Any]:
    return {
        "login_id": "tanaka",
        "name": "Tanaka",
        "email": "",
        "role": "member",
        "language": "",
        "password": "",
        **changes,
    }


def test_list_shows_the_tenants_users_only(admin_client: Client, member: User, stranger: User) -> None:
    page = admin_client.get(url("users")).content.decode()
    assert "Mori Member" in page
    assert "Sato Stranger" not in page


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"q": "MORI"}, {"member"}),
        ({"q": "member"}, {"member"}),
        ({"q": "@example.com"}, {"gone"}),
        ({"state": "active"}, {"admin", "member"}),
        ({"state": "disabled"}, {"gone"}),
        ({"q": "nobody"}, set()),
        ({"state": "nonsense"}, set()),
        ({"q": "x" * 200}, set()),
    ],
)
def test_search(admin_client: Client, tenant: Tenant, member: User, search: dict[str, str], found: set[str]) -> None:
    make_user(tenant, "gone", is_active=False, email="gone@example.com")
    page = admin_client.get(url("users"), search).context["page"]
    assert {person.login_id for person in page.users} == found


def test_long_list_has_pages_that_keep_the_search(admin_client: Client, tenant: Tenant) -> None:
    User.objects.bulk_create(
        User(tenant=tenant, login_id=f"site-{number:03}", name="Site", password="!") for number in range(51)
    )
    first = admin_client.get(url("users"), {"q": "site"})
    after = first.context["page"].next_after
    assert f"?q=site&amp;after={after}" in first.content.decode()
    assert "51 users" in first.content.decode()
    second = admin_client.get(url("users"), {"q": "site", "after": after})
    assert [person.login_id for person in second.context["page"].users] == ["site-050"]
    assert admin_client.get(url("users"), {"after": "nobody"}).status_code == 404


def test_list_is_filtered_by_role_and_group(admin_client: Client, tenant: Tenant, admin: User, member: User) -> None:
    group = Group.objects.create(tenant=tenant, name="Sales")
    group.users.add(member)
    for search, found in (
        ({"role": "admin"}, [admin]),
        ({"group": group.public_id}, [member]),
        ({"role": "admin", "group": group.public_id}, []),
    ):
        assert admin_client.get(url("users"), search).context["page"].users == found


def test_new_user_can_sign_in_with_the_password_shown(admin_client: Client, tenant: Tenant) -> None:
    answer = admin_client.post(url("user-create"), form())
    password = answer.context["password"]
    assert password in answer.content.decode()
    user = User.objects.with_login_id(tenant, "TANAKA")
    assert user is not None
    assert user.check_password(password)
    assert user.role == Role.MEMBER
    assert password not in str(list(AuditEvent.objects.values()))


def test_password_that_the_admin_typed_is_not_shown(admin_client: Client, tenant: Tenant) -> None:
    answer = admin_client.post(url("user-create"), form(password=NEW_PASSWORD, language="ja"))
    assert NEW_PASSWORD not in answer.content.decode()
    user = User.objects.get(login_id="tanaka")
    assert (user.check_password(NEW_PASSWORD), user.language) == (True, "ja")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"login_id": "Member"}, "login_id"),
        ({"login_id": ""}, "login_id"),
        ({"name": "x" * 101}, "name"),
        ({"email": "nonsense"}, "email"),
        ({"role": "operator"}, "role"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_made(
    admin_client: Client, member: User, wrong: dict[str, str], field: str
) -> None:
    before = User.objects.count()
    answer = admin_client.post(url("user-create"), form(**wrong))
    assert field in answer.context["form"].errors
    assert User.objects.count() == before


def test_edit_changes_what_was_typed_and_records_it(admin_client: Client, admin: User, member: User) -> None:
    answer = admin_client.post(
        url("user-edit", user_id=member.public_id), form(login_id="mori", name="Mori M.", language="en")
    )
    assert answer["Location"] == url("user-edit", user_id=member.public_id)
    member.refresh_from_db()
    assert (member.login_id, member.name, member.language) == ("mori", "Mori M.", "en")
    event = AuditEvent.objects.get(action="user_edited")
    assert (event.actor_id, event.target_id) == (admin.public_id, member.public_id)


def test_groups_can_be_chosen_where_there_are_some(
    admin_client: Client, tenant: Tenant, member: User, other_tenant: Tenant
) -> None:
    own = Group.objects.create(tenant=tenant, name="Sales")
    foreign = Group.objects.create(tenant=other_tenant, name="Sales")
    address = url("user-edit", user_id=member.public_id)
    admin_client.post(address, form(login_id="member", groups=[str(own.pk)]))
    assert list(member.groups.all()) == [own]
    answer = admin_client.post(address, form(login_id="member", groups=[str(foreign.pk)]))
    assert "groups" in answer.context["form"].errors
    assert list(member.groups.all()) == [own]


def test_change_of_role_is_announced(admin_client: Client, member: User, announced: list[tuple[User, str]]) -> None:
    admin_client.post(url("user-edit", user_id=member.public_id), form(login_id="member", role="admin"))
    assert announced == [(member, "role_changed")]


def test_taken_login_id_is_refused_at_the_field(admin_client: Client, member: User, host: User) -> None:
    answer = admin_client.post(url("user-edit", user_id=member.public_id), form(login_id="HOST"))
    assert answer.context["form"].errors["login_id"] == ["This user ID is taken."]


def test_last_admin_cannot_become_a_member(admin_client: Client, admin: User) -> None:
    answer = admin_client.post(url("user-edit", user_id=admin.public_id), form(login_id="admin"))
    assert "The last active administrator cannot be disabled or made a member." in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_admin


def test_disabled_user_is_out_and_keeps_everything(
    admin_client: Client, member: User, announced: list[tuple[User, str]], enter: Callable[..., Participant]
) -> None:
    enter(member)
    theirs = sign_in(Client(), member)
    question = admin_client.get(url("user-disable", user_id=member.public_id)).content.decode()
    assert "Board room" in question
    answer = admin_client.post(url("user-disable", user_id=member.public_id), follow=True)
    assert "Mori Member can no longer sign in." in answer.content.decode()
    member.refresh_from_db()
    assert not member.is_active
    assert announced == [(member, "disabled")]
    assert theirs.get("/t/acme/rooms/")["Location"].startswith("/t/acme/login/")
    assert MeetingCommand.objects.get().kind == MeetingCommand.Kind.REVOKE
    assert AuditEvent.objects.filter(action="user_disabled", target_id=member.public_id).exists()


def test_asking_to_disable_changes_nothing(admin_client: Client, member: User) -> None:
    admin_client.get(url("user-disable", user_id=member.public_id))
    member.refresh_from_db()
    assert member.is_active


def test_last_admin_cannot_be_disabled_and_is_told_why(admin_client: Client, admin: User) -> None:
    assert "This is your own account" in admin_client.get(url("user-disable", user_id=admin.public_id)).content.decode()
    answer = admin_client.post(url("user-disable", user_id=admin.public_id), follow=True)
    assert "The last active administrator cannot be disabled" in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_active


def test_enabled_user_signs_in_again(admin_client: Client, tenant: Tenant) -> None:
    person = make_user(tenant, "gone", is_active=False)
    assert admin_client.get(url("user-enable", user_id=person.public_id)).status_code == 200
    admin_client.post(url("user-enable", user_id=person.public_id))
    answer = Client().post("/t/acme/login/", {"login_id": "gone", "password": PASSWORD})
    assert answer["Location"] == "/t/acme/rooms/"


def test_password_reset_ends_logins_and_shows_a_random_one(
    admin_client: Client, member: User, announced: list[tuple[User, str]]
) -> None:
    theirs = sign_in(Client(), member)
    answer = admin_client.post(url("user-password", user_id=member.public_id), {"password": ""})
    member.refresh_from_db()
    assert member.check_password(answer.context["password"])
    assert announced == [(member, "password_changed")]
    assert theirs.get("/t/acme/rooms/").status_code == 302


def test_password_reset_takes_a_typed_one(admin_client: Client, member: User) -> None:
    answer = admin_client.post(url("user-password", user_id=member.public_id), {"password": NEW_PASSWORD})
    assert answer["Location"] == url("user-edit", user_id=member.public_id)
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)


def test_weak_password_is_refused(admin_client: Client, member: User) -> None:
    answer = admin_client.post(url("user-password", user_id=member.public_id), {"password": "member1"})
    assert answer.context["form"].errors["password"]
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


@pytest.mark.parametrize("page", ["user-edit", "user-disable", "user-enable", "user-password"])
def test_foreign_and_unknown_users_are_404(admin_client: Client, stranger: User, page: str) -> None:
    for user_id in (stranger.public_id, "nobody"):
        assert admin_client.get(url(page, user_id=user_id)).status_code == 404
        assert admin_client.post(url(page, user_id=user_id), form()).status_code == 404
    stranger.refresh_from_db()
    assert stranger.is_active


def test_nothing_deletes_a_user(admin_client: Client, member: User) -> None:
    assert admin_client.delete(url("user-edit", user_id=member.public_id)).status_code == 405
    assert "elete the user" not in admin_client.get(url("user-edit", user_id=member.public_id)).content.decode()
