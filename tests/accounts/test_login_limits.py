"""Logins end by themselves: unused for too long, or too old. A meeting is activity."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from accounts.logins import login_key, user_of_login
from accounts.models import User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand
from tests.accounts.visits import log_in

pytestmark = pytest.mark.usefixtures("english")

ROOMS = "/t/acme/rooms/"


@pytest.fixture
def signed_in(client: Client, member: User, clock: time_machine.Traveller) -> Client:
    log_in(client, "acme", "member")
    return client


def is_in(client: Client) -> bool:
    return client.get(ROOMS).status_code == 200


def test_login_goes_on_while_it_is_used(signed_in: Client, tenant: Tenant, clock: time_machine.Traveller) -> None:
    demand(tenant, idle_minutes=30)
    for _visit in range(4):
        clock.shift(timedelta(minutes=29))
        assert is_in(signed_in)


def test_unused_login_ends_and_says_why(
    signed_in: Client, tenant: Tenant, clock: time_machine.Traveller, announced: list[dict[str, Any]]
) -> None:
    demand(tenant, idle_minutes=30)
    key = signed_in.session.session_key
    clock.shift(timedelta(minutes=31))
    answer = signed_in.get(ROOMS, follow=True)
    assert answer.redirect_chain[0][0] == f"{reverse('login', args=['acme'])}?next={ROOMS}"
    assert "had not been active for a while" in answer.content.decode()
    assert AuditEvent.objects.get(action="login_ended").details == {"why": "idle"}
    assert [(said["reason"], said["login_key"]) for said in announced] == [("logged_out", login_key(key))]
    assert not is_in(signed_in)


def test_old_login_ends_however_busy(signed_in: Client, tenant: Tenant, clock: time_machine.Traveller) -> None:
    demand(tenant, login_hours=2)
    for _visit in range(4):
        clock.shift(timedelta(minutes=29))
        assert is_in(signed_in)
    clock.shift(timedelta(minutes=5))
    assert "longest duration" in signed_in.get(ROOMS, follow=True).content.decode()


def test_socket_of_an_unused_login_is_refused(signed_in: Client, tenant: Tenant, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(minutes=121))
    assert user_of_login(signed_in.session.session_key) is None


def test_meeting_counts_as_activity(
    signed_in: Client, tenant: Tenant, member: User, clock: time_machine.Traveller
) -> None:
    demand(tenant, idle_minutes=30)
    for _minute in range(45):
        clock.shift(timedelta(minutes=1, seconds=1))
        assert user_of_login(signed_in.session.session_key) == member
    assert is_in(signed_in)


def test_meeting_does_not_outlast_the_login(signed_in: Client, tenant: Tenant, clock: time_machine.Traveller) -> None:
    demand(tenant, login_hours=1)
    clock.shift(timedelta(minutes=59))
    assert user_of_login(signed_in.session.session_key) is not None
    clock.shift(timedelta(minutes=2))
    assert user_of_login(signed_in.session.session_key) is None


def test_page_that_refreshes_itself_is_no_activity(
    signed_in: Client, tenant: Tenant, clock: time_machine.Traveller
) -> None:
    demand(tenant, idle_minutes=30)
    for _refresh in range(3):
        clock.shift(timedelta(minutes=11))
        last = signed_in.get(ROOMS, headers={"HX-Request": "true"})
    assert last.status_code == 302


def test_where_and_when_it_was_last_seen_is_noted_once_a_minute(
    signed_in: Client, clock: time_machine.Traveller
) -> None:
    began = UserSession.objects.get().last_seen_at
    clock.shift(timedelta(seconds=30))
    signed_in.get(ROOMS, REMOTE_ADDR="192.0.2.44")
    assert UserSession.objects.get().last_seen_at == began
    clock.shift(timedelta(seconds=31))
    signed_in.get(ROOMS, REMOTE_ADDR="192.0.2.44")
    login = UserSession.objects.get()
    assert (login.last_seen_at - began, login.ip) == (timedelta(seconds=61), "192.0.2.44")


def test_longer_login_outlives_the_default_of_cookies(
    client: Client, tenant: Tenant, member: User, clock: time_machine.Traveller
) -> None:
    demand(tenant, login_hours=100, idle_minutes=1440)
    log_in(client, "acme", "member")
    for _day in range(4):
        clock.shift(timedelta(hours=23))
        assert is_in(client)
    clock.shift(timedelta(hours=9))
    assert not is_in(client)
