"""Admintool and who stands before it: confirming, network, time away, refused visits, a new address."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import OwnNetworkMissing
from accounts.models import User
from accounts.services.factors import factors_of
from accounts.services.security import check_own_network
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand, make_totp
from tests.accounts.visits import actions, log_in
from tests.factories import ADMINTOOL_KEY, PASSWORD

pytestmark = pytest.mark.usefixtures("english")

KEY = f"{ADMINTOOL_KEY}acme"
HERE = "198.51.100.7"


def url(name: str, *more: str) -> str:
    return reverse(f"admintool:{name}", args=[KEY, *more])


def sign_in(client: Client) -> Any:
    return client.post(url("login"), {"login_id": "admin", "password": PASSWORD})


@pytest.fixture
def clock() -> Any:
    with time_machine.travel("2026-11-23T09:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def later(client: Client, admin: User, clock: Any) -> Client:
    """An administrator who signed in six minutes ago."""
    sign_in(client)
    clock.shift(timedelta(minutes=6))
    return client


def test_dangerous_page_asks_who_one_is_and_leads_back(later: Client, member: User) -> None:
    dangerous = url("user-password", member.public_id)
    asked = later.get(dangerous)
    assert asked["Location"] == f"{url('confirm')}?next=users%2F{member.public_id}%2Fpassword%2F"
    assert later.post(asked["Location"], {"password": PASSWORD})["Location"] == dangerous
    assert later.get(dangerous).status_code == 200
    assert actions()[-1] == "reauthenticated"


def test_fresh_login_is_a_confirmation(client: Client, admin: User, member: User) -> None:
    sign_in(client)
    assert client.get(url("user-password", member.public_id)).status_code == 200


def test_wrong_password_confirms_nothing(later: Client) -> None:
    answer = later.post(url("confirm"), {"password": "wrong words here"})
    assert "This is not your current password" in answer.content.decode()
    assert later.get(url("rotate")).status_code == 302
    assert "reauthentication_failed" in actions()


def test_form_sent_too_late_does_nothing_and_says_so(later: Client, tenant: Tenant) -> None:
    before = Tenant.objects.get().admintool_key_hash
    answer = later.post(url("rotate"), headers={"Referer": f"http://testserver{url('rotate')}"}, follow=True)
    assert "Nothing has been changed yet" in answer.content.decode()
    assert answer.redirect_chain == [(f"{url('confirm')}?next=rotate%2F", 302)]
    assert Tenant.objects.get().admintool_key_hash == before


def test_confirming_leads_nowhere_else(later: Client) -> None:
    answer = later.post(f"{url('confirm')}?next=../../t/acme/rooms/", {"password": PASSWORD})
    assert answer["Location"] == url("overview")


def test_code_of_the_app_confirms(later: Client, admin: User) -> None:
    seed = make_totp(admin)
    code = format_hotp_value(hotp_value(seed, int(timezone.now().timestamp()) // 30))
    assert later.post(url("confirm"), {"code": code})["Location"] == url("overview")
    assert AuditEvent.objects.get(action="reauthenticated").details == {"method": "totp"}


def test_wrong_passwords_are_slowed_down_as_at_the_login(later: Client) -> None:
    answers = [later.post(url("confirm"), {"password": "wrong words here"}) for _try in range(7)]
    assert answers[-1].status_code == 429


def test_new_address_kills_the_old_one(client: Client, admin: User) -> None:
    sign_in(client)
    assert client.get(url("rotate")).status_code == 200
    shown = client.post(url("rotate"))
    address = shown.context["address"]
    assert client.get(url("overview")).status_code == 404
    assert client.get(address).status_code == 200
    assert actions().count("admintool_url_rotated") == 1
    assert address.split("/")[-2] not in str(list(AuditEvent.objects.values()))


def test_time_away_asks_who_one_is(client: Client, tenant: Tenant, admin: User, clock: Any) -> None:
    demand(tenant, admintool_idle_minutes=10)
    sign_in(client)
    for _visit in range(3):
        clock.shift(timedelta(minutes=9))
        assert client.get(url("users")).status_code == 200
    clock.shift(timedelta(minutes=11))
    assert client.get(url("users"))["Location"] == f"{url('confirm')}?next=users%2F"
    client.post(url("confirm"), {"password": PASSWORD})
    assert client.get(url("users")).status_code == 200


def test_page_left_open_does_not_keep_admintool_open(client: Client, tenant: Tenant, admin: User, clock: Any) -> None:
    demand(tenant, admintool_idle_minutes=10)
    sign_in(client)
    client.get(url("live"))
    for _refresh in range(3):
        clock.shift(timedelta(minutes=4))
        answer = client.get(url("live-now"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, url("confirm"))


def test_old_login_of_the_pages_outside_does_not_open_admintool(client: Client, admin: User, clock: Any) -> None:
    log_in(client, "acme", "admin")
    clock.shift(timedelta(minutes=31))
    assert client.get(url("overview"))["Location"] == url("confirm")


def test_other_networks_find_nothing(client: Client, tenant: Tenant, admin: User) -> None:
    demand(tenant, admintool_networks=["198.51.100.0/24", "2001:db8::/32"])
    for name in ("login", "overview", "users", "confirm"):
        assert client.get(url(name), REMOTE_ADDR="192.0.2.1").status_code == 404
    assert client.get(url("login"), REMOTE_ADDR=HERE).status_code == 200
    assert client.get(url("login"), REMOTE_ADDR="2001:db8::7").status_code == 200
    event = AuditEvent.objects.get(action="admintool_refused")
    assert (event.ip_address, event.details) == ("192.0.2.1", {"why": "network"})


def test_operator_opens_admintool_to_who_shut_themselves_out(client: Client, tenant: Tenant, admin: User) -> None:
    demand(tenant, admintool_networks=["192.0.2.0/24"])
    assert client.get(url("login"), REMOTE_ADDR=HERE).status_code == 404
    call_command("open_admintool", "acme", "--json")
    assert client.get(url("login"), REMOTE_ADDR=HERE).status_code == 200
    assert actions()[-1] == "security_settings_changed"


def test_member_s_visit_is_refused_and_recorded(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get(url("overview")).status_code == 404
    event = AuditEvent.objects.get(action="admintool_refused")
    assert (event.actor_name, event.details) == (member.name, {"why": "role"})


def test_foreign_administrator_is_recorded_without_a_name(client: Client, tenant: Tenant, other_admin: User) -> None:
    client.force_login(other_admin)
    assert client.get(url("overview")).status_code == 404
    event = AuditEvent.objects.get(action="admintool_refused")
    assert (event.tenant, event.actor_name, event.details) == (tenant, "", {"why": "tenant"})


def test_wrong_key_is_counted_in_the_log_without_the_key(
    client: Client, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    client.get(url("overview").replace(KEY, "wrong-key-here"))
    assert "Unknown Admintool address" in caplog.text
    assert "wrong-key-here" not in "".join(record.getMessage() for record in caplog.records if "Unknown" in record.msg)


def test_own_address_must_stay_inside() -> None:
    check_own_network([], ip_address=None)
    check_own_network(["198.51.100.0/24"], ip_address=HERE)
    with pytest.raises(OwnNetworkMissing):
        check_own_network(["192.0.2.0/24"], ip_address=HERE)


def test_factor_is_asked_at_admintool_s_own_login_and_the_key_is_not_kept(client: Client, admin: User) -> None:
    seed = make_totp(admin)
    answer = client.post(f"{url('login')}?next=users/", {"login_id": "admin", "password": PASSWORD})
    assert answer["Location"] == url("login-code")
    assert KEY not in str(dict(client.session.items()))
    code = format_hotp_value(hotp_value(seed, int(timezone.now().timestamp()) // 30))
    done = client.post(url("login-code"), {"code": code})
    assert (done["Location"], done["Referrer-Policy"]) == (url("users"), "same-origin")


def test_member_s_pending_login_does_not_continue_at_admintool(client: Client, tenant: Tenant, member: User) -> None:
    make_totp(member)
    log_in(client, "acme", "member")
    assert client.get(url("login-code"))["Location"] == url("login")


def test_demanded_factor_stands_before_admintool(client: Client, tenant: Tenant, admin: User) -> None:
    demand(tenant, mfa="admins")
    assert sign_in(client)["Location"] == url("login-factor")
    assert client.get(url("overview"))["Location"].startswith(url("login"))
    assert "Set up a second factor" in client.get(url("login-factor")).content.decode()


def test_administrator_resets_a_user_s_factors(client: Client, admin: User, member: User) -> None:
    client.force_login(admin)
    make_totp(member)
    assert "Authenticator app" in client.get(url("user-factors", member.public_id)).content.decode()
    client.post(url("user-factors", member.public_id))
    assert factors_of(member) == []
    assert AuditEvent.objects.get(action="mfa_reset").actor_name == admin.name
