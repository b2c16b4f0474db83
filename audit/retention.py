"""How long records are shown and kept: the view's horizon and the purge of what is older.

A purge of a tenant is one deletion certificate (`audit/certificates.py`) that its batches fill and that is signed when
nothing is left. A run that was killed left one unsigned; the next run finishes that first, up to the day it was begun
for, then begins its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.certificates import (
    begin_certificate,
    body_of,
    deleted_counts,
    lock_certificate,
    sign_certificate,
    unfinished_certificate,
)
from audit.chain import ChainError, bury
from audit.deletion import Work, delete_in_batches, remove_rows
from audit.events import record_event
from audit.holds import held, holds_in_force, without_held
from audit.locks import exclusive
from audit.models import Attendance, AuditEvent, BandwidthSample, DeletionCertificate, LegalHold
from audit.months import drop_months
from audit.sealing import seal
from tenants.context import tenant_context
from tenants.models import Tenant

RETENTION = DeletionCertificate.Cause.RETENTION
COLUMNS = {"bandwidth_samples": "minute", "attendances": "joined_at", "events": "occurred_at"}

Progress = Callable[[Tenant, int, int], None]  # tenant, rows deleted so far, rows to delete


class PurgeRefused(Exception):
    """The purge was asked for something it must not do; the text says what."""


@dataclass(frozen=True)
class Slice:
    """Rows of one kind that may go: how many, and from when to when; and why other old ones stay."""

    count: int
    oldest: datetime | None
    newest: datetime | None
    stay: dict[str, int] = field(default_factory=dict)  # reason → rows: held, open, unsealed


@dataclass
class TenantPurge:
    """What a purge found in one tenant (`found`, by kind), which holds keep, and how many it deleted.

    `unfinished` is when a purge that was interrupted began. `certificates` are those signed, by public id. `problem`
    says why events stayed that should have gone: their chain does not verify, and purging would destroy the evidence.
    """

    tenant: Tenant
    before: datetime
    found: dict[str, Slice] = field(default_factory=dict)
    holds: list[LegalHold] = field(default_factory=list)
    unfinished: datetime | None = None
    deleted: dict[str, int] = field(default_factory=dict)
    certificates: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def total(self) -> int:
        return sum(each.count for each in self.found.values())


@dataclass(frozen=True)
class PurgeReport:
    """A whole purge: everything older than `before`, or than a tenant's own retention, tenant by tenant.

    A dry run deletes nothing.
    """

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

    Each tenant's own retention and its legal holds are respected. Works in small transactions, oldest rows first: it
    may be killed at any time and simply run again. A tenant that loses rows keeps a signed certificate and two
    events, `audit_purge_started` and `audit_purged`. Raises `PurgeRefused` when `before` is later than the horizon or
    another purge is running.
    """
    before = _checked_before(tenant, before)
    if dry_run:
        return PurgeReport(before, dry_run, [plan_purge(each, before) for each in _tenants(tenant)])
    purges = [TenantPurge(each, min(before, view_horizon(each, now=timezone.now()))) for each in _tenants(tenant)]
    _delete_all(purges, progress, all_tenants=tenant is None)
    return PurgeReport(before, dry_run, purges)


def _tenants(tenant: Tenant | None) -> list[Tenant]:
    return [tenant] if tenant else list(Tenant.objects.order_by("slug"))


def plan_purge(tenant: Tenant, before: datetime) -> TenantPurge:
    """What a purge of `tenant` would delete and what stays, and why. Reads only."""
    before = min(before, view_horizon(tenant, now=timezone.now()))
    with tenant_context(tenant):
        unfinished = unfinished_certificate(tenant, cause=RETENTION)
        if unfinished:
            before = max(before, _before_of(unfinished))
        return TenantPurge(
            tenant,
            before,
            {kind: _with_what_stays(tenant, kind, before) for kind in COLUMNS},
            holds=list(holds_in_force(tenant)),
            unfinished=unfinished.created_at if unfinished else None,
        )


