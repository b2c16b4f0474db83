"""Disclosures (white paper 16.1.7): records handed to an authority, on a case number and two approvals.

An administrator asks; two others approve; then the file can be made. It shows what the tenant can see, and what a legal
hold kept beyond that. Each step is an event. That the actors are administrators of the tenant is the caller's to check.
"""

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.bundle import Bundle
from audit.errors import DisclosureClosed, NeedsAnotherPerson, NotApproved
from audit.events import Actor, record_event
from audit.exports.plain import PlainCsv
from audit.exports.scratch import scratch_folder
from audit.holds import held
from audit.models import Attendance, AuditEvent, BandwidthSample, Disclosure
from audit.reports import ATTENDANCE, EVENTS, MINUTES
from audit.retention import view_horizon
from audit.scopes import Wanted, within
from tenants.context import tenant_context
from tenants.ids import new_public_id
from tenants.models import Tenant

LOGS = {"attendance": (ATTENDANCE, Attendance), "bandwidth": (MINUTES, BandwidthSample), "events": (EVENTS, AuditEvent)}


def request_disclosure(tenant: Tenant, *, actor: Actor, case_number: str, reason: str, wanted: Wanted) -> Disclosure:
    """Ask for a disclosure. Raises ValidationError by field."""
    disclosure = Disclosure(
        tenant=tenant,
        case_number=case_number.strip(),
        reason=reason.strip(),
        search=wanted.as_search(),
        requested_at=timezone.now(),
        requested_by_id=actor.id,
        requested_by_name=actor.name,
    )
    if wanted.range_from and wanted.range_to and wanted.range_from >= wanted.range_to:
        raise ValidationError({"range_to": ValidationError(_("The end must be after the beginning."), code="order")})
    disclosure.full_clean(exclude=["tenant"], validate_unique=False)
    with transaction.atomic(), tenant_context(tenant):
        disclosure.save(force_insert=True)
        _record(disclosure, "disclosure_requested", actor, reason=disclosure.reason, search=disclosure.search)
    return disclosure


def approve_disclosure(disclosure: Disclosure, *, actor: Actor) -> None:
    """One of two approvals. Raises NeedsAnotherPerson for who asked or has approved already, DisclosureClosed."""
    with transaction.atomic(), tenant_context(disclosure.tenant):
        locked = _lock(disclosure)
        if not locked.is_waiting:
            raise DisclosureClosed
        if actor.id in {"", locked.requested_by_id, *(each["id"] for each in locked.approvals)}:
            raise NeedsAnotherPerson
        locked.approvals.append({"id": actor.id, "name": actor.name, "at": timezone.now().isoformat()})
        locked.save(update_fields=["approvals"])
        _record(locked, "disclosure_approved", actor, approvals=len(locked.approvals))
        disclosure.refresh_from_db()


def refuse_disclosure(disclosure: Disclosure, *, actor: Actor) -> None:
    """End a request that is not approved yet; who asked may take it back in this way. Raises DisclosureClosed."""
    with transaction.atomic(), tenant_context(disclosure.tenant):
        locked = _lock(disclosure)
        if not locked.is_waiting:
            raise DisclosureClosed
        locked.refused_at, locked.refused_by = timezone.now(), actor.name
        locked.save(update_fields=["refused_at", "refused_by"])
        _record(locked, "disclosure_refused", actor)
        disclosure.refresh_from_db()


def disclose(disclosure: Disclosure, *, actor: Actor, language: str) -> IO[bytes]:
    """The zip file, open at its beginning and gone from the disk: logs as CSV in `language`, the events as they are
    sealed, a signed manifest and the verifier. Raises NotApproved."""
    with tenant_context(disclosure.tenant):
        disclosure.refresh_from_db()
        if not disclosure.is_approved:
            raise NotApproved
    with scratch_folder(f"disclosure-{new_public_id()}") as folder:
        path = folder / "disclosure.zip"
        counts = _write(path, disclosure, actor, language)
        file = path.open("rb")
    _note_export(disclosure, actor, digest=hashlib.file_digest(file, "sha256").hexdigest(), counts=counts)
    file.seek(0)
    return file


def disclosed_rows(disclosure: Disclosure, kind: str) -> QuerySet[Any]:
    """The records that it is about, oldest first: none older than the view's horizon but those that are held."""
    log, model = LOGS[kind]
    rows: QuerySet[Any] = model.objects.for_tenant(disclosure.tenant).filter(within(model, _wanted(disclosure)))
    horizon = view_horizon(disclosure.tenant, now=timezone.now())
    kept = held(rows, tenant=disclosure.tenant).filter((f"{log.time}__lt", horizon)).values("pk")
    return rows.filter(Q((f"{log.time}__gte", horizon)) | Q(pk__in=kept)).order_by(log.time, "pk")


def _wanted(disclosure: Disclosure) -> Wanted:
    search = disclosure.search
    return Wanted(
        user_id=search.get("user_id", ""),
        room_id=search.get("room_id", ""),
        range_from=disclosure.range_from,
        range_to=disclosure.range_to,
    )


def _write(path: Path, disclosure: Disclosure, actor: Actor, language: str) -> dict[str, int]:
    """Write the file; how many rows each log has in it."""
    tenant = disclosure.tenant
    bundle = Bundle(tenant, exporter=actor, about=_about(disclosure))
    logs = {
        kind: PlainCsv(tenant, log, disclosed_rows(disclosure, kind), language=language)
        for kind, (log, _model) in LOGS.items()
    }
    events = AuditEvent.objects.filter(pk__in=disclosed_rows(disclosure, "events").values("pk"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, log in logs.items():
            _add(archive, f"{kind}.csv", bundle.file(f"{kind}.csv", log.pieces()))
        _add(archive, "events.jsonl", bundle.events(events, filtered=True))
        for name, content in bundle.closing():
            archive.writestr(name, content)
    return {kind: log.count for kind, log in logs.items()}


def _add(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for chunk in chunks:
            file.write(chunk)


def _about(disclosure: Disclosure) -> Mapping[str, Any]:
    return {
        "disclosure": disclosure.public_id,
        "case_number": disclosure.case_number,
        "reason": disclosure.reason,
        "search": disclosure.search,
        "requested_by": disclosure.requested_by_name,
        "requested_at": disclosure.requested_at,
        "approved_by": disclosure.approvals,
    }


def _note_export(disclosure: Disclosure, actor: Actor, *, digest: str, counts: Mapping[str, int]) -> None:
    with transaction.atomic(), tenant_context(disclosure.tenant):
        disclosure.exported_at, disclosure.sha256 = timezone.now(), digest
        disclosure.save(update_fields=["exported_at", "sha256"])
        _record(disclosure, "disclosure_exported", actor, sha256=digest, rows=counts)


def _lock(disclosure: Disclosure) -> Disclosure:
    found: Disclosure = Disclosure.objects.for_tenant(disclosure.tenant).select_for_update().get(pk=disclosure.pk)
    return found


def _record(disclosure: Disclosure, action: str, actor: Actor, **details: Any) -> None:
    record_event(
        disclosure.tenant,
        action,
        actor=actor,
        target_type="disclosure",
        target_id=disclosure.public_id,
        target_name=disclosure.case_number,
        details=details,
    )
