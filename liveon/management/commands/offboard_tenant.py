"""offboard_tenant: the end of a contract. Data is kept; with --erase it is erased, with a certificate."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand, any_tenant
from audit.certificates import certificate_document, deleted_counts
from audit.chain import ChainError
from liveon.tenant_erasure import ErasureRefused, end_contract, erase_tenant
from tenants.context import tenant_context
from tenants.models import Tenant


class Command(ReportingCommand):
    help = "Ends an organisation's contract: everybody is shut out, the data stays. --erase erases it for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation")
        parser.add_argument("--erase", action="store_true", help="erase all of its data; export_tenant comes before")
        parser.add_argument("--confirm", metavar="SLUG", default="", help="the organisation's name again, for --erase")
        super().add_arguments(parser)

    def act(self, *, slug: str, erase: bool, confirm: str, **_options: Any) -> dict[str, Any]:
        tenant = any_tenant(slug)
        if erase and confirm != slug:
            raise CommandError(f"--erase deletes everything of {slug} for good. To do it, add: --confirm {slug}")
        end_contract(tenant)
        return (
            self._erased(tenant) if erase else {"tenant": slug, "ended_at": _instant(tenant.ended_at), "erased": False}
        )

    def _erased(self, tenant: Tenant) -> dict[str, Any]:
        try:
            certificate = erase_tenant(tenant, progress=self._show)
        except (ErasureRefused, ChainError) as error:
            raise CommandError(str(error)) from error
        with tenant_context(tenant):
            return {
                "tenant": tenant.slug,
                "ended_at": _instant(tenant.ended_at),
                "erased": True,
                "erased_at": _instant(tenant.erased_at),
                "deleted": deleted_counts(certificate),
                "certificate": certificate_document(certificate),
            }

    def _show(self, table: str, rows: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{table}: {rows:,}\033[K", ending="")


def _instant(instant: Any) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
