import threading

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client

from accounts.errors import LastAdmin
from accounts.logins import user_of_login
from accounts.models import User
from accounts.services.users import disable_user, enable_user, set_password
from audit.events import SYSTEM, Actor
from tenants.models import Tenant
from tests.accounts.visits import actions, log_in
from tests.factories import make_admin, make_tenant

ACTOR = Actor(id="abc", name="Aoki")


def test_disabled_users_logins_end_and_meetings_are_told(member: User, announced: list) -> None:
    here, there = Client(), Client()
    log_in(here, "acme", "member")
    log_in(there, "acme", "member")
    disable_user(member, actor=ACTOR)
    assert user_of_login(here.session.session_key) is None
    assert here.get("/t/acme/password/").status_code == there.get("/t/acme/password/").status_code == 302
    assert not UserSession.objects.exists()
    [said] = announced
    assert (said["user"], said["reason"], said["login_key"], said["actor"]) == (member, "disabled", "", ACTOR)
    assert said["in_transaction"]
    assert actions()[-1] == "user_disabled"


def test_enabled_user_signs_in_again(member: User) -> None:
    disable_user(member, actor=ACTOR)
    enable_user(member, actor=ACTOR)
    assert log_in(Client(), "acme", "member").status_code == 302
    assert actions() == ["user_disabled", "user_enabled", "login_succeeded"]


def test_other_users_logins_go_on(member: User, host: User) -> None:
    client = Client()
    log_in(client, "acme", "host")
    disable_user(member, actor=ACTOR)
    assert user_of_login(client.session.session_key) == host


def test_again_changes_and_records_nothing(member: User, announced: list) -> None:
    enable_user(member, actor=ACTOR)
    disable_user(member, actor=ACTOR)
    disable_user(member, actor=ACTOR)
    assert actions() == ["user_disabled"]
    assert len(announced) == 1


def test_last_active_admin_cannot_be_disabled(tenant: Tenant, admin: User, other_admin: User) -> None:
    second = make_admin(tenant)
    disable_user(second, actor=ACTOR)
    with pytest.raises(LastAdmin):
        disable_user(admin, actor=ACTOR)
    assert User.objects.get(pk=admin.pk).is_active


def test_password_set_by_an_admin_ends_all_logins(member: User, announced: list) -> None:
    client = Client()
    log_in(client, "acme", "member")
    set_password(member, actor=ACTOR, password="quite another one")
    assert user_of_login(client.session.session_key) is None
    assert [(said["reason"], said["login_key"]) for said in announced] == [("password_changed", "")]
    assert log_in(Client(), "acme", "member", "quite another one").status_code == 302
    assert member.password_changed_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_disable_each_other_at_once() -> None:
    tenant = make_tenant()
    admins = [make_admin(tenant), make_admin(tenant)]
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def disable(user: User) -> None:
        together.wait(timeout=10)
        try:
            disable_user(user, actor=SYSTEM)
            outcomes.append("disabled")
        except LastAdmin:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=disable, args=(user,)) for user in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["disabled", "refused"]
    assert User.objects.filter(tenant=tenant, is_active=True).count() == 1
