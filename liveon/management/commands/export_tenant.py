"""export_tenant: everything that is an organisation's, as files."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand, any_tenant
from liveon.tenant_export import ExportRefused, export_tenant


class Command(ReportingCommand):
    help = "Writes everything that is an organisation's into a folder or a zip file, without passwords and secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation; it may be suspended")
        parser.add_argument("--to", required=True, metavar="FOLDER|FILE.zip", help="must not exist yet")
        parser.add_argument(
            "--language", choices=[code for code, _name in settings.LANGUAGES], default=settings.LANGUAGE_CODE,
            help="of the headings in the CSV files",
        )  # fmt: skip
        super().add_arguments(parser)

    def act(self, *, slug: str, to: str, language: str, **_options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        try:
            report = export_tenant(tenant, target=Path(to).absolute(), language=language)
        except (ExportRefused, OSError) as error:
            raise CommandError(str(error)) from error
        return {
            "tenant": tenant.slug,
            "path": str(report.path),
            "rows": sum(report.rows.values()),
            "manifest_sha256": report.manifest_sha256,
        }
