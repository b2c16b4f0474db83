"""The part of a purge that drops whole months of attendance and bandwidth (PostgreSQL, all tenants).

A month goes when every row in it, of every tenant, is one that a purge would delete: old by its tenant's own
retention, not held, no stay in it open. What goes is counted and hashed, tenant by tenant, in the transaction that
drops it. `sha256` of a month is that of the tenant's rows as PostgreSQL's COPY writes them as CSV, by id.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, Max, Min, QuerySet

from audit.certificates import add_month, lock_certificate
from audit.holds import lock_records
from audit.models import Attendance, BandwidthSample, DeletionCertificate
from audit.partitions import drop_month, partition_months
from tenants.context import system_context
from tenants.models import Tenant

KINDS: list[tuple[str, type[models.Model], str]] = [
    ("bandwidth_samples", BandwidthSample, "minute"),
    ("attendances", Attendance, "joined_at"),
]

Stays = Callable[[Tenant, str, datetime, QuerySet[Any]], bool]  # whether one of the rows, all before then, must stay
Dropped = tuple[Tenant, str, Mapping[str, Any]]  # whose, which kind, its count, oldest and newest
Certificate = Callable[[Tenant], DeletionCertificate]  # the tenant's certificate that is under way


def drop_months(*, before: datetime, something_stays: Stays, certificate_of: Certificate) -> Iterator[Dropped]:
    """Drop every month that ended by `before` and in which nothing stays; yields what went, tenant by tenant."""
    for kind, model, column in KINDS:
        for month in partition_months(model):
            if _end_of(month) <= before:
                yield from _drop(kind, model, column, month, something_stays, certificate_of)


def _drop(
    kind: str, model: type[models.Model], column: str, month: date, something_stays: Stays, certificate_of: Certificate
) -> list[Dropped]:
    within = {f"{column}__gte": _start_of(month), f"{column}__lt": _end_of(month)}
    with system_context(), transaction.atomic():
        rows = model._default_manager.filter(**within)
        found = _by_tenant(rows, column)
        for tenant in found:
            lock_records(tenant)
            if something_stays(tenant, kind, _end_of(month), rows.filter(tenant=tenant)):
                return []
        for tenant, counts in found.items():
            digest = _sha256(rows.filter(tenant=tenant))
            entry = {"kind": kind, "month": f"{month:%Y-%m}", "sha256": digest, **counts}
            add_month(lock_certificate(certificate_of(tenant)), entry)
        drop_month(model, month)
        return [(tenant, kind, counts) for tenant, counts in found.items()]


def _by_tenant(rows: QuerySet[Any], column: str) -> dict[Tenant, Mapping[str, Any]]:
    counts = rows.order_by().values("tenant").annotate(count=Count("pk"), oldest=Min(column), newest=Max(column))
    found = {each.pop("tenant"): each for each in counts}
    return {tenant: found[tenant.pk] for tenant in Tenant.objects.filter(pk__in=found).order_by("pk")}


def _sha256(rows: QuerySet[Any]) -> str:
    digest = hashlib.sha256()
    names = [field.attname for field in rows.model._meta.concrete_fields]
    query, parameters = rows.order_by("pk").values_list(*names).query.sql_with_params()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters) as copy:
        for block in copy:
            digest.update(block)
    return digest.hexdigest()


def _start_of(month: date) -> datetime:
    return datetime.combine(month, time.min, UTC)


def _end_of(month: date) -> datetime:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return _start_of(following)
