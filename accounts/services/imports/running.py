"""Running an import: in slices of some seconds, by whoever holds its tenant's lock, as often as it takes.

1. Passwords are hashed, some at a time, outside of transactions; each hash takes the place of the encrypted password.
2. "Skip bad lines": batches of lines, each in one transaction with the lines' outcomes. "All or nothing": every line
   and the end of the import in one transaction.

A process that is killed loses at most the batch it was at, which its transaction undoes: what is done is marked done in
the same transaction, so that whoever goes on does nothing twice. The timetable goes on with imports that nobody runs.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.encryption import decrypt
from accounts.errors import ImportRefused
from accounts.hashers import HASHES_AT_ONCE
from accounts.later import run_later
from accounts.models import UserImport, UserImportLine
from accounts.services.imports.applying import LineRefused, apply_lines, draft_lines
from audit.events import Actor, record_event
from audit.locks import exclusive
from tenants.context import tenant_context
from tenants.models import Tenant

State, Outcome = UserImport.State, UserImportLine.Outcome
TASK = "accounts.tasks.run_user_import"
SLICE_S = 20.0
HASHES_IN_A_STEP = 8
LINES_IN_A_BATCH = 100
LINES_IN_A_STATEMENT = 500
ABANDONED_AFTER = timedelta(hours=24)


class Run(Enum):
    """How a slice ended."""

    FINISHED = "finished"
    MORE = "more"
    ELSEWHERE = "elsewhere"  # another process is at it, or at another import of the tenant


class Progress(NamedTuple):
    """How far an import is: steps are passwords to hash and lines to do."""

    done: int
    total: int
    created: int
    changed: int
    unchanged: int
    bad: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100


def start_import(upload: UserImport, *, actor: Actor, skip_bad: bool) -> None:
    """Have the import run. Raises ImportRefused: not in preview, bad lines in "all or nothing", nothing to do."""
    with transaction.atomic(), tenant_context(upload.tenant):
        locked = _locked(upload)
        if locked.state != State.PREVIEW:
            raise ImportRefused(_("This import was started or cancelled already."))
        if not skip_bad and locked.lines.filter(outcome=Outcome.BAD).exists():
            raise ImportRefused(_("Some lines are bad. Correct the file, or choose to skip the bad lines."))
        if not locked.lines.filter(outcome=Outcome.WAITING).exists():
            raise ImportRefused(_("There is no line to import."))
        locked.state, locked.skip_bad, locked.started_at = State.RUNNING, skip_bad, timezone.now()
        locked.save(update_fields=["state", "skip_bad", "started_at"])
        _record(locked, "user_import_started", actor, skip_bad=skip_bad, lines=locked.lines.count())
        run_later(TASK, upload.tenant_id, upload.pk)


def continue_import(upload: UserImport) -> None:
    """Have a running import go on, if nobody is at it. Raises ImportRefused when it is not running."""
    if upload.state != State.RUNNING:
        raise ImportRefused(_("This import is not running."))
    run_later(TASK, upload.tenant_id, upload.pk)


def cancel_import(upload: UserImport, *, actor: Actor) -> None:
    """Stop before the next batch; what is done stays done. Raises ImportRefused when it has ended."""
    with transaction.atomic(), tenant_context(upload.tenant):
        locked = _locked(upload)
        if locked.state not in (State.PREVIEW, State.RUNNING):
            raise ImportRefused(_("This import has ended already."))
        _end(locked, State.CANCELLED, "user_import_cancelled", actor)


def run_import(tenant: Tenant, upload_pk: int, *, seconds: float = SLICE_S) -> Run:
    """Go on with an import for about `seconds`. Any process may call it at any time, in no transaction."""
    until = time.monotonic() + seconds
    with exclusive(f"user-import-{tenant.pk}") as held:
        if not held:
            return Run.ELSEWHERE
        with tenant_context(tenant):
            upload = UserImport.objects.for_tenant(tenant).select_related("tenant", "requested_by").get(pk=upload_pk)
        with override(upload.requested_by.language or settings.LANGUAGE_CODE):
            while _step(upload):
                if time.monotonic() > until:
                    return Run.MORE
    return Run.FINISHED


def running_imports(tenant: Tenant) -> list[int]:
    """The tenant's imports that are not at their end, oldest first."""
    with tenant_context(tenant):
        running = UserImport.objects.for_tenant(tenant).filter(state=State.RUNNING)
        return list(running.order_by("pk").values_list("pk", flat=True))


