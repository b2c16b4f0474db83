"""The database itself refuses to change an event."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from audit.events import record_event
from audit.guard import SEALED_BY, guard_events
from audit.models import AuditEvent
from audit.sealing import seal
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.tampering import unguarded

FIXED = [field.name for field in AuditEvent._meta.concrete_fields if field.name not in ("id", *SEALED_BY)]


@pytest.fixture
def event(tenant: Tenant) -> AuditEvent:
    with tenant_context(tenant):
        return record_event(tenant, "user_disabled", target_name="Sato", details={"reason": "left"})


def another(event: AuditEvent, name: str, other_tenant: Tenant) -> Any:
    field = AuditEvent._meta.get_field(name)
    if name == "tenant":
        return other_tenant
    if isinstance(field, models.DateTimeField):
        return timezone.now() - timedelta(days=3)
    return {"details": {}, "ip_address": "192.0.2.99"}.get(name, "other")


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("sealed", [False, True], ids=["unsealed", "sealed"])
def test_no_field_can_be_changed(event: AuditEvent, name: str, sealed: bool, other_tenant: Tenant) -> None:
    if sealed:
        seal(event.tenant)
    with tenant_context(event.tenant), pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(**{name: another(event, name, other_tenant)})


@pytest.mark.parametrize("change", [{"seq": None}, {"seq": 7}, {"hash": "0" * 64}, {"prev_hash": "1" * 64}], ids=str)
def test_a_sealed_event_keeps_its_place(event: AuditEvent, change: dict[str, Any]) -> None:
    seal(event.tenant)
    with tenant_context(event.tenant), pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(**change)


def test_nobody_but_the_sealer_gives_an_event_its_place(event: AuditEvent) -> None:
    seal(event.tenant)
    forged = AuditEvent(tenant=event.tenant, action="other", occurred_at=timezone.now(), seq=2, hash="0" * 64)
    with tenant_context(event.tenant), pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        forged.save(force_insert=True)


def test_sealing_and_deleting_go_through(event: AuditEvent) -> None:
    assert seal(event.tenant) == 1
    with tenant_context(event.tenant):
        assert AuditEvent.objects.get().seq == 1
        assert AuditEvent.objects.all().delete()[0] == 1


def test_the_guard_comes_back_after_every_migration(event: AuditEvent) -> None:
    with unguarded(), tenant_context(event.tenant):
        assert AuditEvent.objects.update(action="other") == 1
    guard_events()
    with tenant_context(event.tenant), pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        AuditEvent.objects.update(action="another")