def old_rows(tenant: Tenant, kind: str, before: datetime) -> QuerySet[Any]:
    """The tenant's rows of `kind` from before that instant, whatever keeps them."""
    models = {"bandwidth_samples": BandwidthSample, "attendances": Attendance, "events": AuditEvent}
    rows: QuerySet[Any] = models[kind].objects.for_tenant(tenant).filter((f"{COLUMNS[kind]}__lt", before))
    return rows


def purgeable_rows(tenant: Tenant, kind: str, before: datetime) -> QuerySet[Any]:
    """Those that nothing keeps. A stay counts as old by its end; one that is open or has samples that stay is kept."""
    rows = without_held(old_rows(tenant, kind, before), tenant=tenant)
    if kind == "attendances":
        return rows.filter(left_at__lt=before).exclude(_has_samples_that_stay(tenant, before))
    return rows.filter(seq__isnull=False) if kind == "events" else rows


def _something_stays(tenant: Tenant, before: datetime, kind: str, end: datetime, rows: QuerySet[Any]) -> bool:
    """Whether one of `rows`, all of them from before `end`, must stay."""
    if end > before or held(rows, tenant=tenant).exists():
        return True
    if kind != "attendances":
        return False
    still_open = rows.filter(Q(left_at=None) | Q(left_at__gte=before)).exists()
    return still_open or rows.filter(_has_samples_that_stay(tenant, before)).exists()


def _has_samples_that_stay(tenant: Tenant, before: datetime) -> Q:
    samples = BandwidthSample.objects.for_tenant(tenant).filter(attendance=OuterRef("pk"))
    return Q(Exists(samples.filter(minute__gte=before))) | Q(Exists(held(samples, tenant=tenant)))


def _slice(tenant: Tenant, kind: str, before: datetime) -> Slice:
    column = COLUMNS[kind]
    rows = purgeable_rows(tenant, kind, before)
    return Slice(**rows.aggregate(count=Count("pk"), oldest=Min(column), newest=Max(column)))


def _with_what_stays(tenant: Tenant, kind: str, before: datetime) -> Slice:
    """With why old rows stay: `held`; `open` stays or ones that still have samples; `unsealed` events."""
    found, rows = _slice(tenant, kind, before), old_rows(tenant, kind, before)
    kept = held(rows, tenant=tenant).count()
    other = rows.count() - found.count - kept
    reason = {"attendances": "open", "events": "unsealed"}.get(kind, "other")
    return replace(found, stay={name: count for name, count in (("held", kept), (reason, other)) if count})


def _checked_before(tenant: Tenant | None, before: datetime | None) -> datetime:
    now = timezone.now()
    horizon = view_horizon(tenant, now=now) if tenant else _installation_horizon(now)
    if before is not None and before > horizon:
        kept = f"Records are kept for {(now - horizon).days} days"
        raise PurgeRefused(f"{kept}: nothing after {horizon:%Y-%m-%d %H:%M %Z} may be purged.")
    return before or horizon


def _delete_all(purges: list[TenantPurge], progress: Progress | None, *, all_tenants: bool) -> None:
    with exclusive("purge-audit") as is_ours:
        if not is_ours:
            raise PurgeRefused("Another purge is running.")
        for purge in purges:
            seal(purge.tenant)  # an event that waits for its place in the chain cannot go
            _finish_interrupted(purge, progress)
        if all_tenants:
            _drop_months(purges, progress)
        for purge in purges:
            _delete_of_tenant(purge, progress)


def _finish_interrupted(purge: TenantPurge, progress: Progress | None) -> None:
    with tenant_context(purge.tenant):
        unfinished = unfinished_certificate(purge.tenant, cause=RETENTION)
    if unfinished:
        _carry_out(purge, unfinished, progress)


