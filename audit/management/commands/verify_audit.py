"""verify_audit: say whether the audit log is what it was when it was written."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.offline.verify import read_anchors
from audit.verification import TenantReport, verify_tenant
from tenants.models import Tenant

FOREIGN = ("tenant", "findings")  # of a report; the rest are numbers


class Command(BaseCommand):
    help = "Verifies the chain of audit events and the records beside it. Exit status 1 when something is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this organisation (default: all)")
        parser.add_argument(
            "--anchor",
            metavar="FILE",
            action="append",
            default=[],
            type=Path,
            help="a saved head mail, or the JSON text in it; may be repeated",
        )
        parser.add_argument(
            "--trust",
            metavar="KEY",
            action="append",
            default=[],
            help="id or public key to start from (default: the keys on file here); may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *, tenant: str | None, anchor: list[Path], trust: list[str], json: bool, **_options: Any) -> None:
        tenants = _tenants(tenant)
        anchors = [each for path in anchor for each in _read(path)]
        _refuse_foreign(anchors, tenants)
        reports = [verify_tenant(each, anchors=anchors, trust=trust) for each in tenants]
        self.stdout.write(_as_json(reports) if json else "\n".join(_as_text(report) for report in reports))
        wrong = sum(sum(report.findings.counts.values()) for report in reports)
        if wrong:
            raise CommandError(f"{wrong:,} findings: the log is not what it was.")


def _tenants(slug: str | None) -> list[Tenant]:
    found = list(Tenant.objects.filter(slug=slug) if slug else Tenant.objects.order_by("slug"))
    if slug and not found:
        raise CommandError(f"There is no organisation {slug!r}.")
    return found


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return read_anchors(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"--anchor {path}: {error}.") from None


def _refuse_foreign(anchors: Sequence[dict[str, Any]], tenants: Sequence[Tenant]) -> None:
    """An anchor that is compared with nothing must not look like one that agrees."""
    foreign = {anchor.get("tenant") for anchor in anchors} - {tenant.public_id for tenant in tenants}
    if foreign:
        raise CommandError(
            f"--anchor: the head of an organisation that is not verified here ({', '.join(map(str, foreign))})."
        )


def _as_json(reports: Sequence[TenantReport]) -> str:
    tenants = [
        {
            "tenant": report.tenant.slug,
            **_numbers(report),
            "findings": [each._asdict() for each in report.findings.listed],
            "counts": report.findings.counts,
        }
        for report in reports
    ]
    ok = not any(report.findings.counts for report in reports)
    return json.dumps({"ok": ok, "tenants": tenants}, ensure_ascii=False)


def _numbers(report: TenantReport) -> dict[str, int]:
    return {each.name: getattr(report, each.name) for each in fields(report) if each.name not in FOREIGN}


def _as_text(report: TenantReport) -> str:
    lines = [
        f"{report.tenant.slug}: {'NOT IN ORDER' if report.findings.counts else 'in order'}",
        f"  events      {report.events:,} sealed, #{report.first_seq} to #{report.last_seq}; {report.unsealed:,} wait",
        f"  tombstones  {report.tombstones:,} for {report.buried:,} purged events",
        f"  heads       {report.heads:,} and {report.anchors:,} anchors; the chain passes {report.marks:,} of them",
        f"  records     {report.attendances:,} attendances and {report.minutes:,} minutes of bandwidth are as sealed",
    ]
    if report.incomparable:
        lines.append(f"              {report.incomparable:,} samples of partly purged minutes cannot be compared")
    return "\n".join([*lines, *(f"  ! {line}" for line in report.findings.lines())])
