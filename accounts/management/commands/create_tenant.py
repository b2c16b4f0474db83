"""Create an organisation and print its addresses: the Admintool's is shown this once."""

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from accounts.commands import ReportingCommand, absolute_url
from accounts.services.tenants import create_tenant
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Create an organisation. Its Admintool address is printed now and never again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="lower-case letters, digits and hyphens: the name in addresses")
        parser.add_argument("--name", required=True, help="the name people read")
        super().add_arguments(parser)

    def act(self, *, slug: str, name: str, **options: Any) -> dict[str, Any]:
        tenant, key = create_tenant(slug, name=name, actor=SYSTEM)
        return {
            "tenant": tenant.slug,
            "login_url": absolute_url(reverse("login", args=[tenant.slug])),
            "admintool_url": absolute_url(f"/admintool/{key}/"),
        }
