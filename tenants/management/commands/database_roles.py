"""Grant the app and the system role what they need, and secure every table."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from tenants.enforcement import enforce
from tenants.roles import Roles, UnsafeRole, configured_roles


class Command(BaseCommand):
    help = "Run as the owner: grants the app and the system role what they need and secures every table. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--app", help="the web process's role (default: that of LIVEON_DATABASE_URL)")
        parser.add_argument("--system", help="the commands' role (default: that of LIVEON_DATABASE_SYSTEM_URL)")

    def handle(self, *, app: str | None, system: str | None, **_options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles.")
        try:
            changed = enforce(self._roles(app, system))
        except UnsafeRole as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {str(error).splitlines()[0]}") from error
        self.stdout.write("\n".join(changed) or "Nothing to do: everything is as it should be.")

    def _roles(self, app: str | None, system: str | None) -> Roles:
        found = configured_roles()
        if app and system:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user")
                [(owner,)] = cursor.fetchall()
            return Roles(owner, app, system)
        if found is None:
            raise CommandError(
                "Set LIVEON_DATABASE_OWNER_URL and LIVEON_DATABASE_SYSTEM_URL, or give --app and --system."
            )
        return found
