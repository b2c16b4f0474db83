"""The users as a file that the import takes back: CSV or Excel. Each export is an event with its count and hash."""

import csv
import hashlib
import io
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

import xlsxwriter
from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import Role, User
from accounts.services.directory import users_page
from accounts.services.imports.columns import GROUP_SEPARATOR, HEADINGS, STATUS, escaped
from audit.events import Actor, record_about_tenant
from audit.exports.cells import BYTE_ORDER_MARK
from tenants.context import tenant_context
from tenants.models import Tenant

CHUNK = 500  # users: one query
PIECE = 256 * 1024  # bytes
COLUMNS = ("login_id", "name", "email", "role", "groups", "status")
MORE_HEADINGS = (_("Created"), _("Last login"))
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_users(
    tenant: Tenant, users: QuerySet[User], *, actor: Actor, file_format: str, search: dict[str, str], language: str
) -> IO[bytes]:
    """The users of `find_users` as an open file, at its beginning; the caller closes it. KeyError for another format.

    Every 500 users are read in a transaction of their own.
    """
    write = {"csv": _write_csv, "xlsx": _write_xlsx}[file_format]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    count = write(file, _rows(tenant, users, language))
    digest = _sha256(file)
    with transaction.atomic(), tenant_context(tenant):
        record_about_tenant(
            tenant,
            "users_exported",
            actor=actor,
            details={"format": file_format, "rows": count, "sha256": digest, "search": search},
        )
    file.seek(0)
    return file


class Pieces:
    """The file, piece by piece. Django closes it with the response, also when nobody has read any of it (HEAD)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.close = file.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await sync_to_async(self._file.read)(PIECE):
            yield piece


def _rows(tenant: Tenant, users: QuerySet[User], language: str) -> Iterator[list[str]]:
    with override(language):
        yield [str(HEADINGS[name]) for name in COLUMNS] + [str(heading) for heading in MORE_HEADINGS]
    after, more = "", True
    while more:
        with tenant_context(tenant), override(language):
            page = users_page(tenant, users, after=after, size=CHUNK)
            rows = [_row(user) for user in page.users]
        yield from rows
        after, more = page.next_after, bool(page.next_after)


def _row(user: User) -> list[str]:
    groups = GROUP_SEPARATOR.join(sorted(group.name for group in user.groups.all()))
    instants = [f"{localtime(each):%Y-%m-%d %H:%M}" if each else "" for each in (user.created_at, user.last_login)]
    words = [str(Role(user.role).label), groups, str(STATUS[user.is_active])]
    return [user.login_id, user.name, user.email, *words, *instants]


def _write_csv(file: IO[bytes], rows: Iterator[list[str]]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    text.write(BYTE_ORDER_MARK)
    writer, count = csv.writer(text), -1  # the headings are no user
    for row in rows:
        writer.writerow([escaped(cell) for cell in row])
        count += 1
    text.flush()
    text.detach()
    return count


def _write_xlsx(file: IO[bytes], rows: Iterator[list[str]]) -> int:
    """constant_memory: a row is on the disk before the next one is written. Texts stay texts, never formulas."""
    options: dict[str, Any] = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    sheet, line = book.add_worksheet(), -1
    for line, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write_string(line, place, cell)
    sheet.freeze_panes(1, 0)
    book.close()
    return line


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
