"""Whom a provider's assertion signs in, and what it changes of the account."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import Group, Role, SsoIdentity, SsoProvider, User
from accounts.services.sso_people import person_for, preview
from accounts.services.users import disable_user
from accounts.sso.asserted import Asserted
from accounts.sso.refusals import SsoRefused
from audit.events import Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import actions
from tests.factories import make_admin, make_user
from tests.idp.saml import SamlProvider
from tests.idp.signing_on import set_up_saml

VISITOR = Actor(ip_address="198.51.100.7")


@pytest.fixture
def provider(tenant: Tenant) -> SsoProvider:
    return set_up_saml(tenant, SamlProvider())


def asserted(subject: str = "mori", **attributes: str | list[str]) -> Asserted:
    listed = {name: tuple([value] if isinstance(value, str) else value) for name, value in attributes.items()}
    return Asserted(subject, listed)


def sign_on(provider: SsoProvider, said: Asserted) -> User:
    return person_for(provider, said, actor=VISITOR)


def refusal(provider: SsoProvider, said: Asserted) -> str:
    with pytest.raises(SsoRefused) as caught:
        sign_on(provider, said)
    return caught.value.reason


def set_fields(provider: SsoProvider, **fields: object) -> None:
    for name, value in fields.items():
        setattr(provider, name, value)
    provider.save()


def test_user_id_links_in_any_case(provider, member: User) -> None:
    assert sign_on(provider, asserted(uid="MEMBER")) == member
    assert SsoIdentity.objects.get().user == member
    provider.refresh_from_db()
    assert provider.worked_at


def test_without_the_administrators_word_nobody_is_linked(provider, member: User) -> None:
    set_fields(provider, login_id_attribute="")
    said = asserted("member", uid="member", email=member.email or "m@example.com", preferred_username="member")
    assert refusal(provider, said) == "unknown_person"
    assert actions() == []


def test_mail_address_links_nobody(provider, tenant: Tenant) -> None:
    make_user(tenant, "sato", email="sato@example.com")
    set_fields(provider, creates_users=True)
    created = sign_on(provider, asserted(uid="sato2", email="sato@example.com"))
    assert created.login_id == "sato2"


def test_another_subject_cannot_take_a_linked_account(provider, member: User) -> None:
    sign_on(provider, asserted("mori", uid="member"))
    assert refusal(provider, asserted("eve", uid="member")) == "user_id_not_free"


def test_known_subject_stays_whoever_it_was_linked_to(provider, member: User, host: User) -> None:
    sign_on(provider, asserted("mori", uid="member"))
    assert sign_on(provider, asserted("mori", uid="host")) == member


def test_break_glass_account_is_never_linked(provider, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(is_break_glass=True)
    assert refusal(provider, asserted(uid="admin")) == "user_id_not_free"


def test_disabled_user_is_refused_linked_or_not(provider, tenant: Tenant, member: User) -> None:
    sign_on(provider, asserted("mori", uid="member"))
    disable_user(member, actor=VISITOR)
    assert refusal(provider, asserted("mori", uid="member")) == "disabled"
    make_user(tenant, "gone", is_active=False)
    assert refusal(provider, asserted("other", uid="gone")) == "disabled"


def test_unknown_person_gets_an_account_when_settings_say_so(provider) -> None:
    assert refusal(provider, asserted("tanaka", uid="tanaka")) == "unknown_person"
    set_fields(provider, creates_users=True)
    user = sign_on(provider, asserted("tanaka", uid="tanaka", name="Tanaka", email="t@example.com"))
    assert (user.login_id, user.name, user.email, user.role) == ("tanaka", "Tanaka", "t@example.com", Role.MEMBER)
    assert not user.has_usable_password()
    assert actions() == ["user_created", "sso_linked"]
    assert sign_on(provider, asserted("tanaka", uid="tanaka")) == user


@pytest.mark.parametrize("login_id", ["", "-dash", "with space", "x" * 65, "漢字"])
def test_strange_user_id_makes_no_account(provider, login_id) -> None:
    set_fields(provider, creates_users=True)
    assert refusal(provider, asserted("tanaka", uid=login_id)) == "user_id_not_free"
    assert not User.objects.exists()


def test_new_account_without_linking_never_takes_an_existing_user_id(provider, member: User) -> None:
    set_fields(provider, creates_users=True, login_id_attribute="")
    assert refusal(provider, asserted("member")) == "user_id_not_free"
    assert sign_on(provider, asserted("tanaka")).login_id == "tanaka"


def test_mail_address_that_is_none_is_left_out(provider) -> None:
    set_fields(provider, creates_users=True)
    assert sign_on(provider, asserted("tanaka", uid="tanaka", email="not a mail")).email == ""


def test_groups_follow_the_map_at_each_login(provider, tenant: Tenant, member: User) -> None:
    sales, staff, own = (Group.objects.create(tenant=tenant, name=name) for name in ("Sales", "Staff", "Own"))
    member.groups.set([staff, own])
    set_fields(provider, groups_attribute="groups", group_map={"g-sales": "sales", "g-staff": "Staff", "x": "No such"})
    sign_on(provider, asserted(uid="member", groups=["g-sales", "x", "g-other"]))
    assert set(member.groups.all()) == {sales, own}
    sign_on(provider, asserted(uid="member"))
    assert set(member.groups.all()) == {own}
    edited = AuditEvent.objects.filter(action="user_edited")
    assert {event.actor_name for event in edited} == {"Our SAML"}
    sign_on(provider, asserted(uid="member"))
    assert edited.count() == 2  # nothing changed, nothing recorded


def test_role_follows_the_values_at_each_login(provider, admin: User, member: User, announced) -> None:
    set_fields(provider, groups_attribute="groups", admin_values=["admins"])
    assert sign_on(provider, asserted(uid="member", groups=["staff", "admins"])).is_admin
    assert not sign_on(provider, asserted(uid="member", groups=["staff"])).is_admin
    assert [said["reason"] for said in announced] == ["role_changed", "role_changed"]


def test_without_values_the_role_is_left_alone(provider, tenant: Tenant, member: User) -> None:
    make_admin(tenant, "chief")
    set_fields(provider, groups_attribute="groups", group_map={"g": "G"})
    assert sign_on(provider, asserted("chief", uid="chief")).is_admin


def test_last_administrator_stays_one_and_signs_in(provider, admin: User) -> None:
    set_fields(provider, groups_attribute="groups", admin_values=["admins"])
    assert sign_on(provider, asserted(uid="admin")).is_admin
    assert actions() == ["sso_linked", "sso_change_refused"]


def test_preview_says_all_and_changes_nothing(provider, tenant: Tenant, member: User, announced) -> None:
    sales = Group.objects.create(tenant=tenant, name="Sales")
    set_fields(provider, groups_attribute="groups", group_map={"s": "Sales"}, admin_values=["a"], creates_users=True)
    found = preview(provider, asserted(uid="member", groups=["s", "a"]), actor=VISITOR)
    assert (found.login_id, found.role, found.groups, found.is_new) == ("member", "admin", ("Sales",), False)
    assert preview(provider, asserted("new", uid="new", groups=["s"]), actor=VISITOR).is_new
    member.refresh_from_db()
    assert (member.role, list(member.groups.all()), User.objects.count()) == ("member", [], 1)
    assert not SsoIdentity.objects.exists()
    assert actions() == []
    assert sales.users.count() == 0
    provider.refresh_from_db()
    assert provider.worked_at  # it works


@pytest.mark.django_db(transaction=True)
def test_two_first_logins_at_once_make_one_account(tenant: Tenant) -> None:
    provider = set_up_saml(tenant, SamlProvider(), creates_users=True)

    def once(_number: int) -> str:
        try:
            return sign_on(provider, asserted("t", uid="t")).login_id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(once, range(4))) == {"t"}
    assert User.objects.count() == SsoIdentity.objects.count() == 1
