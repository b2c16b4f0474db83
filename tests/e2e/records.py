"""What a running installation has written down, read from its SQLite file."""

import sqlite3
from contextlib import closing
from typing import Any

from tests.e2e.product import LiveOn


def rows(product: LiveOn, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{product.data_dir}/liveon.sqlite3?mode=ro", uri=True, timeout=5)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]


def attendances(product: LiveOn, room: str = "open") -> list[dict[str, Any]]:
    """The stays in the rooms named `room`, oldest first."""
    return [
        row for row in rows(product, "SELECT * FROM audit_attendance ORDER BY joined_at") if row["room_name"] == room
    ]


def events(product: LiveOn, action: str) -> list[dict[str, Any]]:
    return [row for row in rows(product, "SELECT * FROM audit_auditevent ORDER BY id") if row["action"] == action]
