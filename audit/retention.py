"""How long records are shown and kept: the view's horizon and the purge of what is older."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.utils import timezone

from audit.events import record_event
from audit.locks import exclusive
from audit.models import Attendance, AuditEvent, BandwidthSample
from tenants.context import tenant_context
from tenants.models import Tenant

SQLITE_BATCH, SQLITE_PAUSE = 200, 0.05  # rows, seconds: other writers come in between
POSTGRESQL_BATCH = 2_000

Progress = Callable[[Tenant, int, int], None]  # tenant, rows deleted so far, rows to delete


class PurgeRefused(Exception):
    """The purge was asked for something it must not do; the text says what."""


@dataclass(frozen=True)
class Slice:
    """Rows of one kind: how many, and from when to when."""

    count: int
    oldest: datetime | None
    newest: datetime | None


@dataclass
class TenantPurge:
    """What a purge found in one tenant (`found`, by kind) and how many of them it deleted."""

    tenant: Tenant
    found: dict[str, Slice]
    deleted: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(each.count for each in self.found.values())


@dataclass(frozen=True)
class PurgeReport:
    """A whole purge: everything older than `before`, tenant by tenant. A dry run deletes nothing."""

    before: datetime
    dry_run: bool
    tenants: list[TenantPurge]


def view_horizon(tenant: Tenant, *, now: datetime) -> datetime:
    """Nothing of `tenant` that happened before this instant is ever shown, purged or not."""
    return min(_installation_horizon(now), now - timedelta(days=tenant.retention_days))


def _installation_horizon(now: datetime) -> datetime:
    return now - timedelta(days=settings.AUDIT_RETENTION_DAYS)


def purge_audit(
    *, tenant: Tenant | None = None, before: datetime | None = None, dry_run: bool, progress: Progress | None = None
) -> PurgeReport:
    """Delete the records older than `before` (the retention horizon, when not given) of one tenant or of all.

    Works in small transactions, oldest rows first: it may be interrupted at any time and simply run again.
    A tenant that loses rows keeps two events, `audit_purge_started` and `audit_purged`. Raises `PurgeRefused` when
    `before` is later than the horizon or another purge is running.
    """
    horizon = _installation_horizon(timezone.now())
    before = before or horizon
    if before > horizon:
        raise PurgeRefused(
            f"Records are kept for {settings.AUDIT_RETENTION_DAYS} days: "
            f"nothing after {horizon:%Y-%m-%d %H:%M %Z} may be purged."
        )
    purges = [
        TenantPurge(each, _found(each, before)) for each in ([tenant] if tenant else Tenant.objects.order_by("slug"))
    ]
    if not dry_run:
        _delete_all(purges, before, progress)
    return PurgeReport(before, dry_run, purges)


def _old_rows(tenant: Tenant, before: datetime) -> dict[str, tuple[QuerySet[Any], str]]:
    """Each kind's purgeable rows with their time column, in the order of deletion.

    A stay counts as old by its end: one that is still open, or that still has samples, is kept whole.
    """
    samples = BandwidthSample.objects.filter(attendance=OuterRef("pk"), minute__gte=before)
    ended = Attendance.objects.for_tenant(tenant).filter(
        left_at__lt=before, joined_at__lt=before
    )  # joined_at: for its index
    return {
        "bandwidth_samples": (BandwidthSample.objects.for_tenant(tenant).filter(minute__lt=before), "minute"),
        "attendances": (ended.filter(~Exists(samples)), "joined_at"),
        "events": (AuditEvent.objects.for_tenant(tenant).filter(occurred_at__lt=before), "occurred_at"),
    }


def _found(tenant: Tenant, before: datetime) -> dict[str, Slice]:
    with tenant_context(tenant):
        return {kind: _slice(rows, column) for kind, (rows, column) in _old_rows(tenant, before).items()}


def _slice(rows: QuerySet[Any], column: str) -> Slice:
    return Slice(**rows.aggregate(count=Count("pk"), oldest=Min(column), newest=Max(column)))


def _delete_all(purges: Iterable[TenantPurge], before: datetime, progress: Progress | None) -> None:
    with exclusive("purge-audit") as held:
        if not held:
            raise PurgeRefused("Another purge is running.")
        for purge in purges:
            if purge.total:
                _delete_of_tenant(purge, before, progress)


def _delete_of_tenant(purge: TenantPurge, before: datetime, progress: Progress | None) -> None:
    found = {kind: asdict(each) for kind, each in purge.found.items()}
    _record(purge.tenant, "audit_purge_started", {"before": before, "found": found})
    try:
        for kind, (rows, column) in _old_rows(purge.tenant, before).items():
            purge.deleted[kind] = 0
            for deleted in _delete_in_batches(purge.tenant, rows, column):
                purge.deleted[kind] += deleted
                if progress:
                    progress(purge.tenant, sum(purge.deleted.values()), purge.total)
    finally:
        _record(purge.tenant, "audit_purged", {"before": before, "deleted": purge.deleted})


def _delete_in_batches(tenant: Tenant, rows: QuerySet[Any], column: str) -> Iterable[int]:
    """Delete `rows` batch by batch, each in its own transaction, and yield how many went."""
    embedded = connection.vendor == "sqlite"
    size = SQLITE_BATCH if embedded else POSTGRESQL_BATCH
    while deleted := _delete_batch(tenant, rows.order_by(column)[:size]):
        yield deleted
        if embedded:
            time.sleep(SQLITE_PAUSE)


def _delete_batch(tenant: Tenant, rows: QuerySet[models.Model]) -> int:
    with tenant_context(tenant), transaction.atomic():
        pks = list(rows.values_list("pk", flat=True))
        _all, by_model = rows.model._default_manager.filter(pk__in=pks).delete()
        return by_model.get(rows.model._meta.label, 0)


def _record(tenant: Tenant, action: str, details: dict[str, Any]) -> None:
    with tenant_context(tenant), transaction.atomic():
        record_event(
            tenant, action, target_type="tenant", target_id=tenant.public_id, target_name=tenant.name, details=details
        )
