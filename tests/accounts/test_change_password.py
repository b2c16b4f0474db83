import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.logins import user_of_login
from accounts.models import User
from tests.accounts.visits import actions, log_in
from tests.factories import PASSWORD

PAGE = "/t/acme/password/"
NEW = "entirely different words"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str | None = None, ip: str = "198.51.100.7"):
    data = {"old_password": old, "password": new, "password_again": new if again is None else again}
    return client.post(PAGE, data, REMOTE_ADDR=ip)


def test_user_changes_the_password_and_stays_signed_in_here_only(client: Client, member: User, announced: list) -> None:
    elsewhere = Client()
    log_in(elsewhere, "acme", "member")
    log_in(client, "acme", "member")
    old_key = client.session.session_key
    assert change(client).url == "/t/acme/rooms/"
    assert client.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302
    assert client.session.session_key != old_key
    assert UserSession.objects.get(user=member).session_key == client.session.session_key
    [said] = announced
    assert (said["user"], said["reason"], said["login_key"]) == (member, "password_changed", "")
    assert said["in_transaction"]
    assert actions()[-1] == "password_changed"


def test_new_password_opens_and_the_old_one_does_not(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    change(client)
    assert log_in(Client(), "acme", "member", PASSWORD).status_code == 200
    assert log_in(Client(), "acme", "member", NEW).status_code == 302


def test_old_session_key_stands_for_nobody(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    old_key = client.session.session_key
    change(client)
    assert user_of_login(old_key) is None
    assert user_of_login(client.session.session_key) == member


@pytest.mark.parametrize(
    "wrong",
    [
        {"old": "not my password"},
        {"again": "something else 1"},
        {"new": "short"},
        {"new": "member"},
        {"new": "mori member"},
        {"new": "password123"},
        {"new": "x" * 1001},
        {"new": ""},
    ],
)
def test_bad_change_is_refused_and_changes_nothing(client: Client, member: User, wrong: dict, announced: list) -> None:
    client.force_login(member)
    response = change(client, **wrong)
    assert response.status_code == 200
    assert b"errorlist" in response.content
    member.refresh_from_db()
    assert member.check_password(PASSWORD)
    assert announced == []


def test_guessing_the_old_password_is_slowed_like_a_login(client: Client, member: User) -> None:
    client.force_login(member)
    answers = [change(client, old=f"guess number {number}").status_code for number in range(6)]
    assert answers == [200] * 5 + [429]
    assert change(client).status_code == 429
    assert log_in(Client(), "acme", "member").status_code == 429
    assert log_in(Client(), "acme", "member", ip="198.51.100.99").status_code == 302
