"""One download of a log: begun, streamed as an archive, finished. One that stays unfinished was interrupted."""

import hashlib
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from audit.bundle import EVENTS as EVENTS_FILE
from audit.bundle import Bundle, contiguous
from audit.events import Actor, record_about_tenant
from audit.exports.archive import Archive
from audit.exports.files import FORMATS, Rows
from audit.exports.readme import readme
from audit.models import LogExport
from audit.reports import EVENTS, Found
from tenants.context import tenant_context
from tenants.models import Tenant

DATES = {"date_from", "date_to"}


def begin_export(found: Found, *, actor: Actor, file_format: str, search: Mapping[str, str]) -> LogExport:
    """Note that `actor` takes out what was found, before the first byte leaves. KeyError for an unknown format."""
    if file_format not in FORMATS:
        raise KeyError(file_format)
    with transaction.atomic(), tenant_context(found.tenant):
        export = LogExport.objects.create(
            tenant=found.tenant,
            log=found.log.name,
            file_format=file_format,
            search=dict(search),
            exporter_id=actor.id,
            exporter_name=actor.name,
            begun_at=timezone.now(),
        )
        _record(found.tenant, export, "export_begun", actor, search=search)
    return export


async def stream_export(export: LogExport, found: Found, *, actor: Actor, language: str) -> AsyncIterator[bytes]:
    """The archive, piece by piece; after the last one the export is finished.

    Each piece is made in a thread, in short transactions. Whoever stops listening ends it: nothing stays on the disk.
    """
    pieces = _pieces(export, found, actor, language)
    try:
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            if piece:
                yield piece
    finally:
        await sync_to_async(pieces.close)()


def _next(pieces: Generator[bytes]) -> bytes | None:
    return next(pieces, None)


def _pieces(export: LogExport, found: Found, actor: Actor, language: str) -> Generator[bytes]:
    digest, rows = hashlib.sha256(), Rows(found, language)
    for piece in _archive(export, found, actor, rows):
        digest.update(piece)
        yield piece
    with transaction.atomic(), tenant_context(found.tenant):
        export.finished_at, export.rows, export.sha256 = timezone.now(), rows.count, digest.hexdigest()
        export.save(update_fields=["finished_at", "rows", "sha256"])
        _record(found.tenant, export, "exported", actor, rows=export.rows, sha256=export.sha256)


def _archive(export: LogExport, found: Found, actor: Actor, rows: Rows) -> Iterator[bytes]:
    about = {"log": export.log, "export": export.public_id, "search": export.search, "begun_at": export.begun_at}
    bundle = Bundle(found.tenant, exporter=actor, about=about, made_at=export.begun_at)
    archive, name = Archive(export.begun_at), f"{export.log}.{export.file_format}"

    def add(name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        return archive.add(name, bundle.file(name, chunks))

    yield from add("README.txt", [readme(export, found.tenant, name)])
    yield from add(name, FORMATS[export.file_format](rows, export.public_id))
    if found.log is EVENTS:
        yield from archive.add(EVENTS_FILE, _chain(bundle, found, export))
    bundle.about = {**about, "rows": rows.count}
    for last, content in bundle.closing():
        yield from archive.add(last, [content])
    yield from archive.close()


def _chain(bundle: Bundle, found: Found, export: LogExport) -> Iterator[bytes]:
    """The sealed events themselves: of a range of days without a gap, of a narrower search those that match."""
    is_range = set(export.search) <= DATES
    with tenant_context(found.tenant):
        events = contiguous(found.tenant, found.rows) if is_range else found.rows
    return bundle.events(events, filtered=not is_range)


def _record(tenant: Tenant, export: LogExport, what: str, actor: Actor, **details: Any) -> None:
    record_about_tenant(
        tenant,
        f"{export.log}_{what}",
        actor=actor,
        details={"export": export.public_id, "format": export.file_format, **details},
    )
