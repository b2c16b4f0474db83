"""The page of the security settings: explained, asked about, in force at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Approval, SecuritySettings, User
from accounts.services.security import settings_of
from accounts.services.settings_changes import current_settings
from admintool.security_forms import SecurityForm
from audit.models import Attendance, AuditEvent
from conferences.models import GuestPass, MeetingCommand, Participant, Room
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.admintool.rule_rows import make_approval
from tests.factories import make_admin, make_user


def form(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """What a browser sends of the form as it stands, with some fields changed."""
    values = {**SecurityForm(current=current_settings(tenant)).initial, **changes}
    return {name: "on" if value is True else value for name, value in values.items() if value is not False}


def event() -> AuditEvent:
    return AuditEvent.objects.get(action="security_settings_changed")


def test_change_is_asked_about_and_then_in_force(admin_client: Client, admin: User, tenant: Tenant) -> None:
    wanted = form(tenant, password_min_length="14", guests_allowed=False)
    question = admin_client.post(url("security"), wanted)
    assert "Change the security settings?" in question.content.decode()
    assert settings_of(tenant).password_min_length == 10
    answer = admin_client.post(url("security"), {**wanted, "confirmed": "1"})
    assert answer["Location"] == url("security")
    found = settings_of(tenant)
    assert (found.password_min_length, found.guests_allowed) == (14, False)
    assert event().actor_id == admin.public_id
    assert {"setting": "password_min_length", "from": 10, "to": 14} in event().details["changes"]
    assert len(event().details["changes"]) == 2


def test_hidden_form_of_the_question_says_the_same(admin_client: Client, tenant: Tenant) -> None:
    networks = "127.0.0.0/8\n192.0.2.0/24"
    question = admin_client.post(url("security"), form(tenant, admintool_networks=networks, guests_allowed=False))
    hidden = {field.html_name: field.value() for field in question.context["form"] if field.value() not in (None, "")}
    admin_client.post(url("security"), {**hidden, "confirmed": "1"})
    found = settings_of(tenant)
    assert (found.admintool_networks, found.guests_allowed) == (["127.0.0.0/8", "192.0.2.0/24"], False)


def test_every_setting_is_on_the_page(admin_client: Client, tenant: Tenant) -> None:
    page = admin_client.get(url("security"))
    shown = {field.name for _title, fields in page.context["form"].parts for field in fields}
    assert shown == set(current_settings(tenant))


def test_who_is_hit_is_said_before(
    admin_client: Client, tenant: Tenant, room: Room, guest_pass: GuestPass, enter: Callable[..., Participant]
) -> None:
    enter(guest_pass=guest_pass)
    long_ago = timezone.now() - timezone.timedelta(days=500)
    Tenant.objects.filter(pk=tenant.pk).update(retention_days=700)
    Attendance.objects.update(joined_at=long_ago, left_at=long_ago)
    wanted = form(
        Tenant.objects.get(pk=tenant.pk),
        guests_allowed=False,
        mfa="everybody",
        entry_password_forced=True,
        lobby_forced=True,
        retention_days="400",
        password_max_age_days="90",
    )
    page = admin_client.post(url("security"), wanted).content.decode()
    for sentence in (
        "1 room allows guests now.",
        "1 guest is in a meeting now and will be put out.",
        "2 users have no second factor and must set one up at the next login.",
        "1 room has no entry password: nobody new can enter it until one is set.",
        "In 1 room more, new guests wait until a host admits them.",
        "1 record is older and goes tonight, unless a legal hold keeps it.",
        "0 users have an older password",
    ):
        assert sentence in page, sentence


def test_guests_go_at_once(
    admin_client: Client, tenant: Tenant, guest_pass: GuestPass, enter: Callable[..., Participant]
) -> None:
    guest = enter(guest_pass=guest_pass)
    admin_client.post(url("security"), {**form(tenant, guests_allowed=False), "confirmed": "1"})
    command = MeetingCommand.objects.get(kind=MeetingCommand.Kind.REVOKE)
    assert command.payload["participants"] == [guest.public_id]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_days", "364"),
        ("password_min_length", "7"),
        ("idle_minutes", "0"),
        ("mfa", "somebody"),
        ("admintool_networks", "nonsense"),
        ("admintool_networks", "203.0.113.0/24"),  # not where this administrator is
        ("four_eyes", True),  # there is one administrator
        ("sso_only", True),  # there is no provider
    ],
)
def test_what_cannot_be_is_refused_at_the_field(admin_client: Client, tenant: Tenant, field: str, value: Any) -> None:
    before = current_settings(tenant)
    for more in ({}, {"confirmed": "1"}):
        answer = admin_client.post(url("security"), {**form(tenant, **{field: value}), **more})
        assert field in answer.context["form"].errors
    assert current_settings(tenant) == before
    assert not SecuritySettings.objects.exists()


def test_nothing_changed_nothing_recorded(admin_client: Client, tenant: Tenant) -> None:
    answer = admin_client.post(url("security"), form(tenant))
    assert answer["Location"] == url("security")
    assert not AuditEvent.objects.filter(action="security_settings_changed").exists()


def test_retention_is_the_tenant_s(admin_client: Client, tenant: Tenant) -> None:
    admin_client.post(url("security"), {**form(tenant, retention_days="730"), "confirmed": "1"})
    tenant.refresh_from_db()
    assert tenant.retention_days == 730
    assert event().details["changes"] == [{"setting": "retention_days", "from": 365, "to": 730}]


def test_with_four_eyes_a_second_administrator_is_asked(admin_client: Client, admin: User, tenant: Tenant) -> None:
    second = make_admin(tenant, "second")
    admin_client.post(url("security"), {**form(tenant, four_eyes=True), "confirmed": "1"})
    assert settings_of(tenant).four_eyes
    wanted = form(tenant, four_eyes=False)
    assert "Ask a second administrator" in admin_client.post(url("security"), wanted).content.decode()
    answer = admin_client.post(url("security"), {**wanted, "confirmed": "1"})
    assert answer["Location"] == url("approvals")
    assert settings_of(tenant).four_eyes
    approval = Approval.objects.get()
    assert (approval.requested_by, approval.payload) == (admin, {"four_eyes": False})
    theirs = Client()
    theirs.force_login(second, backend="accounts.backends.TenantBackend")
    theirs.post(url("approval-decide", approval_id=approval.public_id), {"decision": "approve"})
    assert not settings_of(tenant).four_eyes


def test_other_tenants_keep_theirs(admin_client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    admin_client.post(url("security"), {**form(tenant, lobby_forced=True), "confirmed": "1"})
    assert not settings_of(other_tenant).lobby_forced


def test_approval_page_shows_what_will_change_and_to_whom(admin_client: Client, tenant: Tenant, room: Room) -> None:
    approval = make_approval(make_admin(tenant, "second"))
    page = admin_client.get(url("approval", approval_id=approval.public_id)).content.decode()
    assert "Guests may be invited" in page
    assert "1 room allows guests now." in page
    assert "Approve" in page


def test_who_asked_can_only_withdraw(admin_client: Client, admin: User, tenant: Tenant) -> None:
    approval = make_approval(admin)
    address = url("approval", approval_id=approval.public_id)
    page = admin_client.get(address).content.decode()
    assert "Withdraw" in page
    assert ">Approve<" not in page
    refused = admin_client.post(f"{address}decide/", {"decision": "approve"}, follow=True)
    assert "Another administrator decides this request." in refused.content.decode()
    admin_client.post(f"{address}decide/", {"decision": "nonsense"})
    approval.refresh_from_db()
    assert approval.state == Approval.State.WAITING
    admin_client.post(f"{address}decide/", {"decision": "withdraw"})
    approval.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN
    assert "Nothing waits for a decision." in admin_client.get(url("approvals")).content.decode()


def test_list_shows_what_waits_and_who_decided(admin_client: Client, admin: User, tenant: Tenant) -> None:
    second = make_admin(tenant, "second", name="Second Admin")
    make_approval(second, summary="Waiting one")
    decided = {"state": Approval.State.REFUSED, "decided_by": admin, "decided_at": timezone.now()}
    make_approval(second, summary="Refused one", **decided)
    page = admin_client.get(url("approvals"))
    assert [each.summary for each in page.context["waiting"]] == ["Waiting one"]
    assert [each.summary for each in page.context["decided"]] == ["Refused one"]


def test_member_never_sees_it(client: Client, tenant: Tenant) -> None:
    client.force_login(make_user(tenant), backend="accounts.backends.TenantBackend")
    assert client.get(url("security")).status_code == 404