def progress_of(upload: UserImport) -> Progress:
    """How far it is, and what came of the lines so far; before the start what the preview promises."""
    outcome = "plan" if upload.state == State.PREVIEW else "outcome"
    named = {name: Count("pk", filter=Q(**{outcome: getattr(Outcome, name.upper())})) for name in Progress._fields[2:5]}
    counts = upload.lines.aggregate(
        lines=Count("pk"),
        waiting=Count("pk", filter=Q(outcome=Outcome.WAITING)),
        unhashed=Count("pk", filter=_UNHASHED),
        passwords=Count("pk", filter=Q(is_hashed=True) | ~Q(password="")),
        bad=Count("pk", filter=Q(outcome=Outcome.BAD)),
        **named,
    )
    total = counts["lines"] + counts["passwords"]
    done = total - counts["waiting"] - counts["unhashed"]
    return Progress(done, total, counts["created"], counts["changed"], counts["unchanged"], counts["bad"])


def forget_abandoned(tenant: Tenant, *, now: datetime) -> int:
    """Cancel previews that nobody started within a day, and with them their passwords; how many."""
    with tenant_context(tenant):
        old = UserImport.objects.for_tenant(tenant).filter(state=State.PREVIEW, created_at__lt=now - ABANDONED_AFTER)
        for upload in list(old):
            cancel_import(upload, actor=Actor())
    return len(old)


_UNHASHED = Q(outcome=Outcome.WAITING, is_hashed=False) & ~Q(password="")


def _step(upload: UserImport) -> bool:
    """One step; whether there may be another one."""
    with tenant_context(upload.tenant):
        upload.refresh_from_db(fields=["state", "skip_bad"])
        upload.requested_by.refresh_from_db(fields=["role", "is_active"])
        unhashed = list(upload.lines.filter(_UNHASHED)[:HASHES_IN_A_STEP])
    if upload.state != State.RUNNING:
        return False
    if not (upload.requested_by.is_admin and upload.requested_by.is_active):
        _fail(upload, ImportRefused(_("Who started this import is no longer an administrator.")))
        return False
    if unhashed:
        return _hash(upload, unhashed)
    return _do_batch(upload) if upload.skip_bad else _do_all(upload)


def _hash(upload: UserImport, lines: list[UserImportLine]) -> bool:
    """Put hashes in the place of encrypted passwords; False when these cannot be read, which ends the import."""
    try:
        passwords = [decrypt(line.password) for line in lines]
    except ValueError:  # LIVEON_SECRET_KEY is another one since the upload; no line was done yet
        _fail(upload, ImportRefused(_("The passwords in this file can no longer be read. Upload the file again.")))
        return False
    with ThreadPoolExecutor(HASHES_AT_ONCE) as pool:
        hashes = list(pool.map(make_password, passwords))
    with transaction.atomic(), tenant_context(upload.tenant):
        for line, encoded in zip(lines, hashes, strict=True):
            mine = UserImportLine.objects.filter(pk=line.pk, is_hashed=False, outcome=Outcome.WAITING)
            mine.exclude(password="").update(password=encoded, is_hashed=True)
    return True


def _do_batch(upload: UserImport) -> bool:
    """A batch of lines, or the end when there is none; whether there may be more. A bad line costs only itself."""
    with tenant_context(upload.tenant):
        lines = list(_waiting(upload)[:LINES_IN_A_BATCH])
    try:
        _do(upload, lines, is_last=not lines)
    except (ValidationError, IntegrityError):
        for line in lines:
            _do_one(upload, line)
    return bool(lines)


def _do_one(upload: UserImport, line: UserImportLine) -> None:
    """One line of a batch that did not go together: if it is in the way it is bad."""
    try:
        _do(upload, [line], is_last=False)
    except (ValidationError, IntegrityError) as error:
        _set_aside(upload, line, error)


