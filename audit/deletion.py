"""Deleting rows in batches, each in a transaction of its own that also adds them to the certificate."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from audit.certificates import add_deleted, lock_certificate
from audit.holds import lock_records
from audit.models import DeletionCertificate
from tenants.context import tenant_context

SQLITE_BATCH, SQLITE_PAUSE = 200, 0.05  # rows at most, seconds: other writers come in between
SQLITE_SMALLEST, SQLITE_HOLD = 20, 0.025  # rows, seconds for which a batch should keep the others out
POSTGRESQL_BATCH = 2_000

Remove = Callable[[DeletionCertificate, QuerySet[Any]], object]


def remove_rows(_certificate: DeletionCertificate, rows: QuerySet[Any]) -> None:
    rows.delete()


class Work(NamedTuple):
    """One kind of rows to delete.

    `rows` is asked within each batch's transaction, because a hold may have come meanwhile; `order` is what they are
    deleted by, `column` their time (empty: they have none that matters).
    """

    kind: str
    rows: Callable[[], QuerySet[Any]]
    order: str
    column: str
    remove: Remove = remove_rows


def delete_in_batches(certificate: DeletionCertificate, work: Work) -> Iterator[int]:
    """Delete the rows, oldest first, and yield how many went with each batch."""
    embedded = connection.vendor == "sqlite"
    size = SQLITE_BATCH if embedded else POSTGRESQL_BATCH
    position, begun = None, time.perf_counter()
    while batch := _delete_batch(certificate, work, size=size, position=position):
        held = time.perf_counter() - begun
        position = batch[-1][work.order]
        yield len(batch)
        if embedded:
            size = _size_to_hold(size, held)
            time.sleep(SQLITE_PAUSE)
        begun = time.perf_counter()


def _size_to_hold(size: int, held: float) -> int:
    """The next batch's size, after one that held the only writer's lock for so long: a slow machine takes fewer."""
    smallest = min(SQLITE_SMALLEST, SQLITE_BATCH)
    return max(smallest, min(SQLITE_BATCH, int(size * SQLITE_HOLD / held)))


def _delete_batch(
    certificate: DeletionCertificate, work: Work, *, size: int, position: Any
) -> Sequence[Mapping[str, Any]]:
    tenant = certificate.tenant
    with tenant_context(tenant), transaction.atomic():
        lock_records(tenant)
        rows = work.rows()
        if position is not None:  # what a hold keeps is not looked at again by each batch
            rows = rows.filter((f"{work.order}__gte", position))
        batch = list(rows.order_by(work.order, "pk")[:size].values())
        if batch:
            locked = lock_certificate(certificate)
            pk = rows.model._meta.pk.attname
            work.remove(locked, rows.model._base_manager.filter(pk__in=[row[pk] for row in batch]))
            add_deleted(locked, work.kind, batch, column=work.column)
        return batch
