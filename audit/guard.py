"""The database refuses to change an event: triggers let an UPDATE through only when it seals, an INSERT only unsealed.

Installed after every migration (`post_migrate`) and not by one: on SQLite a table that a later migration remakes
loses its triggers. A purge may still delete; what it deletes leaves a tombstone.
"""

from typing import Any

from django.db import connections

from audit.models import AuditEvent

TRIGGER = "audit_event_guard"
INSERT_TRIGGER = "audit_event_insert_guard"  # SQLite's triggers are for one kind of statement each
BEFORE_INSERT_OR_UPDATE = 23  # pg_trigger.tgtype: row 1, before 2, insert 4, update 16
SEALED_BY = ("seq", "prev_hash", "hash")
MESSAGE = "an audit event never changes"


def guard_events(using: str = "default", **_signal: Any) -> None:
    """Make the triggers unless they are there as they should be; costs some look-ups when they are."""
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
    table = AuditEvent._meta.db_table
    changed = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in _fixed_columns())
    refused = {
        TRIGGER: f"BEFORE UPDATE ON {table} WHEN OLD.seq IS NOT NULL OR NEW.seq IS NULL OR {changed}",
        INSERT_TRIGGER: f"BEFORE INSERT ON {table} WHEN NEW.seq IS NOT NULL",
    }
    for name, condition in refused.items():
        statement = f"CREATE TRIGGER {name} {condition} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [name])
        if cursor.fetchone() != (statement,):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(statement)


def _guard_postgresql(cursor: Any) -> None:
    columns = _fixed_columns()
    new, old = (", ".join(f'{row}."{column}"' for column in columns) for row in ("NEW", "OLD"))
    cursor.execute(f"""
        CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.seq IS NULL THEN
                    RETURN NEW;
                END IF;
            ELSIF OLD.seq IS NULL AND NEW.seq IS NOT NULL AND ({new}) IS NOT DISTINCT FROM ({old}) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""")
    table = AuditEvent._meta.db_table
    cursor.execute("SELECT tgtype FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass", [TRIGGER, table])
    if cursor.fetchone() != (BEFORE_INSERT_OR_UPDATE,):
        cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {table}")
        cursor.execute(
            f"CREATE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {TRIGGER}()"
        )
