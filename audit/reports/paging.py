"""Pages of a log by key: a page says where the next older and the next newer one begin."""

from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing

from audit.reports.finding import Found
from audit.reports.reading import Course, Position, first_rows

PAGE_SIZE = 50


class BadPosition(Exception):
    """The position was not made for this log of this tenant."""


class LogPage(NamedTuple):
    """Some rows, newest first, and where older ones and newer ones begin (empty when there are none)."""

    rows: list[Any]
    older: str
    newer: str


def page_of(found: Found, *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> LogPage:
    """The `size` rows older than the position `after`, or newer than `before`; the newest ones without either.

    Raises BadPosition.
    """
    if before:
        rows = _rows(found, _read(found, before), newer=True, limit=size + 1)
        if len(rows) > size:
            rows = rows[:size][::-1]
            return LogPage(rows, _position(found, rows[-1]), _position(found, rows[0]))
        after = ""  # the newest page, filled up
    rows = _rows(found, _read(found, after) if after else None, limit=size + 1)
    older = _position(found, rows[size - 1]) if len(rows) > size else ""
    return LogPage(rows[:size], older, _position(found, rows[0]) if after and rows else "")


def _rows(found: Found, position: Position | None, *, limit: int, newer: bool = False) -> list[Any]:
    return first_rows(found, Course(found.log, position, newer), limit=limit)


def _position(found: Found, row: Any) -> str:
    return signing.dumps([getattr(row, found.log.time).isoformat(), row.pk], salt=_salt(found))


def _read(found: Found, text: str) -> Position:
    try:
        at, pk = signing.loads(text, salt=_salt(found))
    except signing.BadSignature as error:
        raise BadPosition from error
    return Position(datetime.fromisoformat(at), pk)


def _salt(found: Found) -> str:
    return f"log.{found.log.name}.{found.tenant.public_id}"
