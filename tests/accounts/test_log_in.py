import threading

import pytest
from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve, reverse

from accounts.models import User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import actions, log_in, text_of
from tests.factories import make_tenant, make_user


def test_user_logs_in_and_comes_to_the_rooms(client: Client, member: User) -> None:
    response = log_in(client, "acme", "member")
    assert (response.status_code, response.url) == (302, reverse("rooms", args=["acme"]))
    assert client.session["_auth_user_id"] == str(member.pk)


def test_login_id_is_the_same_in_any_case(client: Client, member: User) -> None:
    assert log_in(client, "acme", "MEMBER").status_code == 302


def test_login_is_recorded_with_the_address(client: Client, tenant: Tenant, member: User) -> None:
    log_in(client, "acme", "member", ip="203.0.113.9")
    event = AuditEvent.objects.get()
    assert (event.tenant, event.action, event.ip_address) == (tenant, "login_succeeded", "203.0.113.9")
    assert event.actor_id == event.target_id == member.public_id


def test_login_is_listed_among_the_users_logins(client: Client, member: User) -> None:
    log_in(client, "acme", "member", ip="203.0.113.9")
    login = UserSession.objects.get(user=member)
    assert (login.session_key, login.ip) == (client.session.session_key, "203.0.113.9")


def test_login_page_leads_a_signed_in_user_on(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    assert client.get(reverse("login", args=["acme"])).url == reverse("rooms", args=["acme"])


def test_same_login_id_in_two_organisations_is_two_people(client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    make_user(tenant, "sato", password="acme password 1")
    globex_sato = make_user(other_tenant, "sato", password="globex password 2")
    assert log_in(client, "globex", "sato", "acme password 1").status_code == 200
    assert log_in(client, "globex", "sato", "globex password 2").status_code == 302
    assert client.session["_auth_user_id"] == str(globex_sato.pk)


def test_wrong_password_is_refused_and_recorded_without_it(client: Client, member: User) -> None:
    response = log_in(client, "acme", "member", "wrong password 1")
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    event = AuditEvent.objects.get()
    assert (event.action, event.target_name, event.actor_id) == ("login_failed", "member", "")
    assert "wrong password 1" not in text_of(response) + str(event.details)


def test_disabled_user_is_refused(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert log_in(client, "acme", "member").status_code == 200
    assert actions() == ["login_failed"]


def test_nobody_logs_in_to_a_suspended_organisation(client: Client, tenant: Tenant, member: User) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    assert log_in(client, "acme", "member").status_code == 200


def test_failed_login_of_somebody_signed_in_elsewhere_does_not_name_them(
    client: Client, member: User, stranger: User
) -> None:
    log_in(client, "globex", "stranger")
    log_in(client, "acme", "member", "wrong password 1")
    event = AuditEvent.objects.get(action="login_failed")
    assert (event.tenant, event.actor_id, event.actor_name) == (member.tenant, "", "")


def test_session_key_from_before_the_login_is_worthless(client: Client, member: User) -> None:
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = str(session.session_key)
    client.cookies["liveon_login"] = planted
    log_in(client, "acme", "member")
    assert client.session.session_key != planted
    assert not client.session.exists(planted)


def test_logging_in_as_somebody_else_ends_the_first_login(
    client: Client, member: User, stranger: User, announced: list
) -> None:
    log_in(client, "acme", "member")
    log_in(client, "globex", "stranger")
    assert client.session["_auth_user_id"] == str(stranger.pk)
    assert not UserSession.objects.filter(user=member).exists()
    assert [(said["user"], said["reason"]) for said in announced] == [(member, "logged_out")]


def test_next_leads_to_a_page_of_the_same_organisation(client: Client, member: User) -> None:
    wanted = reverse("password", args=["acme"])
    assert log_in(client, "acme", "member", next_url=wanted).url == wanted


def test_next_leads_to_the_organisations_own_admintool(client: Client, admin: User) -> None:
    wanted = "/admintool/admintool-key-of-acme/users/"
    assert log_in(client, "acme", "admin", next_url=wanted).url == wanted


def test_next_leads_nowhere_else(client: Client, member: User, other_tenant: Tenant) -> None:
    elsewhere = [
        "https://example.com/",
        "//example.com/t/acme/rooms/",
        "/\\example.com/",
        "javascript:alert(1)",
        "https:/t/acme/rooms/",
        "/t/globex/rooms/",
        "/t/acme/../globex/rooms/",
        "/admintool/admintool-key-of-globex/users/",
        "/admintool/unknown/users/",
        "/no/such/page/",
        "/",
        "\x00",
    ]
    for address in elsewhere:
        response = Client().post(
            reverse("login", args=["acme"]),
            {"login_id": "member", "password": "correct horse battery"},
            QUERY_STRING=f"next={address}",
        )
        assert response.url == reverse("rooms", args=["acme"]), address


def test_nobody_signs_up(rf: RequestFactory) -> None:
    assert not get_adapter().is_open_for_signup(rf.get("/"))
    for address in ("/accounts/signup/", "/accounts/login/", "/signup/"):
        with pytest.raises(Resolver404):
            resolve(address)


def test_login_over_a_unix_socket_is_possible(client: Client, member: User) -> None:
    assert log_in(client, "acme", "member", ip="").status_code == 302
    assert AuditEvent.objects.get().ip_address is None


@pytest.mark.django_db(transaction=True)
def test_many_people_log_in_at_once() -> None:
    tenant = make_tenant("acme")
    people = [make_user(tenant) for _ in range(12)]
    together = threading.Barrier(len(people))
    answers: list[int] = []

    def attempt(user: User) -> None:
        together.wait(timeout=20)
        answers.append(log_in(Client(), "acme", user.login_id).status_code)
        connection.close()

    threads = [threading.Thread(target=attempt, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers == [302] * len(people)
    assert UserSession.objects.count() == len(people)
