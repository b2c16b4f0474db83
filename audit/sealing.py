"""Sealing: events that were written get their place in the tenant's chain.

Whoever acts only inserts an event without `seq` and never waits for the chain. One sealer at a time goes over a
tenant's unsealed events in batches. The order of the chain is the order of sealing: an event whose transaction
ends late is sealed later than its number suggests, and none is passed over.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction

from audit.chain import CONTENT, ChainError, Link, event_line, lock_chain, tip
from audit.models import AuditEvent
from audit.offline.verify import hash_of
from tenants.context import system_context, tenant_context
from tenants.models import Tenant

POSTGRESQL_BATCH = 1_000
SQLITE_BATCH, SQLITE_PAUSE = 200, 0.05  # rows, seconds: other writers come in between
SEAL = "UPDATE audit_auditevent SET seq = %s, prev_hash = %s, hash = %s WHERE id = %s AND seq IS NULL"

Seal = tuple[int, str, str, int]  # seq, prev_hash, hash, primary key


def seal_all() -> int:
    """Seal what waits in every tenant's log; how many events that were."""
    with system_context():
        waiting = set(AuditEvent.objects.filter(seq=None).order_by().values_list("tenant_id", flat=True).distinct())
    return sum(seal(tenant) for tenant in Tenant.objects.filter(pk__in=waiting).order_by("pk"))


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
