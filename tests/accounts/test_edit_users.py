from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from accounts.errors import LastAdmin, LoginIdTaken
from accounts.models import Group, Role, User
from accounts.services import users
from accounts.services.users import create_user, edit_user
from accounts.signals import access_changed
from audit.events import SYSTEM, Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import actions
from tests.factories import PASSWORD, make_admin

ACTOR = Actor(id="abc", name="Aoki", ip_address="192.0.2.1")


def create(tenant: Tenant, **fields: Any) -> User:
    values: dict[str, Any] = {"login_id": "sato", "name": "佐藤 一郎", "password": PASSWORD} | fields
    return create_user(tenant, actor=ACTOR, **values)


def test_user_is_created_and_recorded(tenant: Tenant) -> None:
    sales = Group.objects.create(tenant=tenant, name="Sales")
    user = create(tenant, login_id=" sato ", role="admin", email="sato@example.com", groups=[sales])
    user = User.objects.get(pk=user.pk)
    assert (user.tenant, user.login_id, user.name, user.role) == (tenant, "sato", "佐藤 一郎", "admin")
    assert user.is_active and user.check_password(PASSWORD) and user.password_changed_at
    assert list(user.groups.all()) == [sales]
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.ip_address) == ("user_created", "Aoki", "192.0.2.1")
    assert (event.target_type, event.target_id, event.target_name) == ("user", user.public_id, "佐藤 一郎")
    assert event.details == {"login_id": "sato", "role": "admin"}


def test_two_tenants_may_have_the_same_login_id(tenant: Tenant, other_tenant: Tenant) -> None:
    assert create(tenant).login_id == create(other_tenant).login_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login_id", ""),
        ("login_id", "has space"),
        ("login_id", "-first"),
        ("login_id", "佐藤"),
        ("login_id", "sa\nto"),
        ("login_id", "x" * 65),
        ("name", " "),
        ("name", "x" * 101),
        ("email", "not mail"),
        ("role", "operator"),
        ("password", "short"),
        ("password", "sato"),
        ("password", "qwertyuiop"),
        ("password", "x" * 1001),
    ],
)
def test_unacceptable_field_is_named_and_nothing_is_created(tenant: Tenant, field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        create(tenant, **{field: value})
    assert list(refusal.value.message_dict) == [field]
    assert not User.objects.exists() and not AuditEvent.objects.exists()


def test_login_id_is_taken_in_any_case(tenant: Tenant, member: User) -> None:
    with pytest.raises(LoginIdTaken):
        create(tenant, login_id="Member")


def test_group_of_another_tenant_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = Group.objects.create(tenant=other_tenant, name="Theirs")
    with pytest.raises(ValidationError):
        create(tenant, groups=[theirs])


def test_login_id_taken_in_the_meantime_is_the_same_refusal(
    tenant: Tenant, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_check", lambda user, groups: None)
    with pytest.raises(LoginIdTaken):
        create(tenant, login_id="MEMBER")
    assert User.objects.filter(tenant=tenant).count() == 1


def test_password_is_hashed_before_the_transaction(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[bool] = []
    original = users.hash_password

    def watched(password: str, *, user: User) -> str:
        inside.append(connection.in_atomic_block)
        return original(password, user=user)

    monkeypatch.setattr(users, "hash_password", watched)
    user = create(Tenant.objects.create(slug="acme", name="Acme", admintool_key_hash="x"))
    users.set_password(user, actor=SYSTEM, password="quite another one")
    assert inside == [False, False]


def test_changes_are_saved_and_recorded_with_both_values(tenant: Tenant, member: User, announced: list) -> None:
    edit_user(member, actor=ACTOR, name=" New Name ", email="new@example.com", login_id="member")
    member.refresh_from_db()
    assert (member.name, member.email) == ("New Name", "new@example.com")
    event = AuditEvent.objects.get()
    assert event.action == "user_edited"
    assert event.details == {
        "changed": {
            "name": {"from": "Mori Member", "to": "New Name"},
            "email": {"from": "", "to": "new@example.com"},
        }
    }
    assert announced == []


def test_new_role_is_announced(tenant: Tenant, admin: User, member: User, announced: list) -> None:
    edit_user(member, actor=ACTOR, role=Role.ADMIN)
    assert member.is_admin
    [said] = announced
    assert (said["user"], said["reason"], said["login_key"], said["actor"]) == (member, "role_changed", "", ACTOR)
    assert said["in_transaction"]


def test_groups_are_recorded_by_name(tenant: Tenant, member: User) -> None:
    sales, support = (Group.objects.create(tenant=tenant, name=name) for name in ("Sales", "Support"))
    edit_user(member, actor=ACTOR, groups=[sales])
    edit_user(member, actor=ACTOR, groups=[support, sales])
    edit_user(member, actor=ACTOR, groups=[sales, support])
    changes = [event.details["changed"]["groups"] for event in AuditEvent.objects.order_by("pk")]
    assert changes == [{"from": [], "to": ["Sales"]}, {"from": ["Sales"], "to": ["Sales", "Support"]}]


def test_change_to_the_same_is_not_recorded(member: User) -> None:
    edit_user(member, actor=ACTOR, name="Mori Member", role="member")
    assert actions() == []


def test_login_id_may_change_its_case_but_not_to_anothers(tenant: Tenant, member: User, host: User) -> None:
    edit_user(member, actor=ACTOR, login_id="Member")
    with pytest.raises(LoginIdTaken):
        edit_user(member, actor=ACTOR, login_id="HOST")


def test_refused_change_leaves_the_user_as_it_was(tenant: Tenant, member: User) -> None:
    with pytest.raises(ValidationError):
        edit_user(member, actor=ACTOR, name="New", email="not mail")
    assert member.name == "Mori Member"
    assert actions() == []


def test_nothing_else_can_be_changed(member: User) -> None:
    with pytest.raises(TypeError):
        edit_user(member, actor=ACTOR, is_active=False)


def test_last_admin_stays_admin(tenant: Tenant, admin: User, other_admin: User) -> None:
    disabled = make_admin(tenant, is_active=False)
    with pytest.raises(LastAdmin):
        edit_user(admin, actor=ACTOR, role="member")
    edit_user(disabled, actor=ACTOR, role="member")
    make_admin(tenant)
    edit_user(admin, actor=ACTOR, role="member")
    assert not admin.is_admin


def test_receiver_that_fails_undoes_the_change(tenant: Tenant, member: User) -> None:
    def refuse(sender: object, **said: object) -> None:
        raise IntegrityError

    access_changed.connect(refuse)
    try:
        with pytest.raises(IntegrityError):
            edit_user(member, actor=ACTOR, role="admin")
    finally:
        access_changed.disconnect(refuse)
    member.refresh_from_db()
    assert not member.is_admin and actions() == []
