"""purge_audit: delete the records that are older than the retention time."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from audit.models import LegalHold
from audit.retention import Progress, PurgeRefused, PurgeReport, Slice, TenantPurge, purge_audit
from tenants.models import Tenant

BAR_WIDTH = 30
REASONS = {
    "held": "kept by a legal hold",
    "open": "still open, or with samples that stay",
    "unsealed": "not yet sealed into the chain",
}


class Command(BaseCommand):
    help = "Deletes the records that are older than the retention time. May be interrupted and repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this organisation (default: all)")
        parser.add_argument(
            "--before",
            metavar="DATE",
            help="YYYY-MM-DD: keep everything from the start of this day on, in the installation's time zone "
            "(default: the end of the retention time, and never later)",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted, delete nothing")
        parser.add_argument("--yes", action="store_true", help="on a terminal: do not ask")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *, tenant: str | None, before: str | None, dry_run: bool, json: bool, **options: Any) -> None:
        purge = partial(
            purge_audit,
            tenant=_tenant(tenant) if tenant else None,
            before=_start_of_day(before) if before else None,
        )
        try:
            if not dry_run and not options["yes"] and self._is_interactive():
                self._ask(purge(dry_run=True))
            report = purge(dry_run=dry_run, progress=self._progress())
        except PurgeRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(_as_json(report) if json else _as_text(report))
        if problems := " ".join(each.problem for each in report.tenants if each.problem):
            raise CommandError(problems)

    def _is_interactive(self) -> bool:
        return bool(self.stdout.isatty())

    def _ask(self, found: PurgeReport) -> None:
        self.stdout.write(_as_text(found))
        if any(purge.total for purge in found.tenants) and input("Delete this for good? [y/N] ").lower() != "y":
            raise CommandError("Nothing was deleted.")

    def _progress(self) -> Progress | None:
        return self._draw_bar if self.stderr.isatty() else None

    def _draw_bar(self, tenant: Tenant, done: int, total: int) -> None:
        filled = min(BAR_WIDTH, done * BAR_WIDTH // max(total, 1))
        ending = "\n" if done >= total else ""
        self.stderr.write(
            f"\r[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {done:,}/{total:,} {tenant.slug}", ending=ending
        )


def _tenant(slug: str) -> Tenant:
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return tenant


def _start_of_day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.min, timezone.get_default_timezone()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandError(f"--before: expected a date like 2026-01-31, not {text!r}.") from None


def _as_json(report: PurgeReport) -> str:
    tenants = [
        {
            "tenant": each.tenant.slug,
            "before": each.before,
            "found": {kind: asdict(found) for kind, found in each.found.items()},
            "holds": [_hold(hold) for hold in each.holds],
            "unfinished": each.unfinished,
            "deleted": each.deleted,
            "certificates": each.certificates,
            "problem": each.problem,
        }
        for each in report.tenants
    ]
    found = {"before": report.before, "dry_run": report.dry_run, "tenants": tenants}
    return json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False)


def _hold(hold: LegalHold) -> dict[str, Any]:
    names = ("case_number", "user_name", "room_name", "range_from", "range_to", "placed_at", "placed_by")
    return {name: getattr(hold, name) for name in names}


def _as_text(report: PurgeReport) -> str:
    lines = [f"Everything before {_instant(report.before)}:"]
    for purge in report.tenants:
        lines += _lines(purge, report)
    return "\n".join(lines)


def _lines(purge: TenantPurge, report: PurgeReport) -> Iterator[str]:
    verb = "would be deleted" if report.dry_run else "deleted"
    slug = purge.tenant.slug
    if purge.before != report.before:
        yield f"  {slug}: its own retention is {purge.tenant.retention_days} days: before {_instant(purge.before)}"
    if purge.unfinished:
        yield f"  {slug}: the purge of {_instant(purge.unfinished)} was interrupted and is finished first"
    for kind, found in purge.found.items():
        yield f"  {slug}: {_counted(purge, kind, found)} {verb}"
        for reason, count in found.stay.items():
            yield f"  {slug}:   {count:,} older ones stay: {REASONS.get(reason, reason)}"
    for hold in purge.holds:
        yield f"  {slug}: legal hold {hold.case_number} by {hold.placed_by or 'an operator'}: {_scope(hold)}"
    for certificate in purge.certificates:
        yield f"  {slug}: certificate {certificate}"


def _counted(purge: TenantPurge, kind: str, found: Slice) -> str:
    count = purge.deleted.get(kind, found.count)
    between = f" ({found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d})" if found.oldest and found.newest else ""
    return f"{count:,} {kind.replace('_', ' ')}{between}"


def _scope(hold: LegalHold) -> str:
    parts = [f"user {hold.user_name or hold.user_id}"] if hold.user_id else []
    parts += [f"room {hold.room_name or hold.room_id}"] if hold.room_id else []
    parts += [f"from {_instant(hold.range_from)}"] if hold.range_from else []
    parts += [f"until {_instant(hold.range_to)}"] if hold.range_to else []
    return ", ".join(parts) or "all records"


def _instant(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M %Z}"
