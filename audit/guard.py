"""The database refuses to change an event: a trigger lets an UPDATE through only when it seals.

Installed after every migration (`post_migrate`) and not by one: on SQLite a table that a later migration remakes
loses its triggers. A purge may still delete; what it deletes leaves a tombstone.
"""

from typing import Any

from django.db import connections

from audit.models import AuditEvent

TRIGGER = "audit_event_guard"
SEALED_BY = ("seq", "prev_hash", "hash")
MESSAGE = "an audit event never changes"


def guard_events(using: str = "default", **_signal: Any) -> None:
    """Make the trigger unless it is there as it should be; costs some look-ups when it is."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if not _is_migrated(connection, cursor):
            return
        {"postgresql": _guard_postgresql, "sqlite": _guard_sqlite}[connection.vendor](cursor)


def _is_migrated(connection: Any, cursor: Any) -> bool:
    """Whether the table has all its columns: somebody may have migrated half-way."""
    table = AuditEvent._meta.db_table
    if table not in connection.introspection.table_names(cursor):
        return False
    columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
    return columns.issuperset(_fixed_columns())


def _fixed_columns() -> list[str]:
    return [field.column for field in AuditEvent._meta.concrete_fields if field.name not in SEALED_BY]


def _guard_sqlite(cursor: Any) -> None:
    changed = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in _fixed_columns())
    statement = (
        f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {AuditEvent._meta.db_table} "
        f"WHEN OLD.seq IS NOT NULL OR NEW.seq IS NULL OR {changed} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [TRIGGER])
    if cursor.fetchone() != (statement,):
        cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}")
        cursor.execute(statement)


def _guard_postgresql(cursor: Any) -> None:
    columns = _fixed_columns()
    new, old = (", ".join(f'{row}."{column}"' for column in columns) for row in ("NEW", "OLD"))
    cursor.execute(f"""
        CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.seq IS NOT NULL OR NEW.seq IS NULL OR ({new}) IS DISTINCT FROM ({old}) THEN
                RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$""")
    table = AuditEvent._meta.db_table
    cursor.execute("SELECT FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass", [TRIGGER, table])
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {TRIGGER}()")
