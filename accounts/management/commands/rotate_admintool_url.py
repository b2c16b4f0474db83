"""Give an organisation a new Admintool address; the old one stops working."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, absolute_url, named_tenant
from accounts.services.tenants import rotate_admintool_key
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Replace an organisation's Admintool address. The new one is printed now and never again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        super().add_arguments(parser)

    def act(self, *, slug: str, **options: Any) -> dict[str, Any]:
        tenant = named_tenant(slug)
        key = rotate_admintool_key(tenant, actor=SYSTEM)
        return {"tenant": tenant.slug, "admintool_url": absolute_url(f"/admintool/{key}/")}
