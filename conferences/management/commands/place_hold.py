"""place_hold: keep records from every purge and erasure until the hold is lifted."""

from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand, any_tenant
from audit.events import Actor
from audit.holds import place_hold
from conferences.services.scopes import named_scope
from tenants.context import tenant_context


class Command(ReportingCommand):
    help = (
        "Places a legal hold on an organisation's records: of a user, a room, some days, all of these, or everything."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation")
        parser.add_argument("--case", required=True, metavar="NUMBER", help="case number")
        parser.add_argument("--reason", default="")
        parser.add_argument("--by", default="", metavar="NAME", help="who orders it, for the log")
        parser.add_argument("--user", default="", metavar="LOGIN_ID")
        parser.add_argument("--room", default="", metavar="ROOM", help="its id, or its name when only one has it")
        parser.add_argument("--from", dest="first", metavar="DATE", help="YYYY-MM-DD, in the organisation's time zone")
        parser.add_argument("--to", dest="last", metavar="DATE", help="the last day that is held")
        super().add_arguments(parser)

    def act(self, *, slug: str, case: str, reason: str, by: str, **options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        with tenant_context(tenant):
            wanted = named_scope(
                tenant,
                login_id=options["user"],
                room=options["room"],
                date_from=_day(options["first"]),
                date_to=_day(options["last"]),
            )
        hold = place_hold(tenant, actor=Actor(name=by), case_number=case, reason=reason, **vars(wanted))
        return {"tenant": tenant.slug, "hold": hold.public_id, "case": hold.case_number, **wanted.as_search()}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandError(f"Expected a date like 2026-01-31, not {text!r}.") from error
