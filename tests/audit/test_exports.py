import csv
import io
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync

from audit.exports import CHUNK, safe_cell, stream_attendance_csv
from audit.models import Attendance
from audit.reports import AttendanceFilters, find_attendances
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance

NOW = NOON + timedelta(days=1)


def export(tenant: Tenant, language: str = "en") -> bytes:
    rows = find_attendances(tenant, filters=AttendanceFilters(), now=NOW)

    async def collect() -> bytes:
        return b"".join([piece async for piece in stream_attendance_csv(tenant, rows, language=language)])

    return async_to_sync(collect)()


def cells(exported: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"), newline="")))


def test_export_has_a_byte_order_mark_and_local_times(tenant: Tenant) -> None:
    make_attendance(
        tenant,
        name="佐藤",
        login_id="sato",
        left_at=NOON + timedelta(minutes=90),
        leave_reason="removed",
        ended_by="Aoki",
        reconnects=2,
    )
    exported = export(tenant)
    assert exported.startswith(b"\xef\xbb\xbf")
    (row,) = cells(exported)
    assert (row["Joined at"], row["Left at"], row["Seconds"]) == ("2026-06-15 12:00:00", "2026-06-15 13:30:00", "5400")
    assert (row["User ID"], row["Name"], row["Guest"], row["IP address"]) == ("sato", "佐藤", "no", "192.0.2.10")
    assert (row["Reason for leaving"], row["Ended by"], row["Reconnects"]) == ("Removed", "Aoki", "2")


def test_export_of_an_open_attendance_leaves_the_end_empty(tenant: Tenant) -> None:
    make_attendance(tenant, ip_address=None, is_guest=True)
    (row,) = cells(export(tenant))
    assert (row["Left at"], row["Seconds"], row["IP address"], row["Guest"]) == ("", "", "", "yes")


def test_export_speaks_japanese(tenant: Tenant) -> None:
    make_attendance(tenant, leave_reason="connection_lost", left_at=NOON)
    (row,) = cells(export(tenant, language="ja"))
    assert row["退室理由"] == "接続切れ"


def test_empty_export_has_its_headings(tenant: Tenant) -> None:
    assert export(tenant).decode("utf-8-sig").startswith("Joined at,Left at,")
    assert not cells(export(tenant))


def test_export_longer_than_one_piece_is_complete(tenant: Tenant) -> None:
    Attendance.objects.bulk_create(
        Attendance(
            tenant=tenant, participant_id=f"p{number}", name="Sato", room_name="Room", joined_at=NOON, last_seen_at=NOON
        )
        for number in range(CHUNK + 1)
    )
    assert len(cells(export(tenant))) == CHUNK + 1


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x", "\t=1", "\r=1", "\n", "  =1", "\u3000=1"]
)
def test_cell_that_a_spreadsheet_takes_for_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["佐藤", "a=b", "", 12, "2001:db8::1", "o'clock"])
def test_harmless_cell_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == str(value)


def test_names_in_the_export_are_safe_cells(tenant: Tenant) -> None:
    make_attendance(tenant, name='=HYPERLINK("http://example.com")')
    (row,) = cells(export(tenant))
    assert row["Name"].startswith("'=")
