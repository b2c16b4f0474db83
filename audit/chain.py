"""The chain of a tenant's events: the exact form that is hashed, where it ends, and how a purged range is buried.

The form is described for outsiders in docs/audit-log.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import AuditEvent, AuditHead, AuditTombstone, DeletionCertificate
from audit.offline.verify import GENESIS, canonical, hash_of
from audit.signing import instant, is_signed, sign
from tenants.context import tenant_context
from tenants.models import Tenant

CONTENT = (
    "public_id",
    "occurred_at",
    "recorded_at",
    "action",
    "actor_id",
    "actor_name",
    "ip_address",
    "target_type",
    "target_id",
    "target_name",
    "details",
)
LOCK = 0x6C697665  # "live": the first half of the advisory locks of chains, the second is the tenant
BATCH = 2_000
ALARM_AFTER = timedelta(seconds=60)


class ChainError(Exception):
    """The chain cannot be carried on as asked; the text says why."""


class UnsealedEvents(ChainError):
    """An event without a place in the chain was to be buried."""


class BrokenChain(ChainError):
    """Events that do not verify were to be buried: that would destroy the evidence."""


class Link(NamedTuple):
    """A place in the chain: `hash` is that of the event (or of the last buried one) at `seq`."""

    seq: int
    hash: str


class Sealed(NamedTuple):
    """One sealed event as it stands in the database, `content` in the order of `CONTENT`."""

    pk: int
    seq: int
    prev_hash: str
    hash: str
    content: tuple[Any, ...]

    @property
    def occurred_at(self) -> datetime:
        occurred_at: datetime = self.content[1]
        return occurred_at


def event_document(tenant_id: str, content: Sequence[Any], *, seq: int, prev_hash: str) -> dict[str, Any]:
    """What is hashed of an event: its `content`, its place, and the public id of its tenant."""
    public_id, occurred_at, recorded_at, *words, details = content
    return {
        "v": 1,
        "tenant": tenant_id,
        "seq": seq,
        "prev_hash": prev_hash,
        "id": public_id,
        "occurred_at": instant(occurred_at),
        "recorded_at": instant(recorded_at),
        **dict(zip(CONTENT[3:-1], words, strict=True)),
        "details": details,
    }


def event_line(tenant_id: str, content: Sequence[Any], *, seq: int, prev_hash: str) -> bytes:
    """The canonical JSON of an event: the SHA-256 of these bytes is its hash, and they are its line in an export."""
    return canonical(event_document(tenant_id, content, seq=seq, prev_hash=prev_hash))


def sealed_pages(events: QuerySet[AuditEvent], *, size: int = BATCH) -> Iterator[list[Sealed]]:
    """The sealed ones of `events` (not sliced) in the order of the chain; one short query a page, memory stays flat."""
    last = 0
    rows = events.order_by("seq").values_list("pk", "seq", "prev_hash", "hash", *CONTENT)
    while page := [Sealed._make((*row[:4], row[4:])) for row in rows.filter(seq__gt=last)[:size]]:
        yield page
        last = page[-1].seq


def tip(tenant: Tenant) -> Link:
    """Where the chain ends now; `Link(0, GENESIS)` before its first event."""
    sealed = AuditEvent.objects.for_tenant(tenant).filter(seq__gt=0).order_by("-seq").values_list("seq", "hash")
    buried = AuditTombstone.objects.for_tenant(tenant).order_by("-last_seq").values_list("last_seq", "last_hash")
    return max(Link(*(newest.first() or (0, GENESIS))) for newest in (sealed, buried))


def lock_chain(tenant: Tenant, *, wait: bool = True) -> bool:
    """Be the only one to change the tenant's chain until the transaction ends; whether we are (always, with `wait`).

    PostgreSQL: an advisory lock of the transaction. SQLite: the transaction is IMMEDIATE, there is one writer anyway.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("lock_chain needs the transaction that it holds the lock for.")
    if connection.vendor != "postgresql":
        return True
    call = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}(%s, %s)", [LOCK, tenant.pk % 2**31])
        return wait or bool(cursor.fetchone()[0])


def oldest_unsealed(tenant: Tenant) -> datetime | None:
    """When the longest waiting of the tenant's unsealed events was written; None when all are sealed.

    Events are sealed within 2 s; one that waits for `ALARM_AFTER` is an alarm.
    """
    with tenant_context(tenant):
        waiting = AuditEvent.objects.for_tenant(tenant).filter(seq=None).order_by("pk")
        return waiting.values_list("recorded_at", flat=True).first()


class ChainState(NamedTuple):
    """How a tenant's log stands: its last sealed event, since when an event has waited too long, its last head."""

    sealed: int
    late_since: datetime | None
    head: AuditHead | None


def chain_state(tenant: Tenant, *, now: datetime) -> ChainState:
    """For people: what `verify_audit` does not say. Call it in the tenant's context."""
    waiting, head = oldest_unsealed(tenant), AuditHead.objects.for_tenant(tenant).order_by("-day").first()
    is_late = waiting is not None and waiting < now - ALARM_AFTER
    return ChainState(tip(tenant).seq, waiting if is_late else None, head)


