"""Daily heads: where a tenant's chain stood at the end of each day (UTC), signed, to be kept outside of the database.

Whoever keeps a head (it is mailed to the administrators) can prove later that nothing up to it was changed or cut off.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.chain import Link, lock_chain
from audit.models import AuditEvent, AuditHead, AuditKey, AuditTombstone
from audit.signing import instant, sign
from tenants.context import tenant_context
from tenants.models import Tenant

MAILED_WITHIN = timedelta(days=7)  # an older head that nobody could be sent is implied by the newer ones


def sign_heads(tenant: Tenant, *, now: datetime) -> list[AuditHead]:
    """Sign the head of every finished day since the last head, or of yesterday when there is none yet.

    May be repeated: a day gets one head. A tenant whose chain has not begun gets none.
    """
    with tenant_context(tenant), transaction.atomic():
        lock_chain(tenant)
        last = AuditHead.objects.for_tenant(tenant).order_by("-day").first()
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        first = last.day + timedelta(days=1) if last else yesterday
        return [head for day in _days(first, yesterday) if (head := _sign_head(tenant, day))]


def unmailed_heads(tenant: Tenant, *, now: datetime) -> list[AuditHead]:
    """The heads of the last week that nobody was sent yet, the oldest first."""
    with tenant_context(tenant):
        heads = AuditHead.objects.for_tenant(tenant).filter(mailed_at=None, signed_at__gt=now - MAILED_WITHIN)
        return list(heads.select_related("tenant").order_by("day"))


def mark_mailed(tenant: Tenant, heads: Iterable[AuditHead], *, now: datetime) -> None:
    with tenant_context(tenant):
        AuditHead.objects.for_tenant(tenant).filter(pk__in=[head.pk for head in heads]).update(mailed_at=now)


def head_document(head: AuditHead) -> dict[str, Any]:
    """What is signed of a head."""
    return {
        "type": "audit_head",
        "tenant": head.tenant.public_id,
        "day": head.day.isoformat(),
        "seq": head.seq,
        "hash": head.hash,
        "signed_at": instant(head.signed_at),
    }


def anchor_text(head: AuditHead) -> str:
    """A head as the JSON text that a mail carries and `verify_audit --anchor` reads; no value has a space in it."""
    document = head_document(head)
    key = AuditKey.objects.get(key_id=head.key_id)
    signature = {"key_id": head.key_id, "public_key": key.public_key, "signature": head.signature}
    names = ("tenant", "day", "seq", "hash", "signed_at")
    anchor = {"liveon_anchor": 1, **{name: document[name] for name in names}, **signature}
    return json.dumps(anchor, indent=1)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _sign_head(tenant: Tenant, day: date) -> AuditHead | None:
    link = _link_at(tenant, datetime.combine(day + timedelta(days=1), time.min, UTC))
    if link is None:
        return None
    head = AuditHead(tenant=tenant, day=day, seq=link.seq, hash=link.hash, signed_at=timezone.now())
    head.key_id, head.signature = sign(head_document(head))
    head.save(force_insert=True)
    return head


def _link_at(tenant: Tenant, end: datetime) -> Link | None:
    """The last sealed event that was written before `end`, or what is buried before the oldest that is left."""
    events = AuditEvent.objects.for_tenant(tenant).filter(seq__gt=0, recorded_at__lt=end)
    buried = AuditTombstone.objects.for_tenant(tenant).filter(newest__lt=end)
    newest = (
        events.order_by("-seq").values_list("seq", "hash").first(),
        buried.order_by("-last_seq").values_list("last_seq", "last_hash").first(),
    )
    return max((Link(*found) for found in newest if found), default=None)
