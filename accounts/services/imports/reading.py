"""A file of users as text cells: which encoding, which columns, which lines. Nothing is judged here."""

import csv
import io
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import FileRefused
from accounts.services.imports.columns import headings_known, plain, unescaped

LARGEST_FILE = 5 * 1024 * 1024  # bytes
MOST_LINES = 10_000
ENCODINGS = {"utf-8-sig": "UTF-8", "cp932": "Shift_JIS (CP932)"}  # Python's name → what people are shown


@dataclass(frozen=True)
class SourceLine:
    """One line: its number in the file (the last one of a cell with line breaks), its cells by field.

    `problem` is set, and `cells` empty, when the line does not fit the headings.
    """

    number: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file's lines; `encoding` is a key of ENCODINGS, `unused` the headings that mean nothing to us."""

    encoding: str
    unused: list[str]
    lines: list[SourceLine]


def read_sheet(content: bytes) -> Sheet:
    """The file's lines without the empty ones. Raises FileRefused."""
    if len(content) > LARGEST_FILE:
        raise FileRefused(_("The file is larger than 5 MB."))
    encoding, text = _decoded(content)
    rows = _rows(text)
    if not rows:
        raise FileRefused(_("The file is empty."))
    (_first, headings), *rest = rows
    fields = _fields(headings)
    if len(rest) > MOST_LINES:
        raise FileRefused(_("The file has more than 10,000 lines. Divide it."))
    unused = [heading for heading, field in zip(headings, fields, strict=True) if heading.strip() and not field]
    return Sheet(encoding, unused, [_line(number, cells, fields) for number, cells in rest])


def _decoded(content: bytes) -> tuple[str, str]:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding, text
    raise FileRefused(_("The file is neither UTF-8 nor Shift_JIS. Save it as “CSV UTF-8”."))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """(line number, cells) of the lines that are not empty, at most two more than may be."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, cells))
            if len(found) > MOST_LINES + 1:
                break
    except csv.Error as error:
        text = _("Line %(number)s cannot be read as CSV. Check its quotation marks.")
        raise FileRefused(text % {"number": reader.line_num}) from error
    return found


def _fields(headings: list[str]) -> list[str]:
    """The field of each column, or ""; refuses headings without a user ID or with a column twice."""
    fields = [headings_known().get(plain(heading), "") for heading in headings]
    used = [field for field in fields if field]
    if "login_id" not in used:
        raise FileRefused(_("The first line must name the columns, and one of them must be “User ID”."))
    if len(used) != len(set(used)):
        raise FileRefused(_("A column is there twice."))
    return fields


def _line(number: int, cells: list[str], fields: list[str]) -> SourceLine:
    while len(cells) > len(fields) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(fields):
        problem = ngettext(
            "This line has %(count)s cell, and the first line names %(columns)s.",
            "This line has %(count)s cells, and the first line names %(columns)s.",
            len(cells),
        )
        return SourceLine(number, {}, problem % {"count": len(cells), "columns": len(fields)})
    named = {field: unescaped(cell) for field, cell in zip(fields, cells, strict=True) if field}
    return SourceLine(number, {field: cell if field == "password" else cell.strip() for field, cell in named.items()})
