"""lift_hold: end a legal hold."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand, any_tenant
from audit.events import Actor
from audit.holds import lift_hold
from audit.models import LegalHold
from tenants.context import tenant_context


class Command(ReportingCommand):
    help = "Lifts a legal hold: from the next purge on its records are treated like all others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation")
        parser.add_argument("hold", help="the hold's id: list_holds prints it")
        parser.add_argument("--by", default="", metavar="NAME", help="who orders it, for the log")
        super().add_arguments(parser)

    def act(self, *, slug: str, hold: str, by: str, **_options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        with tenant_context(tenant):
            found = LegalHold.objects.for_tenant(tenant).filter(public_id=hold).first()
        if found is None:
            raise CommandError(f"{slug} has no hold {hold!r}.")
        lift_hold(found, actor=Actor(name=by))
        return {"tenant": tenant.slug, "hold": found.public_id, "case": found.case_number, "lifted": True}
