"""Where somebody is signed in, and ending it: one's own, and an administrator for others."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from accounts.browsers import browser_name
from accounts.logins import login_key, user_of_login
from accounts.models import User
from accounts.services.logins import logins_of
from audit.models import AuditEvent
from tests.accounts.sign_in_rows import make_login
from tests.accounts.visits import actions, log_in
from tests.factories import ADMINTOOL_KEY

pytestmark = pytest.mark.usefixtures("english")

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def page(name: str, *more: str) -> str:
    return reverse(name, args=["acme", *more])


def admintool(name: str, *more: str) -> str:
    return reverse(f"admintool:{name}", args=[f"{ADMINTOOL_KEY}acme", *more])


def test_page_shows_each_login_and_which_one_is_this(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    make_login(member, ip="192.0.2.77", user_agent=FIREFOX)
    text = client.get(page("logins")).content.decode()
    assert text.count("This one") == 1
    assert "Firefox, Windows" in text
    assert "192.0.2.77" in text
    assert str(client.session.session_key) not in text


def test_other_people_s_logins_are_not_there(client: Client, member: User, host: User) -> None:
    log_in(client, "acme", "member")
    make_login(host, ip="192.0.2.88")
    assert "192.0.2.88" not in client.get(page("logins")).content.decode()


def test_ending_one_login_leaves_the_others(client: Client, member: User, announced: list[dict[str, Any]]) -> None:
    log_in(client, "acme", "member")
    lost = make_login(member, ip="192.0.2.77")
    client.post(page("login-end", login_key(lost.session_key)))
    assert user_of_login(lost.session_key) is None
    assert user_of_login(client.session.session_key) == member
    assert [(said["reason"], said["login_key"]) for said in announced] == [("logged_out", login_key(lost.session_key))]
    assert announced[0]["in_transaction"]
    assert AuditEvent.objects.get(action="login_revoked").details["from_address"] == "192.0.2.77"


def test_ending_this_login_is_a_log_out(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    client.post(page("login-end", login_key(client.session.session_key)))
    assert client.get(page("rooms")).status_code == 302


def test_ending_all_others(client: Client, member: User, announced: list[dict[str, Any]]) -> None:
    log_in(client, "acme", "member")
    others = [make_login(member) for _login in range(3)]
    client.post(page("logins-end-others"))
    assert [login.session_key for login in UserSession.objects.all()] == [client.session.session_key]
    assert {said["login_key"] for said in announced} == {login_key(other.session_key) for other in others}


def test_login_that_ended_elsewhere_is_not_listed(client: Client, member: User) -> None:
    gone = make_login(member)
    gone._session_store(gone.session_key).delete()
    assert logins_of(member) == []


def test_administrator_sees_and_ends_a_user_s_logins(client: Client, admin: User, member: User) -> None:
    client.force_login(admin)
    lost = make_login(member, ip="192.0.2.77", user_agent=FIREFOX)
    text = client.get(admintool("user-logins", member.public_id)).content.decode()
    assert "Firefox, Windows" in text
    client.post(admintool("user-login-end", member.public_id, login_key(lost.session_key)))
    assert user_of_login(lost.session_key) is None
    assert AuditEvent.objects.get(action="login_revoked").actor_name == admin.name


def test_administrator_ends_all_logins_of_a_user(client: Client, admin: User, member: User) -> None:
    client.force_login(admin)
    lost = [make_login(member) for _login in range(2)]
    client.post(admintool("user-logins", member.public_id))
    assert [user_of_login(login.session_key) for login in lost] == [None, None]


def test_unlocking_lets_a_slowed_down_user_in_from_everywhere(
    client: Client, admin: User, member: User, clock: Any
) -> None:
    for _try in range(8):
        log_in(Client(), "acme", "Member", "wrong words here")
        log_in(Client(), "acme", "member", "wrong words here", ip="192.0.2.9")
    assert log_in(Client(), "acme", "member").status_code == 429
    client.force_login(admin)
    client.post(admintool("user-unlock", member.public_id))
    assert log_in(Client(), "acme", "member").status_code == 302
    assert log_in(Client(), "acme", "member", ip="192.0.2.9").status_code == 302
    assert "user_unlocked" in actions()


def test_unlocking_one_user_lifts_nobody_else_s_slow_down(
    client: Client, admin: User, member: User, host: User, clock: Any
) -> None:
    for _try in range(8):
        log_in(Client(), "acme", "host", "wrong words here")
    client.force_login(admin)
    client.post(admintool("user-unlock", member.public_id))
    assert log_in(Client(), "acme", "host").status_code == 429


def test_names_of_browsers() -> None:
    assert browser_name(FIREFOX) == "Firefox, Windows"
    assert (
        browser_name("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/130.0 Safari/537.36 Edg/130")
        == "Edge, macOS"
    )
    assert browser_name("curl/8") == ""
