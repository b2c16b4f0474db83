"""The attendance log as CSV for spreadsheet programs, streamed page by page."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from audit.models import Attendance
from audit.reports import attendance_page
from tenants.context import tenant_context
from tenants.models import Tenant

BYTE_ORDER_MARK = "\ufeff"  # Excel takes a CSV without it for the local 8-bit encoding
FORMULA_STARTS = "=+-@＝＋－＠"  # Excel takes the full-width ones for formulas in Japanese
CHUNK = 500  # rows: one query, one piece of the response


class Column(NamedTuple):
    heading: str | Promise
    value: Callable[[Attendance, tzinfo], object]


COLUMNS = (
    Column(_("Joined at"), lambda row, zone: _local(row.joined_at, zone)),
    Column(_("Left at"), lambda row, zone: _local(row.left_at, zone)),
    Column(_("Seconds"), lambda row, zone: int((row.left_at - row.joined_at).total_seconds()) if row.left_at else ""),
    Column(_("Room"), lambda row, zone: row.room_name),
    Column(_("User ID"), lambda row, zone: row.login_id),
    Column(_("Name"), lambda row, zone: row.name),
    Column(_("Guest"), lambda row, zone: gettext("yes") if row.is_guest else gettext("no")),
    Column(_("IP address"), lambda row, zone: row.ip_address or ""),
    Column(_("Reason for leaving"), lambda row, zone: row.get_leave_reason_display()),
    Column(_("Ended by"), lambda row, zone: row.ended_by),
    Column(_("Reconnects"), lambda row, zone: row.reconnects),
    Column(_("Bytes in"), lambda row, zone: row.bytes_in),
    Column(_("Bytes out"), lambda row, zone: row.bytes_out),
    Column(_("Browser"), lambda row, zone: row.user_agent),
    Column(_("Meeting"), lambda row, zone: row.meeting_id),
)


async def stream_attendance_csv(tenant: Tenant, rows: QuerySet[Attendance], *, language: str) -> AsyncIterator[bytes]:
    """`rows` of `find_attendances` as UTF-8 CSV with a byte order mark: words in `language`, the tenant's local times.

    One short query per 500 rows: a slow reader holds no transaction open.
    """
    chunks = _chunks(tenant, rows, language)
    while chunk := await sync_to_async(_next)(chunks):
        yield chunk.encode()


def safe_cell(value: object) -> str:
    """`value` as text that no spreadsheet program takes for a formula (OWASP: CSV injection)."""
    text = str(value)
    dangerous = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in tuple(FORMULA_STARTS)
    return f"'{text}" if dangerous else text


def _chunks(tenant: Tenant, rows: QuerySet[Attendance], language: str) -> Iterator[str]:
    zone = ZoneInfo(tenant.time_zone)
    with override(language):
        headings = [str(column.heading) for column in COLUMNS]
    yield BYTE_ORDER_MARK + _lines([headings])
    after, more = "", True
    while more:
        with tenant_context(tenant), override(language):
            page = attendance_page(rows, after=after, size=CHUNK)
            text = _lines([column.value(row, zone) for column in COLUMNS] for row in page.rows)
        if text:
            yield text
        after, more = page.next_after, bool(page.next_after)


def _next(chunks: Iterator[str]) -> str:
    return next(chunks, "")


def _lines(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _local(instant: datetime | None, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}" if instant else ""