def bury(
    tenant: Tenant, events: QuerySet[AuditEvent], *, certificate: DeletionCertificate | None
) -> list[AuditTombstone]:
    """Delete sealed events of the tenant's; each contiguous range of them leaves a signed tombstone.

    A range that follows an earlier tombstone of the same certificate is added to that one. One transaction. Raises
    `UnsealedEvents`; `BrokenChain` when what is to be buried does not verify; ValueError for events of another tenant.
    """
    with tenant_context(tenant), transaction.atomic():
        lock_chain(tenant)
        found = _read(tenant, events)
        _refuse_broken(tenant, found)
        _refuse_rewritten(tenant, found)
        tombstones = [_lay(tenant, run, certificate) for run in _contiguous(found)]
        pks = [event.pk for event in found]
        for start in range(0, len(pks), BATCH):
            AuditEvent.objects.for_tenant(tenant).filter(pk__in=pks[start : start + BATCH]).delete()
    return tombstones


def tombstone_document(tombstone: AuditTombstone) -> dict[str, Any]:
    """What is signed of a tombstone."""
    return {
        "type": "audit_tombstone",
        "tenant": tombstone.tenant.public_id,
        "first_seq": tombstone.first_seq,
        "last_seq": tombstone.last_seq,
        "prev_hash": tombstone.prev_hash,
        "last_hash": tombstone.last_hash,
        "oldest": instant(tombstone.oldest),
        "newest": instant(tombstone.newest),
        "certificate": tombstone.certificate.public_id if tombstone.certificate else None,
        "signed_at": instant(tombstone.signed_at),
    }


def _read(tenant: Tenant, events: QuerySet[AuditEvent]) -> list[Sealed]:
    found = []
    for tenant_pk, *row in events.values_list("tenant_id", "pk", "seq", "prev_hash", "hash", *CONTENT):
        if tenant_pk != tenant.pk:
            raise ValueError("bury: the events belong to another tenant.")
        if row[1] is None:
            raise UnsealedEvents(f"{tenant}: event {row[4]} is not sealed yet; seal_audit does it.")
        found.append(Sealed._make((*row[:4], tuple(row[4:]))))
    return sorted(found, key=lambda event: event.seq)


def _refuse_broken(tenant: Tenant, events: Iterable[Sealed]) -> None:
    before = None
    for event in events:
        line = event_line(tenant.public_id, event.content, seq=event.seq, prev_hash=event.prev_hash)
        follows = before is None or before.seq + 1 != event.seq or before.hash == event.prev_hash
        if hash_of(line) != event.hash or not follows:
            raise BrokenChain(f"{tenant}: event #{event.seq} does not verify; it stays. See verify_audit.")
        before = event


def _refuse_rewritten(tenant: Tenant, events: Sequence[Sealed]) -> None:
    """Events that agree with each other may all have been rewritten: where a signed head stands, its hash tells."""
    if not events:
        return
    heads = AuditHead.objects.for_tenant(tenant).filter(seq__gte=events[0].seq, seq__lte=events[-1].seq)
    signed = dict(heads.values_list("seq", "hash"))
    for event in events:
        if signed.get(event.seq, event.hash) != event.hash:
            raise BrokenChain(f"{tenant}: event #{event.seq} is not what a head says; it stays. See verify_audit.")


def _contiguous(events: Iterable[Sealed]) -> list[list[Sealed]]:
    runs: list[list[Sealed]] = []
    for event in events:
        if runs and runs[-1][-1].seq + 1 == event.seq:
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs


def _lay(tenant: Tenant, run: list[Sealed], certificate: DeletionCertificate | None) -> AuditTombstone:
    times = [event.occurred_at for event in run]
    tombstone = _before(tenant, run[0], certificate) or AuditTombstone(
        tenant=tenant, first_seq=run[0].seq, prev_hash=run[0].prev_hash, certificate=certificate,
        oldest=min(times), newest=max(times),
    )  # fmt: skip
    tombstone.last_seq, tombstone.last_hash = run[-1].seq, run[-1].hash
    tombstone.oldest, tombstone.newest = min(tombstone.oldest, *times), max(tombstone.newest, *times)
    tombstone.signed_at = timezone.now()
    tombstone.key_id, tombstone.signature = sign(tombstone_document(tombstone))
    tombstone.save()
    return tombstone


def _before(tenant: Tenant, first: Sealed, certificate: DeletionCertificate | None) -> AuditTombstone | None:
    """The genuine tombstone of the same certificate that ends where `first` begins."""
    adjoining = AuditTombstone.objects.for_tenant(tenant).filter(
        certificate=certificate, last_seq=first.seq - 1, last_hash=first.prev_hash
    )
    tombstone = adjoining.select_related("tenant", "certificate").first()
    return tombstone if tombstone and is_genuine(tombstone_document(tombstone), tombstone) else None


def is_genuine(document: Mapping[str, Any], signed: Any) -> bool:
    """Whether `signed` (a row with `key_id` and `signature`) carries a known key's signature over `document`."""
    return is_signed(document, key_id=signed.key_id, signature=signed.signature)