def _do_all(upload: UserImport) -> bool:
    """Every line and the end of the import in one transaction, or none and the reason. There is no more to do."""
    with tenant_context(upload.tenant):
        lines = list(_waiting(upload))
    try:
        _do(upload, lines, is_last=True)
    except (ValidationError, IntegrityError) as error:
        if isinstance(error, LineRefused):
            _set_aside(upload, error.line, error)
        _fail(upload, error)
    return False


def _do(upload: UserImport, lines: list[UserImportLine], *, is_last: bool) -> None:
    """One transaction: do `lines`, and end the import if they are its last.

    Nothing is done when it no longer runs, or when somebody else was quicker: lines are done in their order, so that
    who did any of these did the first one.
    """
    actor, tenant = _actor(upload), upload.tenant
    drafts = draft_lines(tenant, lines, actor=actor)
    with transaction.atomic(), tenant_context(tenant):
        locked = _locked(upload)
        if locked.state != State.RUNNING or (lines and not _waiting(locked).filter(pk=lines[0].pk).exists()):
            return
        if lines:
            otherwise = apply_lines(tenant, lines, drafts=drafts, actor=actor)
            UserImportLine.objects.bulk_update(otherwise, ["changes"], batch_size=LINES_IN_A_BATCH)
            _save_outcomes(lines)
        if is_last:
            _end(locked, State.DONE, "user_import_finished", actor)


def _save_outcomes(lines: list[UserImportLine]) -> None:
    for outcome in {line.outcome for line in lines}:
        pks = [line.pk for line in lines if line.outcome == outcome]
        for start in range(0, len(pks), LINES_IN_A_STATEMENT):
            done = UserImportLine.objects.filter(pk__in=pks[start : start + LINES_IN_A_STATEMENT])
            done.update(outcome=outcome, password="")


def _set_aside(upload: UserImport, line: UserImportLine, error: Exception) -> None:
    problems = [{"field": "", "text": text} for text in _texts(error)]
    with transaction.atomic(), tenant_context(upload.tenant):
        waiting = UserImportLine.objects.filter(pk=line.pk, outcome=Outcome.WAITING)
        waiting.update(outcome=Outcome.BAD, problems=problems, password="")


def _fail(upload: UserImport, error: Exception) -> None:
    with transaction.atomic(), tenant_context(upload.tenant):
        locked = _locked(upload)
        if locked.state == State.RUNNING:
            locked.failure = " ".join(_texts(error))[:500]
            _end(locked, State.FAILED, "user_import_failed", _actor(upload))


def _texts(error: Exception) -> list[str]:
    if isinstance(error, ValidationError):
        return list(error.messages)
    return [_("Somebody else changed the same users at the same moment.")]


def _end(upload: UserImport, state: str, action: str, actor: Actor) -> None:
    """The import is over; no password of it is kept. The caller holds its row."""
    upload.state, upload.finished_at = State(state), timezone.now()
    upload.save(update_fields=["state", "finished_at", "failure"])
    upload.lines.exclude(password="").update(password="")
    progress = progress_of(upload)
    counts = {name: getattr(progress, name) for name in ("created", "changed", "unchanged", "bad")}
    _record(upload, action, actor, **counts)


def _waiting(upload: UserImport) -> QuerySet[UserImportLine]:
    lines: QuerySet[UserImportLine] = upload.lines.filter(outcome=Outcome.WAITING).order_by("number")
    return lines


def _locked(upload: UserImport) -> UserImport:
    """The import's row, held: of two who run it the second one sees what the first one did."""
    rows = UserImport.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    locked: UserImport = rows.get(pk=upload.pk)
    return locked


def _actor(upload: UserImport) -> Actor:
    person = upload.requested_by
    return Actor(id=person.public_id, name=person.name, ip_address=upload.ip_address)


def _record(upload: UserImport, action: str, actor: Actor, **details: object) -> None:
    record_event(
        upload.tenant,
        action,
        actor=actor,
        target_type="user_import",
        target_id=upload.public_id,
        target_name=upload.file_name,
        details=details,
    )
