"""Cells of an export: plain text, numbers and instants, which no spreadsheet program may take for a formula."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

BYTE_ORDER_MARK = "\ufeff"  # Excel takes a CSV without it for the local 8-bit encoding
FORMULA_STARTS = "=+-@＝＋－＠"  # Excel takes the full-width ones for formulas in Japanese


def safe_cell(value: object) -> str:
    """`value` as text that no spreadsheet program takes for a formula (OWASP: CSV injection)."""
    text = str(value)
    dangerous = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in tuple(FORMULA_STARTS)
    return f"'{text}" if dangerous else text


def csv_file(rows: Iterable[Iterable[object]]) -> bytes:
    """A whole small file, without instants: UTF-8 with a byte order mark."""
    return (BYTE_ORDER_MARK + csv_lines(rows, UTC)).encode()


def csv_lines(rows: Iterable[Iterable[object]], zone: tzinfo) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_csv_cell(value, zone) for value in row] for row in rows)
    return text.getvalue()


def local(instant: datetime, zone: tzinfo) -> datetime:
    """The tenant's time of day, without a zone: as spreadsheet programs have it."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _csv_cell(value: object, zone: tzinfo) -> object:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{local(value, zone):%Y-%m-%d %H:%M:%S}"
    return value if isinstance(value, int | float) else safe_cell(value)
