"""Chains for tests: events that were recorded and sealed, and what `verify_audit` says of them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.attendance import close_attendance
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.chain import CONTENT, event_line
from audit.events import record_event
from audit.minutes import record_minutes
from audit.models import Attendance, AuditEvent
from audit.offline.verify import hash_of
from audit.sealing import seal
from audit.verification import verify_tenant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.records import join


def record(tenant: Tenant, count: int = 1, **fields: Any) -> list[AuditEvent]:
    """`count` events `user_disabled` with the numbers 0, 1, … in their details; not sealed."""
    with tenant_context(tenant), transaction.atomic():
        return [record_event(tenant, "user_disabled", details={"number": n}, **fields) for n in range(count)]


def make_chain(tenant: Tenant, count: int = 10) -> list[AuditEvent]:
    """The tenant's chain: #1 to #`count`."""
    record(tenant, count)
    assert seal(tenant) == count
    return chain_of(tenant)


def chain_of(tenant: Tenant) -> list[AuditEvent]:
    with tenant_context(tenant):
        return list(AuditEvent.objects.for_tenant(tenant).filter(seq__gt=0).order_by("seq"))


def make_meeting(tenant: Tenant) -> list[Attendance]:
    """Three stays with two recorded minutes of samples; the first is closed. Sealed."""
    now = timezone.now()
    with tenant_context(tenant):
        stays = [join(tenant, joined_at=now - timedelta(minutes=20)) for _ in range(3)]
        for ago in (15, 14):
            deltas = [BandwidthDelta(stay.participant_id, 10, 20, 1, 2) for stay in stays]
            add_bandwidth(deltas, now=now - timedelta(minutes=ago))
        close_attendance(stays[0].participant_id, left_at=now, reason="left")
    assert record_minutes(tenant, now=now) == 2
    seal(tenant)
    return stays


def recompute(events: Iterable[AuditEvent]) -> None:
    """What a forger without the key can do: give the events the hashes of what they say, one after the other."""
    before = None
    for event in events:
        event.prev_hash = before.hash if before else event.prev_hash
        content = AuditEvent.objects.filter(pk=event.pk).values_list(*CONTENT).get()
        event.hash = hash_of(event_line(event.tenant.public_id, content, seq=event.seq, prev_hash=event.prev_hash))
        AuditEvent.objects.filter(pk=event.pk).update(prev_hash=event.prev_hash, hash=event.hash)
        before = event


def findings(tenant: Tenant, **options: Any) -> list[str]:
    return verify_tenant(tenant, **options).findings.lines()
