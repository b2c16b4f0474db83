"""purge_audit: delete the records that are older than the retention time."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from audit.retention import Progress, PurgeRefused, PurgeReport, Slice, TenantPurge, purge_audit
from tenants.models import Tenant

BAR_WIDTH = 30


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
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *, tenant: str | None, before: str | None, dry_run: bool, json: bool, **_options: Any) -> None:
        try:
            report = purge_audit(
                tenant=_tenant(tenant) if tenant else None,
                before=_start_of_day(before) if before else None,
                dry_run=dry_run,
                progress=self._progress(),
            )
        except PurgeRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(_as_json(report) if json else _as_text(report))

    def _progress(self) -> Progress | None:
        return self._draw_bar if self.stderr.isatty() else None

    def _draw_bar(self, tenant: Tenant, done: int, total: int) -> None:
        filled = min(BAR_WIDTH, done * BAR_WIDTH // total)
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
    tenants = [{"tenant": each.tenant.slug, "found": _slices(each), "deleted": each.deleted} for each in report.tenants]
    found = {"before": report.before, "dry_run": report.dry_run, "tenants": tenants}
    return json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False)


def _slices(purge: TenantPurge) -> dict[str, dict[str, Any]]:
    return {kind: asdict(found) for kind, found in purge.found.items()}


def _as_text(report: PurgeReport) -> str:
    verb = "would be deleted" if report.dry_run else "deleted"
    lines = [f"Everything before {timezone.localtime(report.before):%Y-%m-%d %H:%M %Z}:"]
    for purge in report.tenants:
        lines += [f"  {purge.tenant.slug}: {_line(purge, kind, found)} {verb}" for kind, found in purge.found.items()]
    return "\n".join(lines)


def _line(purge: TenantPurge, kind: str, found: Slice) -> str:
    count = purge.deleted.get(kind, found.count)
    between = f" ({found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d})" if found.oldest and found.newest else ""
    return f"{count:,} {kind.replace('_', ' ')}{between}"
