"""Django's migrate, which here sees the rows of every tenant and leaves no table without its policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connection

from tenants.context import SYSTEM
from tenants.enforcement import enforce
from tenants.roles import UnsafeRole


class Command(DjangoCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with _all_rows_visible():
            super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return
        try:
            changed = enforce()
        except UnsafeRole as error:
            raise CommandError(str(error)) from error
        if changed and options["verbosity"] > 0:
            self.stdout.write(f"Tenant separation: {len(changed)} changes in the database.")


@contextmanager
def _all_rows_visible() -> Iterator[None]:
    """A migration that moves data moves that of all tenants; it has transactions of its own."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('liveon.tenant', true), '')")
        [(before,)] = cursor.fetchall()
        cursor.execute("SELECT set_config('liveon.tenant', %s, false)", [SYSTEM])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('liveon.tenant', %s, false)", [before])
