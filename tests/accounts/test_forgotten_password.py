"""A link by mail for a new password: the same answer for everybody, good once and for an hour."""

import re
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.logins import user_of_login
from accounts.models import User
from accounts.services.resets import mail_reset_link
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand, make_reset_token
from tests.accounts.visits import actions, log_in, text_of

pytestmark = pytest.mark.usefixtures("english")

NEW = "violet harbour lamp"
ADDRESS = {"ip_address": "192.0.2.1"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was given to Celery."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr("accounts.services.resets.run_later", lambda *words: found.append(words))
    return found


@pytest.fixture
def reader(member: User) -> User:
    member.email = "mori@example.com"
    member.save()
    return member


def ask(client: Client, login_id: str, slug: str = "acme") -> Any:
    return client.post(reverse("forgotten", args=[slug]), {"login_id": login_id})


def link() -> str:
    return re.search(r"http://[^/]+(/t/\S+)", mail.outbox[-1].body).group(1)


def choose(client: Client, address: str, password: str = NEW) -> Any:
    return client.post(address, {"password": password, "password_again": password})


def test_everybody_gets_the_same_answer(client: Client, reader: User, host: User, sent: list[Any]) -> None:
    known, unknown = ask(client, "member"), ask(client, "nobody")
    without_mail, elsewhere = ask(client, "host"), ask(client, "member", "nowhere")
    assert {answer.status_code for answer in (known, unknown, without_mail, elsewhere)} == {200}
    assert text_of(known) == text_of(unknown) == text_of(without_mail)
    assert text_of(elsewhere).replace("nowhere", "acme") == text_of(known)
    assert len(sent) == 4


def test_link_is_mailed_in_the_organisation_s_addresses(reader: User) -> None:
    assert mail_reset_link("acme", login_id="Member", **ADDRESS)
    assert mail.outbox[0].to == ["mori@example.com"]
    assert link().startswith("/t/acme/reset/")
    assert actions() == ["password_reset_requested"]


@pytest.mark.parametrize("why", ["unknown", "no mail", "disabled", "organisation", "single sign-on"])
def test_no_link_for_who_cannot_have_one(tenant: Tenant, reader: User, why: str) -> None:
    slug, login_id = ("nowhere" if why == "organisation" else "acme"), ("nobody" if why == "unknown" else "member")
    if why == "no mail":
        reader.email = ""
    reader.is_active = why != "disabled"
    reader.save()
    demand(tenant, sso_only=why == "single sign-on")
    assert not mail_reset_link(slug, login_id=login_id, **ADDRESS)
    assert mail.outbox == []


def test_link_sets_a_new_password_and_ends_all_logins(client: Client, reader: User) -> None:
    elsewhere = Client()
    log_in(elsewhere, "acme", "member")
    mail_reset_link("acme", login_id="member", **ADDRESS)
    assert client.get(link())["Referrer-Policy"] == "no-referrer"
    assert choose(client, link())["Location"] == reverse("login", args=["acme"])
    assert user_of_login(elsewhere.session.session_key) is None
    assert log_in(client, "acme", "member", NEW)["Location"] == reverse("rooms", args=["acme"])


def test_link_is_good_once(client: Client, reader: User) -> None:
    mail_reset_link("acme", login_id="member", **ADDRESS)
    choose(client, link())
    assert choose(client, link(), "another violet lamp").status_code == 404
    assert client.get(link()).status_code == 404


def test_link_is_good_for_an_hour(client: Client, reader: User) -> None:
    with time_machine.travel("2026-11-23T09:00:00Z", tick=False) as clock:
        mail_reset_link("acme", login_id="member", **ADDRESS)
        clock.shift(3599)
        assert client.get(link()).status_code == 200
        clock.shift(2)
        assert client.get(link()).status_code == 404


def test_link_of_one_organisation_is_nothing_in_another(client: Client, reader: User, other_tenant: Tenant) -> None:
    token = make_reset_token(reader)
    assert client.get(reverse("reset", args=["globex", token])).status_code == 404


def test_disabled_user_s_link_is_dead(client: Client, reader: User) -> None:
    token = make_reset_token(reader)
    User.objects.update(is_active=False)
    assert client.get(reverse("reset", args=["acme", token])).status_code == 404


def test_policy_holds_for_the_link_too(client: Client, reader: User) -> None:
    mail_reset_link("acme", login_id="member", **ADDRESS)
    answer = choose(client, link(), "short")
    assert "At least 10 characters." in answer.content.decode()
    assert client.get(link()).status_code == 200


def test_reset_lifts_the_slow_down(client: Client, reader: User, clock: Any) -> None:
    for _try in range(8):
        log_in(client, "acme", "member", "wrong words here")
    assert log_in(client, "acme", "member").status_code == 429
    mail_reset_link("acme", login_id="member", **ADDRESS)
    choose(client, link())
    assert log_in(client, "acme", "member", NEW).status_code == 302


def test_one_mail_a_minute(reader: User) -> None:
    assert mail_reset_link("acme", login_id="member", **ADDRESS)
    assert not mail_reset_link("acme", login_id="member", **ADDRESS)
    cache.clear()
    assert mail_reset_link("acme", login_id="member", **ADDRESS)


def test_asking_again_and_again_is_slowed_down(client: Client, tenant: Tenant, sent: list[Any], clock: Any) -> None:
    answers = [ask(client, "nobody") for _try in range(6)]
    assert answers[-1].status_code == 429
