"""Open a suspended organisation again."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, any_tenant
from accounts.services.tenants import resume_tenant
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Open a suspended organisation again: its people can sign in as before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        super().add_arguments(parser)

    def act(self, *, slug: str, **options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        resume_tenant(tenant, actor=SYSTEM)
        return {"tenant": tenant.slug, "state": "active"}
