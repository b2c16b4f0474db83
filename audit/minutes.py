"""Bandwidth in the chain: one event for each finished minute, with the hash of the minute's samples.

A minute is recorded two minutes after its end: the counters of the media servers come every 10 s.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from audit.chain import lock_chain
from audit.events import record_about_tenant
from audit.models import AuditEvent, AuditTombstone, BandwidthSample
from audit.offline.verify import canonical
from tenants.context import tenant_context
from tenants.models import Tenant

ACTION = "bandwidth_recorded"
MINUTE = timedelta(minutes=1)
FINISHED_AFTER = 3 * MINUTE  # from the beginning of the minute
MOST_AT_ONCE = 60  # minutes: after a long pause the rest is left to the next pass
ROW = (
    "attendance__public_id",
    "room_id",
    "room_name",
    "login_id",
    "name",
    "ip_address",
    "bytes_in",
    "bytes_out",
    "packets_in",
    "packets_out",
)
BYTES_IN, BYTES_OUT = ROW.index("bytes_in"), ROW.index("bytes_out")


def record_minutes(tenant: Tenant, *, now: datetime) -> int:
    """Record the tenant's finished minutes, at most `MOST_AT_ONCE`, each in a transaction of its own; how many."""
    done = 0
    while done < MOST_AT_ONCE and _record_next(tenant, now):
        done += 1
    return done


def minute_details(minute: datetime, rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """What the event of `minute` says of its samples, each in the order of `ROW`.

    `sha256` is over their canonical JSON arrays, sorted by attendance, one a line.
    """
    rows = sorted(rows, key=lambda row: str(row[0]))
    digest = hashlib.sha256(b"".join(canonical(row) + b"\n" for row in rows))
    return {
        "minute": minute.isoformat(),
        "rows": len(rows),
        "bytes_in": sum(row[BYTES_IN] for row in rows),
        "bytes_out": sum(row[BYTES_OUT] for row in rows),
        "sha256": digest.hexdigest(),
    }


def recorded_until(tenant: Tenant, *, now: datetime) -> datetime | None:
    """The newest minute that is recorded, or was before its event was purged; later ones are not in the chain yet."""
    events = AuditEvent.objects.for_tenant(tenant).filter(action=ACTION, occurred_at__lte=now)
    newest = events.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
    if newest:
        return newest - MINUTE
    buried = AuditTombstone.objects.for_tenant(tenant).aggregate(newest=Max("newest"))["newest"]
    return buried.replace(second=0, microsecond=0) - MINUTE if buried else None


@transaction.atomic
def _record_next(tenant: Tenant, now: datetime) -> bool:
    with tenant_context(tenant):
        if not lock_chain(tenant, wait=False):
            return False
        minute = _next_minute(tenant, now)
        if minute is None:
            return False
        rows = _samples(tenant).filter(minute=minute).values_list(*ROW)
        record_about_tenant(
            tenant,
            ACTION,
            details=minute_details(minute, rows),
            now=minute + MINUTE,
        )
        return True


def _next_minute(tenant: Tenant, now: datetime) -> datetime | None:
    waiting = _samples(tenant).filter(minute__lte=now - FINISHED_AFTER)
    last = recorded_until(tenant, now=now)
    if last:
        waiting = waiting.filter(minute__gt=last)
    return waiting.order_by("minute").values_list("minute", flat=True).first()


def _samples(tenant: Tenant) -> QuerySet[BandwidthSample]:
    samples: QuerySet[BandwidthSample] = BandwidthSample.objects.for_tenant(tenant)
    return samples
