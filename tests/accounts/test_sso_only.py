"""An organisation that demands single sign-on: passwords open break-glass accounts only, and somebody always can."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.errors import BreakGlassNeeded, LastAdmin, WorkingProviderNeeded
from accounts.models import Role, SsoProvider, User
from accounts.services.sso import check_sso_only, disable_provider, edit_provider, enable_provider, set_break_glass
from accounts.services.sso_people import person_for
from accounts.services.users import disable_user, edit_user
from accounts.sso.asserted import Asserted
from audit.events import Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand
from tests.accounts.visits import actions, log_in, text_of
from tests.factories import ADMINTOOL_KEY, PASSWORD, make_admin
from tests.idp.saml import SamlProvider
from tests.idp.signing_on import set_up_saml, who_is_in

ADMIN = Actor(id="a", name="Aoki", ip_address="192.0.2.1")


@pytest.fixture
def provider(tenant: Tenant) -> SsoProvider:
    return set_up_saml(tenant, SamlProvider(), worked_at=timezone.now())


@pytest.fixture
def keeper(tenant: Tenant) -> User:
    return make_admin(tenant, "keeper", name="Kato Keeper", is_break_glass=True, email="keeper@example.com")


@pytest.fixture
def demanded(tenant: Tenant, provider: SsoProvider, keeper: User) -> SsoProvider:
    demand(tenant, sso_only=True)
    return provider


def test_it_takes_a_provider_that_worked_and_somebody_with_a_key(tenant: Tenant, admin: User, provider) -> None:
    SsoProvider.objects.update(worked_at=None)
    with pytest.raises(WorkingProviderNeeded):
        check_sso_only(tenant)
    SsoProvider.objects.update(worked_at=timezone.now())
    with pytest.raises(BreakGlassNeeded):
        check_sso_only(tenant)
    set_break_glass(admin, actor=ADMIN, is_break_glass=True)
    check_sso_only(tenant)
    SsoProvider.objects.update(is_enabled=False)
    with pytest.raises(WorkingProviderNeeded):
        check_sso_only(tenant)


@pytest.mark.parametrize("fields", [{"is_active": False}, {"role": Role.MEMBER}, {"password": "!none"}])
def test_account_that_could_not_come_in_is_no_break_glass_account(tenant: Tenant, provider, keeper, fields) -> None:
    check_sso_only(tenant)
    User.objects.filter(pk=keeper.pk).update(**fields)
    with pytest.raises(BreakGlassNeeded):
        check_sso_only(tenant)


def test_another_organisations_provider_and_keeper_do_not_count(other_tenant: Tenant, provider, keeper) -> None:
    with pytest.raises(WorkingProviderNeeded):
        check_sso_only(other_tenant)


def test_right_password_is_refused_like_a_wrong_one(demanded, member: User) -> None:
    right, wrong = Client(), Client()
    answers = [log_in(right, "acme", "member"), log_in(wrong, "acme", "member", "a wrong password")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert text_of(answers[0]) == text_of(answers[1])
    assert who_is_in(right) == ""
    assert actions() == ["login_failed", "login_failed"]


def test_admintool_refuses_it_too(client: Client, demanded, admin: User) -> None:
    address = f"/admintool/{ADMINTOOL_KEY}acme/login/"
    client.post(address, {"login_id": "admin", "password": PASSWORD})
    assert who_is_in(client) == ""
    assert client.post(address, {"login_id": "keeper", "password": PASSWORD}).status_code == 302
    assert who_is_in(client) == "keeper"


def test_break_glass_account_comes_in_and_the_others_hear_of_it(
    client: Client, tenant: Tenant, demanded, admin: User, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    User.objects.filter(pk=admin.pk).update(email="admin@example.com", language="en")
    make_admin(tenant, "gone", email="gone@example.com", is_active=False)
    sent: list[tuple[str, tuple[Any, ...]]] = []
    monkeypatch.setattr("accounts.later._send", lambda task, arguments: sent.append((task, arguments)))
    with django_capture_on_commit_callbacks(execute=True):
        log_in(client, "acme", "keeper")
    assert who_is_in(client) == "keeper"
    assert actions() == ["login_succeeded", "break_glass_used"]
    [(name, arguments)] = [call for call in sent if "break_glass" in call[0]]
    assert name == tasks.mail_break_glass.name
    assert tasks.mail_break_glass(*arguments) == 1
    [message] = mail.outbox
    assert message.to == ["admin@example.com"]
    assert "Kato Keeper (keeper)" in message.body
    assert "198.51.100.7" in message.body
    assert ADMINTOOL_KEY not in message.body


def test_ordinary_login_of_a_break_glass_account_is_no_news(client: Client, tenant: Tenant, keeper: User) -> None:
    log_in(client, "acme", "keeper")
    assert actions() == ["login_succeeded"]


def test_last_break_glass_administrator_stays_one(demanded, admin: User, keeper: User) -> None:
    with pytest.raises(BreakGlassNeeded):
        set_break_glass(keeper, actor=ADMIN, is_break_glass=False)
    with pytest.raises(BreakGlassNeeded):
        disable_user(keeper, actor=ADMIN)
    with pytest.raises(BreakGlassNeeded):
        edit_user(keeper, actor=ADMIN, role=Role.MEMBER)
    keeper.refresh_from_db()
    assert (keeper.is_break_glass, keeper.is_active, keeper.is_admin) == (True, True, True)
    assert actions() == []
    set_break_glass(admin, actor=ADMIN, is_break_glass=True)
    set_break_glass(keeper, actor=ADMIN, is_break_glass=False)
    assert actions() == ["break_glass_granted", "break_glass_withdrawn"]


def test_without_the_demand_only_the_last_administrator_counts(tenant: Tenant, admin: User, keeper: User) -> None:
    disable_user(keeper, actor=ADMIN)
    with pytest.raises(LastAdmin):
        disable_user(admin, actor=ADMIN)


def test_last_working_provider_stays_in_use(tenant: Tenant, demanded) -> None:
    with pytest.raises(WorkingProviderNeeded):
        disable_provider(demanded, actor=ADMIN)
    demanded.refresh_from_db()
    assert demanded.is_enabled
    set_up_saml(tenant, SamlProvider(), app="second", worked_at=timezone.now())
    disable_provider(demanded, actor=ADMIN)
    assert actions() == ["sso_provider_disabled"]


def test_changed_settings_have_to_work_again(provider) -> None:
    worked_at = provider.worked_at
    edit_provider(provider, actor=ADMIN, name="New name", login_id_attribute="upn")
    assert provider.worked_at == worked_at
    edit_provider(provider, actor=ADMIN, config={**provider.config, "sso_url": "https://other.example/sso"})
    assert provider.worked_at is None
    person = Asserted("mori", {"upn": ("nobody",)})
    SsoProvider.objects.update(creates_users=True)
    provider.refresh_from_db()
    person_for(provider, person, actor=ADMIN)
    provider.refresh_from_db()
    assert provider.worked_at is not None
    assert provider.worked_at > datetime(2026, 1, 1, tzinfo=UTC)


def test_repeated_acts_are_recorded_once(provider, admin: User) -> None:
    for _again in range(2):
        disable_provider(provider, actor=ADMIN)
    for _again in range(2):
        enable_provider(provider, actor=ADMIN)
        set_break_glass(admin, actor=ADMIN, is_break_glass=True)
    assert actions() == ["sso_provider_disabled", "sso_provider_enabled", "break_glass_granted"]


def test_events_hold_no_secret(provider) -> None:
    edit_provider(provider, actor=ADMIN, client_secret="very-secret", group_map={}, admin_values=["key-users"])
    event = AuditEvent.objects.get(action="sso_provider_edited")
    assert event.details["credential_replaced"] is True
    assert "very-secret" not in str(event.details)
    provider.refresh_from_db()
    assert "very-secret" not in provider.client_secret
