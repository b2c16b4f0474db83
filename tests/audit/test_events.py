from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from audit.events import Actor, record_event
from audit.models import AuditEvent
from tenants.models import Tenant


def test_event_copies_who_did_what_to_whom(tenant: Tenant) -> None:
    now = datetime(2026, 6, 15, tzinfo=UTC)
    actor = Actor(id="u1", name="Aoki", ip_address="192.0.2.7")
    with transaction.atomic():
        record_event(
            tenant,
            "user_disabled",
            actor=actor,
            target_type="user",
            target_id="u2",
            target_name="Mori",
            details={"role": "member", "since": now, "count": 2},
            now=now,
        )
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.actor_name, event.ip_address) == ("u1", "Aoki", "192.0.2.7")
    assert (event.target_type, event.target_id, event.target_name) == ("user", "u2", "Mori")
    assert event.occurred_at == now
    assert event.details == {"role": "member", "since": "2026-06-15T00:00:00Z", "count": 2}


def test_system_is_the_actor_when_nobody_is_named(tenant: Tenant) -> None:
    event = record_event(tenant, "audit_purged")
    assert (event.actor_id, event.actor_name, event.ip_address) == ("", "", None)


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused(tenant: Tenant) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record_event(tenant, "login")
    assert not AuditEvent.objects.exists()


def test_event_goes_with_the_transaction_that_fails(tenant: Tenant) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record_event(tenant, "user_created")
        raise RuntimeError
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["password", "entry_password", "secret", "admintool_key", "resume-token", "Cookie"])
def test_details_that_promise_a_secret_are_refused(tenant: Tenant, name: str) -> None:
    with pytest.raises(ValueError, match="never stores secrets"):
        record_event(tenant, "user_created", details={"fields": [{name: "x"}]})


@pytest.mark.parametrize("name", ["keyboard", "monkeys", "passwordless"])
def test_details_may_contain_words_that_only_look_like_secrets(tenant: Tenant, name: str) -> None:
    assert record_event(tenant, "x", details={name: 1}).details == {name: 1}


def test_lengths_are_bounded(tenant: Tenant) -> None:
    event = record_event(tenant, "x", actor=Actor(name="a" * 300), target_name="b" * 300, details={"text": "c" * 900})
    assert (len(event.actor_name), len(event.target_name), len(event.details["text"])) == (200, 200, 500)


def test_details_that_are_too_large_are_refused(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="limited"):
        record_event(tenant, "x", details={str(number): "c" * 400 for number in range(50)})


def test_lengths_of_time_are_kept_as_text(tenant: Tenant) -> None:
    assert record_event(tenant, "x", details={"took": timedelta(seconds=90)}).details == {"took": "P0DT00H01M30S"}
