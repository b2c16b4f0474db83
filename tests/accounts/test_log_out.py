from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.logins import login_key, user_of_login
from accounts.models import User
from accounts.tasks import forget_expired_logins_nightly
from tests.accounts.visits import actions, log_in

LOGOUT = "/t/acme/logout/"


def test_logout_ends_this_login_and_tells_the_meetings(client: Client, member: User, announced: list) -> None:
    log_in(client, "acme", "member")
    session_key = client.session.session_key
    assert client.post(LOGOUT).url == reverse("login", args=["acme"])
    assert user_of_login(session_key) is None
    assert not UserSession.objects.exists()
    assert actions() == ["login_succeeded", "logged_out"]
    [said] = announced
    assert (said["user"], said["reason"], said["login_key"]) == (member, "logged_out", login_key(session_key))
    assert said["in_transaction"]


def test_other_logins_go_on(client: Client, member: User) -> None:
    elsewhere = Client()
    log_in(elsewhere, "acme", "member")
    log_in(client, "acme", "member")
    client.post(LOGOUT)
    assert user_of_login(elsewhere.session.session_key) == member


def test_link_does_not_log_out(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    assert client.get(LOGOUT).status_code == 405
    assert user_of_login(client.session.session_key) == member


def test_other_sites_cannot_log_somebody_out(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.post(LOGOUT).status_code == 403


def test_logging_out_twice_is_harmless(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    client.post(LOGOUT)
    assert client.post(LOGOUT).url == reverse("login", args=["acme"])
    assert actions().count("logged_out") == 1


def test_login_stands_for_nobody_without_a_session(db: None) -> None:
    assert user_of_login(None) is None
    assert user_of_login("no such session") is None
    assert login_key(None) == ""


def test_logins_whose_time_ran_out_are_forgotten_at_night(client: Client, member: User) -> None:
    elsewhere = Client()
    log_in(elsewhere, "acme", "member")
    log_in(client, "acme", "member")
    Session.objects.filter(pk=client.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert forget_expired_logins_nightly() == 1
    assert UserSession.objects.get().session_key == elsewhere.session.session_key
    assert Session.objects.get().pk == elsewhere.session.session_key
