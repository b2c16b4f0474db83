"""list_holds: the legal holds of an organisation, or of all."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, any_tenant
from audit.models import LegalHold
from tenants.context import tenant_context
from tenants.models import Tenant

FIELDS = ("case_number", "reason", "user_name", "room_name", "range_from", "range_to", "placed_at", "placed_by")


class Command(ReportingCommand):
    help = "Lists the legal holds in force, of one organisation or of all; with --all also the lifted ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="the organisation (default: all)")
        parser.add_argument("--all", action="store_true", help="also those that were lifted")
        super().add_arguments(parser)

    def act(self, *, slug: str | None, **options: Any) -> dict[str, Any]:
        tenants = [any_tenant(slug)] if slug else list(Tenant.objects.order_by("slug"))
        holds = [hold for tenant in tenants for hold in _holds(tenant, lifted=options["all"])]
        if options["json"]:
            return {"holds": holds}
        return {f"{hold['tenant']} {hold['hold']}": _in_words(hold) for hold in holds} or {"holds": "none"}


def _holds(tenant: Tenant, *, lifted: bool) -> list[dict[str, Any]]:
    with tenant_context(tenant):
        holds = LegalHold.objects.for_tenant(tenant).order_by("placed_at", "pk")
        return [_described(tenant, hold) for hold in holds if lifted or hold.lifted_at is None]


def _described(tenant: Tenant, hold: LegalHold) -> dict[str, Any]:
    values = {name: getattr(hold, name) for name in (*FIELDS, "lifted_at", "lifted_by")}
    plain = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
    return {"tenant": tenant.slug, "hold": hold.public_id, **plain}


def _in_words(hold: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in hold.items() if value and name not in ("tenant", "hold"))
