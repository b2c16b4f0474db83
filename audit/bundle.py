"""What makes an export provable: its events line by line, a signed manifest of all its files, and the offline verifier.

    bundle = Bundle(tenant, exporter=actor, about={"log": "attendance"})
    write("attendance.csv", bundle.file("attendance.csv", chunks))
    write("events.jsonl", bundle.events(events, filtered=False))
    for name, content in bundle.closing(): write(name, [content])

Everything is streamed; each part must be read to its end before the next. The format: docs/audit-log.md.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from audit.chain import event_line, sealed_pages, tip, tombstone_document
from audit.events import Actor
from audit.heads import head_document
from audit.models import AuditEvent, AuditHead, AuditTombstone
from audit.offline import verify
from audit.signing import announce_key, instant, key_documents, sign
from tenants.context import tenant_context
from tenants.models import Tenant

EVENTS, MANIFEST, VERIFIER = "events.jsonl", "manifest.json", "verify.py"
PAGE = 500  # events: one short query, one piece of the file


def contiguous(tenant: Tenant, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """The unbroken range of the chain that begins and ends with one of `events`: what an export of days should hold."""
    ends = events.aggregate(first=Min("seq"), last=Max("seq"))
    return AuditEvent.objects.for_tenant(tenant).filter(seq__gte=ends["first"] or 1, seq__lte=ends["last"] or 0)


class Bundle:
    """The provable part of one export. `about` is plain JSON: which log, what was searched for, the case number."""

    def __init__(
        self, tenant: Tenant, *, exporter: Actor, about: Mapping[str, Any], made_at: datetime | None = None
    ) -> None:
        self.tenant, self.exporter, self.about = tenant, exporter, about
        self.made_at = made_at or timezone.now()
        self._files: list[dict[str, Any]] = []
        self._events: dict[str, Any] | None = None

    def file(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """`chunks` as they are; their size and SHA-256 go into the manifest as those of the file `name`."""
        size, digest = 0, hashlib.sha256()
        for chunk in chunks:
            size += len(chunk)
            digest.update(chunk)
            yield chunk
        self._files.append({"name": name, "size": size, "sha256": digest.hexdigest()})

    def events(self, events: QuerySet[AuditEvent], *, filtered: bool) -> Iterator[bytes]:
        """The content of `events.jsonl`: one line of canonical JSON per sealed event, in the order of the chain.

        `filtered=False` claims that between the first and the last nothing is left out (see `contiguous`): the
        verifier reports every gap. Unsealed events are not in it. `events` must not be sliced.
        """
        return self.file(EVENTS, self._lines(events, filtered=filtered))

    def closing(self) -> Iterator[tuple[str, bytes]]:
        """The last files, by name: the signed manifest, and the verifier."""
        with tenant_context(self.tenant):
            manifest = self._manifest()
            key_id, signature = sign(manifest)
        signed = {"document": manifest, "key_id": key_id, "signature": signature}
        yield MANIFEST, json.dumps(signed, indent=1, ensure_ascii=False).encode()
        yield VERIFIER, Path(verify.__file__).read_bytes()

    def _lines(self, events: QuerySet[AuditEvent], *, filtered: bool) -> Iterator[bytes]:
        claim: dict[str, Any] = {"file": EVENTS, "filtered": filtered, "count": 0, "first_seq": 0, "last_seq": 0}
        self._events = claim | {"last_hash": verify.GENESIS}
        pages = sealed_pages(events, size=PAGE)
        while page := self._next(pages):
            claim["count"] += len(page)
            claim["first_seq"] = claim["first_seq"] or page[0].seq
            self._events = claim | {"last_seq": page[-1].seq, "last_hash": page[-1].hash}
            tenant = self.tenant.public_id
            lines = (event_line(tenant, each.content, seq=each.seq, prev_hash=each.prev_hash) for each in page)
            yield b"".join(line + b"\n" for line in lines)

    def _next(self, pages: Iterator[list[Any]]) -> list[Any]:
        """No context and no transaction is open while a slow reader takes what was yielded."""
        with tenant_context(self.tenant):
            return next(pages, [])

    def _manifest(self) -> dict[str, Any]:
        end = tip(self.tenant)
        announce_key()  # before the first signature ever it is in no list
        return {
            "type": "liveon_export",
            "version": 1,
            "tenant": {"id": self.tenant.public_id, "slug": self.tenant.slug, "name": self.tenant.name},
            "made_at": instant(self.made_at),
            "exporter": {"id": self.exporter.id, "name": self.exporter.name},
            "about": json.loads(json.dumps(self.about, default=str)),
            "files": self._files,
            "events": self._events,
            "tip": {"seq": end.seq, "hash": end.hash},
            "tombstones": [_signed(tombstone_document(each), each) for each in self._tombstones()],
            "heads": [_signed(head_document(each), each) for each in self._heads()],
            "keys": key_documents(),
        }

    def _tombstones(self) -> QuerySet[AuditTombstone]:
        last = self._events["last_seq"] if self._events else 0
        found = AuditTombstone.objects.for_tenant(self.tenant).filter(first_seq__lte=last)
        return found.select_related("tenant", "certificate").order_by("first_seq")

    def _heads(self) -> list[AuditHead]:
        """Those that stand within the exported events, and the newest."""
        heads = AuditHead.objects.for_tenant(self.tenant).select_related("tenant").order_by("day")
        newest = heads.last()
        events = self._events or {"first_seq": 1, "last_seq": 0}
        within = heads.filter(seq__gte=events["first_seq"], seq__lte=events["last_seq"])
        return [*within.exclude(pk=newest.pk), newest] if newest else []


def _signed(document: Mapping[str, Any], row: AuditTombstone | AuditHead) -> dict[str, Any]:
    return {"document": document, "key_id": row.key_id, "signature": row.signature}
