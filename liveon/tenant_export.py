"""Everything that is a tenant's, as files: what it takes with it at the end of its contract.

One JSON Lines file per table of the data inventory, without secrets; the logs as CSV; the sealed events; a signed
manifest with the SHA-256 of every file; the offline verifier. Written under another name and renamed when it is whole:
an export that was killed leaves nothing under its name, and the next one begins anew.
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet

from audit.bundle import EVENTS as EVENTS_FILE
from audit.bundle import MANIFEST, Bundle
from audit.events import SYSTEM, Actor, record_about_tenant
from audit.exports.plain import PlainCsv
from audit.locks import exclusive
from audit.models import AuditEvent
from audit.reports import ATTENDANCE, EVENTS, MINUTES
from audit.sealing import seal
from audit.signing import canonical_json
from tenants.context import tenant_context
from tenants.inventory import Entry, tenant_entries
from tenants.models import Tenant

CHUNK = 1000  # rows: one query
LOGS = {"attendance.csv": ATTENDANCE, "bandwidth.csv": MINUTES, "events.csv": EVENTS}
TENANT_FIELDS = ("public_id", "slug", "name", "time_zone", "retention_days", "created_at", "ended_at")
README = """Data of {name} ({slug})

data/*.jsonl   one line of JSON per row, one file per table; passwords and other secrets are not in it
logs/*.csv     joins and leaves, bandwidth, events, as spreadsheet programs read them
events.jsonl   the events as they are sealed in the chain
manifest.json  the SHA-256 of every file, signed
verify.py      checks all of it: python3 verify.py EXPORT.zip
"""

Write = Callable[[str, Iterable[bytes]], None]


class ExportRefused(Exception):
    """The export cannot be made; the text says why."""


@dataclass
class ExportReport:
    """Where it is, the rows of each table in it, and the SHA-256 of its manifest, which has those of all files."""

    path: Path
    rows: dict[str, int] = field(default_factory=dict)
    manifest_sha256: str = ""


def export_tenant(tenant: Tenant, *, target: Path, language: str, actor: Actor = SYSTEM) -> ExportReport:
    """Write the tenant's data to `target`: a zip file when its name ends so, otherwise a folder.

    Raises ExportRefused when there is something of that name, or another export of the tenant is running.
    """
    if target.exists():
        raise ExportRefused(f"{target} exists already.")
    with exclusive(f"export-{tenant.slug}") as is_ours:
        if not is_ours:
            raise ExportRefused("Another export of this organisation is running.")
        _record(tenant, "tenant_export_begun", actor)
        seal(tenant)
        report = ExportReport(target)
        draft = target.with_name(f".{target.name}.part")
        _discard(draft)
        with _sink(draft, is_zip=target.suffix == ".zip") as write:
            _write_all(tenant, write, report, actor, language)
        os.replace(draft, target)
        _record(tenant, "tenant_exported", actor, manifest_sha256=report.manifest_sha256, rows=report.rows)
    return report


def exported_rows(tenant: Tenant, entry: Entry) -> QuerySet[Any]:
    """The tenant's rows of one table."""
    rows: QuerySet[Any] = apps.get_model(entry.label)._base_manager.filter((entry.path, tenant))
    return rows


def _write_all(tenant: Tenant, write: Write, report: ExportReport, actor: Actor, language: str) -> None:
    bundle = Bundle(tenant, exporter=actor, about={"log": "tenant"})

    def add(name: str, chunks: Iterable[bytes]) -> None:
        write(name, bundle.file(name, chunks))

    add("README.txt", [README.format(name=tenant.name, slug=tenant.slug).encode()])
    add("data/tenant.json", [canonical_json({name: getattr(tenant, name) for name in TENANT_FIELDS})])
    for entry in tenant_entries():
        add(f"data/{entry.label}.jsonl", _json_lines(tenant, entry, report))
    for name, log in LOGS.items():
        rows = log.model._default_manager.filter(tenant=tenant).order_by(log.time, "pk")
        add(f"logs/{name}", PlainCsv(tenant, log, rows, language=language).pieces())
    write(EVENTS_FILE, bundle.events(AuditEvent.objects.for_tenant(tenant), filtered=False))
    for name, content in bundle.closing():
        write(name, [content])
        if name == MANIFEST:
            report.manifest_sha256 = hashlib.sha256(content).hexdigest()


def _json_lines(tenant: Tenant, entry: Entry, report: ExportReport) -> Iterator[bytes]:
    names = [
        each.attname for each in apps.get_model(entry.label)._meta.concrete_fields if each.name not in entry.secrets
    ]
    report.rows[entry.label] = last = 0
    rows = exported_rows(tenant, entry).order_by("pk").values("pk", *names)
    while True:
        with tenant_context(tenant):
            chunk = list(rows.filter(pk__gt=last)[:CHUNK])
        if not chunk:
            return
        last = chunk[-1]["pk"]
        report.rows[entry.label] += len(chunk)
        yield b"".join(canonical_json({name: row[name] for name in names}) + b"\n" for row in chunk)


@contextmanager
def _sink(draft: Path, *, is_zip: bool) -> Iterator[Write]:
    """Writes files into a new zip file or folder, for nobody else's eyes."""
    if not is_zip:
        draft.mkdir(mode=0o700)
        yield lambda name, chunks: _write_file(draft / name, chunks)
        return
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            yield lambda name, chunks: _write_member(archive, name, chunks)
        file.flush()
        os.fsync(file.fileno())


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(chunks)


def _write_member(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for chunk in chunks:
            file.write(chunk)


def _discard(draft: Path) -> None:
    """What a killed export left."""
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.unlink(missing_ok=True)


def _record(tenant: Tenant, action: str, actor: Actor, **details: Any) -> None:
    with tenant_context(tenant), transaction.atomic():
        record_about_tenant(tenant, action, actor=actor, details=details)
