"""Four eyes: asked by one administrator, decided once by another one."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts import tasks
from accounts.errors import AlreadyDecided, OwnRequest, RequesterGone
from accounts.models import Approval, SecuritySettings, User
from accounts.services import approvals
from accounts.services.users import disable_user
from audit.events import SYSTEM, Actor, record_event
from audit.models import AuditEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_admin

WHO = Actor(id="x", name="Somebody")


@pytest.fixture
def done() -> Iterator[list[dict[str, Any]]]:
    """What the registered function `greeted` was asked to do; it refuses a payload that says so."""
    calls: list[dict[str, Any]] = []

    def greet(tenant: Tenant, payload: dict[str, Any], *, actor: Actor) -> None:
        record_event(tenant, "greeted", actor=actor)
        if payload.get("refuse"):
            raise ValidationError("no longer possible")
        calls.append(payload)

    approvals.register("greeted")(greet)
    yield calls
    del approvals._registered["greeted"]


@pytest.fixture
def second(tenant: Tenant) -> User:
    return make_admin(tenant, "second", name="Second Admin", email="second@example.com", language="en")


def ask(tenant: Tenant, admin: User, **payload: Any) -> Approval:
    return approvals.request_approval(
        tenant, actor=WHO, requested_by=admin, kind="greeted", summary="Greet everybody.", payload=payload
    )


def actions(tenant: Tenant) -> list[str]:
    return list(AuditEvent.objects.for_tenant(tenant).order_by("pk").values_list("action", flat=True))


def test_second_administrator_lets_it_happen(tenant, admin, second, done):
    approval = ask(tenant, admin, word="hello")
    assert done == []
    approvals.approve(approval, actor=WHO, decided_by=second)
    approval.refresh_from_db()
    assert done == [{"word": "hello"}]
    assert (approval.state, approval.decided_by) == (Approval.State.APPROVED, second)
    assert actions(tenant) == ["approval_requested", "approval_given", "greeted"]


def test_without_four_eyes_it_happens_at_once(tenant, admin, done):
    asked = {"actor": WHO, "requested_by": admin, "kind": "greeted", "summary": "Greet.", "payload": {"n": 1}}
    assert approvals.act_or_ask(tenant, **asked) is None
    assert done == [{"n": 1}]
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    assert approvals.act_or_ask(tenant, **asked).state == Approval.State.WAITING
    assert done == [{"n": 1}]


def test_other_admins_with_a_mail_address_are_told(tenant, admin, second, done):
    make_admin(tenant, "third")
    approval = ask(tenant, admin)
    assert tasks.mail_approval(tenant.pk, approval.pk) == 1
    [message] = mail.outbox
    assert message.to == ["second@example.com"]
    assert "Greet everybody." in message.body
    assert "Aoki Admin" in message.body


def test_who_asked_cannot_decide(tenant, admin, second, done):
    approval = ask(tenant, admin)
    for decide in (approvals.approve, approvals.refuse):
        with pytest.raises(OwnRequest):
            decide(approval, actor=WHO, decided_by=admin)
    with pytest.raises(OwnRequest):
        approvals.withdraw(approval, actor=WHO, decided_by=second)
    assert done == []


def test_member_cannot_approve(tenant, admin, member, done):
    with pytest.raises(OwnRequest):
        approvals.approve(ask(tenant, admin), actor=WHO, decided_by=member)
    assert done == []


@pytest.mark.parametrize("first", ["refuse", "withdraw", "approve"])
def test_what_is_decided_stays_decided(tenant, admin, second, done, first):
    approval = ask(tenant, admin)
    getattr(approvals, first)(approval, actor=WHO, decided_by=admin if first == "withdraw" else second)
    before = list(done)
    for again, who in (("approve", second), ("refuse", second), ("withdraw", admin)):
        with pytest.raises(AlreadyDecided):
            getattr(approvals, again)(approval, actor=WHO, decided_by=who)
    assert done == before


def test_request_ends_after_72_hours(tenant, admin, second, done):
    approval = ask(tenant, admin)
    with time_machine.travel(timezone.now() + timedelta(hours=72, seconds=1)):
        with pytest.raises(AlreadyDecided):
            approvals.approve(approval, actor=WHO, decided_by=second)
        assert tasks.expire_approvals_hourly() == 1
        assert tasks.expire_approvals_hourly() == 0
    approval.refresh_from_db()
    assert approval.state == Approval.State.EXPIRED
    assert actions(tenant)[-1] == "approval_expired"


def test_request_of_a_disabled_administrator_is_not_carried_out(tenant, admin, second, done):
    approval = ask(tenant, admin)
    disable_user(admin, actor=SYSTEM)
    with pytest.raises(RequesterGone):
        approvals.approve(approval, actor=WHO, decided_by=second)
    approvals.refuse(approval, actor=WHO, decided_by=second)
    assert done == []


def test_refused_act_leaves_the_request_waiting_and_nothing_recorded(tenant, admin, second, done):
    approval = ask(tenant, admin, refuse=True)
    with pytest.raises(ValidationError):
        approvals.approve(approval, actor=WHO, decided_by=second)
    approval.refresh_from_db()
    assert approval.state == Approval.State.WAITING
    assert actions(tenant) == ["approval_requested"]


def test_unknown_kind_is_a_mistake_of_ours(tenant, admin):
    with pytest.raises(ValueError, match="nonsense"):
        approvals.request_approval(tenant, actor=WHO, requested_by=admin, kind="nonsense", summary="x", payload={})


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_do_it_once(tenant, admin, second, done):
    third = make_admin(tenant, "third")
    approval = ask(tenant, admin)
    start, refused = Barrier(2), []

    def approve(person: User) -> None:
        start.wait(10)
        try:
            with tenant_context(tenant):
                approvals.approve(approval, actor=WHO, decided_by=person)
        except AlreadyDecided as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=approve, args=(person,)) for person in (second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(done), len(refused)) == (1, 1)