def _drop_months(purges: list[TenantPurge], progress: Progress | None) -> None:
    by_tenant = {purge.tenant: purge for purge in purges}
    dropped = drop_months(
        before=max((purge.before for purge in purges), default=timezone.now()),
        something_stays=lambda tenant, *what: _something_stays(tenant, by_tenant[tenant].before, *what),
        certificate_of=lambda tenant: unfinished_certificate(tenant, cause=RETENTION) or begin_purge(by_tenant[tenant]),
    )
    for tenant, kind, found in dropped:
        purge = by_tenant[tenant]
        purge.found[kind] = _together(purge.found.get(kind), Slice(**found))
        _note_progress(purge, kind, found["count"], progress)


def _delete_of_tenant(purge: TenantPurge, progress: Progress | None) -> None:
    with tenant_context(purge.tenant):
        begun = unfinished_certificate(purge.tenant, cause=RETENTION)
        found = {kind: _slice(purge.tenant, kind, purge.before) for kind in COLUMNS}
    purge.found = {kind: _together(purge.found.get(kind), each) for kind, each in found.items()}
    if begun or any(each.count for each in found.values()):
        _carry_out(purge, begun or begin_purge(purge), progress)


def _carry_out(purge: TenantPurge, certificate: DeletionCertificate, progress: Progress | None) -> None:
    for work in _works(certificate):
        purge.deleted.setdefault(work.kind, 0)
        try:
            for deleted in delete_in_batches(certificate, work):
                _note_progress(purge, work.kind, deleted, progress)
        except ChainError as error:
            purge.problem = str(error)
    _finish(purge, certificate)


def _note_progress(purge: TenantPurge, kind: str, deleted: int, progress: Progress | None) -> None:
    purge.deleted[kind] = purge.deleted.get(kind, 0) + deleted
    if progress:
        progress(purge.tenant, sum(purge.deleted.values()), purge.total)


def _together(one: Slice | None, two: Slice) -> Slice:
    parts = [part for part in (one, two) if part and part.count]
    if not parts:
        return two
    oldest = min(part.oldest for part in parts if part.oldest)
    newest = max(part.newest for part in parts if part.newest)
    return Slice(sum(part.count for part in parts), oldest, newest)


def _works(certificate: DeletionCertificate) -> Iterator[Work]:
    tenant, before = certificate.tenant, _before_of(certificate)
    for kind, order, remove in (
        ("bandwidth_samples", "minute", remove_rows),
        ("attendances", "joined_at", remove_rows),
        ("events", "seq", _bury),
    ):
        yield Work(kind, partial(purgeable_rows, tenant, kind, before), order, COLUMNS[kind], remove)


def _bury(certificate: DeletionCertificate, rows: QuerySet[AuditEvent]) -> None:
    bury(certificate.tenant, rows, certificate=certificate)


def begin_purge(purge: TenantPurge) -> DeletionCertificate:
    """The certificate of a purge that begins now, and its event."""
    with tenant_context(purge.tenant), transaction.atomic():
        certificate = begin_certificate(purge.tenant, cause=RETENTION, before=purge.before)
        _record(certificate, "audit_purge_started", before=purge.before)
        return certificate


def _finish(purge: TenantPurge, certificate: DeletionCertificate) -> None:
    with tenant_context(purge.tenant), transaction.atomic():
        locked = lock_certificate(certificate)
        deleted = deleted_counts(locked)
        more = {"problem": purge.problem} if purge.problem else {}
        _record(locked, "audit_purged", before=_before_of(locked), deleted=deleted, **more)
        if deleted:
            sign_certificate(locked)
            purge.certificates.append(locked.public_id)
        else:
            locked.delete()


def _before_of(certificate: DeletionCertificate) -> datetime:
    """Up to when the certificate's purge deletes; never what a longer retention keeps by now."""
    before = datetime.fromisoformat(body_of(certificate)["before"])
    return min(before, view_horizon(certificate.tenant, now=timezone.now()))


def _record(certificate: DeletionCertificate, action: str, **details: Any) -> None:
    record_event(
        certificate.tenant,
        action,
        target_type="certificate",
        target_id=certificate.public_id,
        target_name=certificate.tenant.name,
        details=details,
    )
