"""Verifying a tenant's log: the chain, its tombstones and heads, anchors from outside, and the records beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from audit.chain import CONTENT, Sealed, event_line, sealed_pages, tombstone_document
from audit.comparison import Records
from audit.heads import head_document
from audit.models import AuditEvent, AuditHead, AuditTombstone
from audit.offline.verify import Findings, Mark, Walk, check_signed, hash_of, marks_of, trusted_keys
from audit.signing import key_documents, public_keys_on_file
from tenants.context import tenant_context
from tenants.models import Tenant

PAGE = 2_000  # events: one query, what is in memory at once
SEARCHED = 50  # places before and after in which an event that was moved is looked for


@dataclass
class TenantReport:
    """What stands in one tenant's log, and what is wrong with it.

    `buried` events are covered by `tombstones`. `attendances` and `minutes` of bandwidth agree with their events;
    `incomparable` samples stand in minutes that were partly deleted. `marks` of `heads` and anchors were passed.
    """

    tenant: Tenant
    findings: Findings = field(default_factory=Findings)
    events: int = 0
    first_seq: int = 0
    last_seq: int = 0
    unsealed: int = 0
    tombstones: int = 0
    buried: int = 0
    heads: int = 0
    anchors: int = 0
    marks: int = 0
    attendances: int = 0
    minutes: int = 0
    incomparable: int = 0


def verify_tenant(
    tenant: Tenant, *, anchors: Sequence[Mapping[str, Any]] = (), trust: Sequence[str] = ()
) -> TenantReport:
    """Everything that can be known about the tenant's log, from one snapshot of the database.

    `anchors` are those of head mails (also of other tenants: they are passed over); `trust` names the keys to start
    from, by default those whose files are here. Memory stays flat; nobody is kept from writing.
    """
    report = TenantReport(tenant)
    with _snapshot(), tenant_context(tenant):
        keys = trusted_keys(key_documents(), trust or public_keys_on_file(), report.findings)
        stones = _genuine_tombstones(report, keys)
        marks = [*_genuine_heads(report, keys), *_genuine_anchors(report, anchors, keys)]
        walk = Walk(report.findings, [tombstone_document(stone) for stone in stones], marks)
        _walk(report, walk, stones, keys)
    return report


def _genuine_tombstones(report: TenantReport, keys: Mapping[str, str]) -> list[AuditTombstone]:
    rows = AuditTombstone.objects.for_tenant(report.tenant).select_related("tenant", "certificate")
    stones = list(rows.order_by("first_seq"))
    report.tombstones = len(stones)
    report.buried = sum(stone.last_seq - stone.first_seq + 1 for stone in stones)
    return [
        stone
        for stone in stones
        if _is_signed(
            report, f"the tombstone #{stone.first_seq}-#{stone.last_seq}", tombstone_document(stone), stone, keys
        )
    ]


def _genuine_heads(report: TenantReport, keys: Mapping[str, str]) -> Iterator[Mark]:
    before = None
    for head in AuditHead.objects.for_tenant(report.tenant).select_related("tenant").order_by("day"):
        report.heads += 1
        if before and (head.day - before.day).days > 1:
            report.findings.add("head_missing", f"no head for the days between {before.day} and {head.day}")
        before = head
        what, document = f"the head of {head.day}", head_document(head)
        if _is_signed(report, what, document, head, keys):
            yield Mark(what, head.seq, head.hash, document["signed_at"])


def _genuine_anchors(report: TenantReport, anchors: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> list[Mark]:
    report.anchors = sum(anchor.get("tenant") == report.tenant.public_id for anchor in anchors)
    return marks_of(anchors, report.tenant.public_id, keys, report.findings)


def _is_signed(
    report: TenantReport,
    what: str,
    document: Mapping[str, Any],
    row: AuditTombstone | AuditHead,
    keys: Mapping[str, str],
) -> bool:
    kind = "forged_tombstone" if isinstance(row, AuditTombstone) else "forged_head"
    signed = {"document": document, "key_id": row.key_id, "signature": row.signature}
    return check_signed(what, kind, signed, keys, report.findings)


def _walk(report: TenantReport, walk: Walk, stones: Iterable[AuditTombstone], keys: Mapping[str, str]) -> None:
    tenant, damage = report.tenant, _Damage(report.tenant.public_id, report.findings)
    buried_until = max((stone.newest for stone in stones), default=None)
    records = Records(tenant, report.findings, keys=keys, buried_until=buried_until)
    for page in sealed_pages(AuditEvent.objects.for_tenant(tenant), size=PAGE):
        report.first_seq = report.first_seq or page[0].seq
        for event in page:
            damage.look_at(event)
            walk.event(event.seq, event.prev_hash, event.hash)
        report.events += len(page)
        records.compare(page)
    damage.end()
    walk.end()
    for page in _unsealed_pages(tenant):
        report.unsealed += len(page)
        records.compare(page)
    records.end()
    report.last_seq, report.marks = walk.seq, walk.passed
    report.attendances, report.minutes, report.incomparable = records.attendances, records.minutes, records.incomparable


def _unsealed_pages(tenant: Tenant) -> Iterator[list[Sealed]]:
    waiting = AuditEvent.objects.for_tenant(tenant).filter(seq=None).order_by("pk").values_list("pk", *CONTENT)
    last = 0
    while page := [Sealed(row[0], 0, "", "", row[1:]) for row in waiting.filter(pk__gt=last)[:PAGE]]:
        yield page
        last = page[-1].pk


class _Damage:
    """Events whose hash is not that of what they say now; a run of the same kind is one finding."""

    def __init__(self, tenant_id: str, findings: Findings) -> None:
        self._tenant_id, self._findings = tenant_id, findings
        self._run: list[Sealed] = []  # its first and its last event
        self._moved_by = 0  # places by which the run was moved; 0 = its content was changed

    def look_at(self, event: Sealed) -> None:
        if hash_of(self._line(event, event.seq)) == event.hash:
            return
        moved_by = self._how_far(event)
        if self._run and (moved_by != self._moved_by or event.seq != self._run[-1].seq + 1):
            self.end()
        self._moved_by = moved_by
        self._run = [*self._run[:1], event]

    def end(self) -> None:
        if self._run:
            first, last = self._run[0], self._run[-1]
            which = f"#{first.seq}" if first is last else f"#{first.seq}-#{last.seq}"
            if self._moved_by:
                place = f"#{first.seq - self._moved_by}"
                self._findings.add("moved", f"{which}: sealed {'at' if first is last else 'from'} {place}", first.seq)
            else:
                what = f"{first.content[3]}, {first.occurred_at:%Y-%m-%d %H:%M:%S} UTC"
                self._findings.add("edited", f"{which} ({what}): not what was sealed", first.seq)
        self._run = []

    def _line(self, event: Sealed, seq: int) -> bytes:
        return event_line(self._tenant_id, event.content, seq=seq, prev_hash=event.prev_hash)

    def _how_far(self, event: Sealed) -> int:
        """An event that was only given another place still has the hash of its old one."""
        for distance in (self._moved_by, *range(1, SEARCHED), *range(-1, -SEARCHED, -1)):
            if distance and hash_of(self._line(event, event.seq - distance)) == event.hash:
                return distance
        return 0


@contextmanager
def _snapshot() -> Iterator[None]:
    """All that is read within belongs to one state of the database; nothing is locked.

    PostgreSQL: REPEATABLE READ. SQLite: one deferred transaction. Inside of another transaction nothing is changed.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
