"""A log's rows as a file, piece by piece: CSV as it is read, Excel from a file that is made first."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter
from django.utils.translation import override

from audit.exports.cells import BYTE_ORDER_MARK, csv_lines, local
from audit.exports.columns import COLUMNS, Column, Value
from audit.exports.scratch import scratch_folder
from audit.reports import Found
from audit.reports.reading import chunks
from tenants.context import tenant_context

CHUNK = 1000  # rows: one query, one piece of the response
SHEET_ROWS = 1_048_575  # Excel's limit, without the headings
PIECE = 256 * 1024  # bytes


class Rows:
    """The rows of an export in `language` and the tenant's local time, and how many were read so far.

    Every chunk is read in a transaction of its own: a slow reader holds none open.
    """

    def __init__(self, found: Found, language: str) -> None:
        self.found, self.language, self.count = found, language, 0
        self.columns: tuple[Column, ...] = COLUMNS[found.log.name]
        self.zone: tzinfo = ZoneInfo(found.tenant.time_zone)
        with override(language):
            self.headings = [str(column.heading) for column in self.columns]

    def chunks(self) -> Iterator[list[list[Value]]]:
        pages = chunks(self.found, size=CHUNK)
        while True:
            with tenant_context(self.found.tenant), override(self.language):
                page = next(pages, [])
                cells = [[column.value(row) for column in self.columns] for row in page]
            if not cells:
                return
            self.count += len(cells)
            yield cells


def csv_pieces(rows: Rows, _name: str) -> Iterator[bytes]:
    """UTF-8 with a byte order mark."""
    yield (BYTE_ORDER_MARK + csv_lines([rows.headings], rows.zone)).encode()
    for cells in rows.chunks():
        yield csv_lines(cells, rows.zone).encode()


def xlsx_pieces(rows: Rows, name: str) -> Iterator[bytes]:
    """An Excel file; `name` is that of the folder it is made in. Empty pieces while it is being made."""
    with scratch_folder(name) as folder:
        path = folder / "log.xlsx"
        with _workbook(path) as book:
            for _written in _write_sheets(book, rows):
                yield b""
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


FORMATS = {"csv": csv_pieces, "xlsx": xlsx_pieces}


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    """constant_memory: a row is on the disk before the next one is written."""
    options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), {**options, "strings_to_formulas": False, "strings_to_numbers": False})
    try:
        yield book
    finally:
        book.close()


def _write_sheets(book: Any, rows: Rows) -> Iterator[None]:
    instants = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    bold = book.add_format({"bold": True})
    sheet, line = None, SHEET_ROWS
    for cells in rows.chunks():
        for row in cells:
            if sheet is None or line == SHEET_ROWS:
                sheet, line = _new_sheet(book, rows.headings, bold), 0
            line += 1
            _write_row(sheet, line, row, instants, rows.zone)
        yield None
    if sheet is None:
        _new_sheet(book, rows.headings, bold)


def _new_sheet(book: Any, headings: list[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.set_column(0, len(headings) - 1, 20)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, headings, bold)
    return sheet


def _write_row(sheet: Any, line: int, row: list[Value], instants: Any, zone: tzinfo) -> None:
    for place, value in enumerate(row):
        if isinstance(value, datetime):
            sheet.write_datetime(line, place, local(value, zone), instants)
        elif isinstance(value, int | float):
            sheet.write_number(line, place, value)
        elif value:
            sheet.write_string(line, place, value)
