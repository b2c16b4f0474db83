"""What somebody with the database's own password could do to the log: behind the guard, row by row."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from audit.guard import INSERT_TRIGGER, TRIGGER, guard_events
from audit.models import AuditEvent


@contextmanager
def unguarded() -> Iterator[None]:
    """As the owner of the tables: the guard of the events is off, and on again afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks that still wait cannot be altered
            cursor.execute(f"ALTER TABLE {AuditEvent._meta.db_table} DISABLE TRIGGER {TRIGGER}")
        else:
            for name in (TRIGGER, INSERT_TRIGGER):
                cursor.execute(f"DROP TRIGGER {name}")
        try:
            yield
        finally:
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {AuditEvent._meta.db_table} ENABLE TRIGGER {TRIGGER}")
            else:
                guard_events()
