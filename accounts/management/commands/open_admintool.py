"""Let administrators back in who shut Admintool to their own network."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, named_tenant
from accounts.services.settings_changes import change_settings
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Open an organisation's Admintool to every network again. Its address and logins stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        super().add_arguments(parser)

    def act(self, *, slug: str, **options: Any) -> dict[str, Any]:
        tenant = named_tenant(slug)
        changed = change_settings(tenant, actor=SYSTEM, admintool_networks=[])
        return {"tenant": tenant.slug, "was_restricted": bool(changed)}
