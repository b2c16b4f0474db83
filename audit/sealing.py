"""Sealing: events that were written get their place in the tenant's chain.

Whoever acts only inserts an event without `seq` and never waits for the chain. One sealer at a time goes over a
tenant's unsealed events in batches. The order of the chain is the order of sealing: an event whose transaction
ends late is sealed later than its number suggests, and none is passed over.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from threading import Event
from typing import Any

import structlog
from django.db import Error, close_old_connections, connection, transaction
from django.db.models import Min
from django.utils import timezone

from audit.chain import ALARM_AFTER, CONTENT, ChainError, Link, event_line, lock_chain, tip
from audit.minutes import record_minutes
from audit.models import AuditEvent
from audit.offline.verify import hash_of
from tenants.context import system_context, tenant_context
from tenants.models import Tenant

log = structlog.get_logger(__name__)

POSTGRESQL_BATCH = 1_000
SQLITE_BATCH, SQLITE_PAUSE = 200, 0.05  # rows, seconds: other writers come in between
EVERY_S = 1.0
SEAL = "UPDATE audit_auditevent SET seq = %s, prev_hash = %s, hash = %s WHERE id = %s AND seq IS NULL"

Seal = tuple[int, str, str, int]  # seq, prev_hash, hash, primary key


def seal(tenant: Tenant) -> int:
    """Seal the tenant's unsealed events; how many. When another sealer is at it, the rest is left to that one."""
    embedded = connection.vendor == "sqlite"
    size = SQLITE_BATCH if embedded else POSTGRESQL_BATCH
    total = 0
    while sealed := _seal_batch(tenant, size):
        total += sealed
        if sealed < size:
            break
        if embedded:
            time.sleep(SQLITE_PAUSE)
    return total


def seal_all() -> int:
    """Seal what waits in every tenant's log; how many events. What fails in one tenant's log is logged, not raised."""
    return _for_each(_waiting_tenants(), seal)


def record_all_minutes(*, now: datetime) -> int:
    """Record the finished minutes of every tenant's bandwidth; how many."""
    return _for_each(Tenant.objects.order_by("pk"), lambda tenant: record_minutes(tenant, now=now))


def keep_sealing(stop: Event) -> None:
    """Seal every second, and record bandwidth and look for what waits too long once a minute, until `stop` is set.

    A database that does not answer is logged and asked again.
    """
    minute = None
    while not stop.is_set():
        now = timezone.now()
        try:
            close_old_connections()
            if minute != now.replace(second=0, microsecond=0):
                minute = now.replace(second=0, microsecond=0)
                record_all_minutes(now=now)
                alarm_unsealed(now=now)
            seal_all()
        except Error:
            log.exception("sealer_database_failed")
            connection.close()
        stop.wait(EVERY_S)


def alarm_unsealed(*, now: datetime) -> int:
    """Log an error for each tenant with an event that has waited for its seal for over a minute; how many tenants."""
    with system_context():
        late = AuditEvent.objects.filter(seq=None, recorded_at__lt=now - ALARM_AFTER)
        since = dict(late.order_by().values_list("tenant__slug").annotate(Min("recorded_at")))
    for slug, recorded_at in since.items():
        seconds = int((now - recorded_at).total_seconds())
        log.error("audit_unsealed", tenant=slug, since=recorded_at.isoformat(), seconds=seconds)
    return len(since)


def _waiting_tenants() -> Iterable[Tenant]:
    with system_context():
        waiting = set(AuditEvent.objects.filter(seq=None).order_by().values_list("tenant_id", flat=True).distinct())
    return Tenant.objects.filter(pk__in=waiting).order_by("pk") if waiting else ()


def _for_each(tenants: Iterable[Tenant], work: Callable[[Tenant], int]) -> int:
    """One tenant's damaged chain must not keep the others from theirs."""
    done = 0
    for tenant in tenants:
        try:
            done += work(tenant)
        except (ChainError, ValueError, Error):
            log.exception("seal_failed", tenant=tenant.slug)
    return done


def _seal_batch(tenant: Tenant, size: int) -> int:
    with tenant_context(tenant), transaction.atomic():
        if not lock_chain(tenant, wait=False):
            return 0
        waiting = AuditEvent.objects.for_tenant(tenant).filter(seq=None).order_by("pk")
        rows = list(waiting.values_list("pk", *CONTENT)[:size])
        if rows:
            _write(list(_links(tenant, rows)))
        return len(rows)


def _links(tenant: Tenant, rows: Iterable[tuple[Any, ...]]) -> Iterator[Seal]:
    before = tip(tenant)
    for pk, *content in rows:
        line = event_line(tenant.public_id, content, seq=before.seq + 1, prev_hash=before.hash)
        link = Link(before.seq + 1, hash_of(line))
        yield link.seq, before.hash, link.hash, pk
        before = link


def _write(seals: list[Seal]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(SEAL, seals)
        if cursor.rowcount != len(seals):
            raise ChainError(f"{cursor.rowcount} of {len(seals)} events could be sealed.")
