"""Shut an organisation: everybody is out within seconds, and nothing is deleted."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, any_tenant
from accounts.services.tenants import suspend_tenant
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Suspend an organisation: all logins and meetings end, nobody gets in. Nothing is deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", default="", help="kept in the organisation's log")
        super().add_arguments(parser)

    def act(self, *, slug: str, reason: str, **options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        ended = suspend_tenant(tenant, actor=SYSTEM, reason=reason)
        return {"tenant": tenant.slug, "state": "suspended", "logins_ended": ended}
