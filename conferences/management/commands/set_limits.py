"""What an organisation may use at once: the contract's limits."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand, any_tenant
from audit.events import SYSTEM
from conferences.services.limits import LIMITS, set_limits

HELP = {
    "participants": "people in meetings at the same time",
    "publishers": "cameras and screens on at the same time",
    "bitrate": "Mbit/s that these may send",
}


class Command(ReportingCommand):
    help = "Set how much an organisation may use at once; 0 = no limit. Without a limit, show them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        for name in LIMITS:
            parser.add_argument(f"--{name}", type=int, default=None, help=HELP[name])
        super().add_arguments(parser)

    def act(self, *, slug: str, **options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        wanted = {name: options[name] for name in LIMITS if options[name] is not None}
        if any(limit < 0 for limit in wanted.values()):
            raise CommandError("A limit is a whole number; 0 lifts it.")
        return {"tenant": tenant.slug, **set_limits(tenant, actor=SYSTEM, **wanted)}
