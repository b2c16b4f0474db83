import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction

from audit.events import Actor, record_event
from audit.exports import begin_export, safe_cell, scratch_folder, stream_export, sweep_scratch
from audit.exports.files import CHUNK
from audit.models import Attendance, AuditEvent, LogExport
from audit.offline import verify
from audit.reports import ATTENDANCE, BANDWIDTH, EVENTS, LOGS, MINUTES, Log, Search, find
from audit.sealing import seal
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample

NOW = NOON + timedelta(days=1)
AOKI = Actor(id="aoki", name="Aoki Admin", ip_address="192.0.2.1")


class Download:
    """A finished download: its row, and what is in the archive."""

    def __init__(
        self, tenant: Tenant, log: Log = ATTENDANCE, *, language: str = "en", file: str = "csv", **search: Any
    ):
        with tenant_context(tenant):
            found = find(log, tenant, search=Search(**search), now=NOW)
            self.row = begin_export(found, actor=AOKI, file_format=file, search={k: str(v) for k, v in search.items()})
        self.name = f"{log.name}.{file}"

        async def collect() -> bytes:
            return b"".join([each async for each in stream_export(self.row, found, actor=AOKI, language=language)])

        self.content = async_to_sync(collect)()
        self.zip = zipfile.ZipFile(io.BytesIO(self.content))

    def file(self, name: str = "") -> bytes:
        return self.zip.read(name or self.name)

    @property
    def lines(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.file().decode("utf-8-sig"), newline="")))

    @property
    def sheet(self) -> list[tuple[Any, ...]]:
        book = openpyxl.load_workbook(io.BytesIO(self.file()))
        return list(book.active.iter_rows(values_only=True))

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.file("manifest.json"))["document"]


def test_csv_has_a_byte_order_mark_and_local_times(tenant: Tenant) -> None:
    make_attendance(
        tenant,
        name="佐藤",
        login_id="sato",
        left_at=NOON + timedelta(minutes=90),
        leave_reason="removed",
        ended_by="Aoki",
        reconnects=2,
    )
    download = Download(tenant)
    assert download.file().startswith(b"\xef\xbb\xbf")
    (row,) = download.lines
    assert (row["Joined at"], row["Left at"], row["Seconds"]) == ("2026-06-15 12:00:00", "2026-06-15 13:30:00", "5400")
    assert (row["User ID"], row["Name"], row["Guest"], row["IP address"]) == ("sato", "佐藤", "no", "192.0.2.10")
    assert (row["Reason for leaving"], row["Ended by"], row["Reconnects"]) == ("Removed", "Aoki", "2")


def test_open_attendance_leaves_the_end_empty(tenant: Tenant) -> None:
    make_attendance(tenant, ip_address=None, is_guest=True)
    (row,) = Download(tenant).lines
    assert (row["Left at"], row["Seconds"], row["IP address"], row["Guest"]) == ("", "", "", "yes")


def test_csv_speaks_japanese(tenant: Tenant) -> None:
    make_attendance(tenant, leave_reason="connection_lost", left_at=NOON)
    (row,) = Download(tenant, language="ja").lines
    assert row["退室理由"] == "接続切れ"


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_empty_export_has_its_headings(tenant: Tenant, log: Log) -> None:
    for file in ("csv", "xlsx"):
        download = Download(tenant, log, file=file, date_to=NOON.date() - timedelta(days=9))
        head, *rows = download.sheet if file == "xlsx" else csv.reader(io.StringIO(download.file().decode("utf-8-sig")))
        assert len(head) > 8
        assert rows == []


def test_export_longer_than_one_piece_is_complete_and_in_order(tenant: Tenant) -> None:
    Attendance.objects.bulk_create(
        Attendance(
            tenant=tenant,
            participant_id=f"p{number}",
            name=f"S{number}",
            room_name="R",
            joined_at=NOON,
            last_seen_at=NOON,
        )
        for number in range(CHUNK + 1)
    )
    expected = [f"S{number}" for number in reversed(range(CHUNK + 1))]
    assert [row["Name"] for row in Download(tenant).lines] == expected
    assert [row[5] for row in Download(tenant, file="xlsx").sheet[1:]] == expected


def test_excel_has_numbers_times_and_texts(tenant: Tenant) -> None:
    make_attendance(tenant, name="=1+1", login_id="-sato", left_at=NOON + timedelta(minutes=1), bytes_in=2**40)
    head, row = Download(tenant, file="xlsx").sheet
    cells = dict(zip(head, row, strict=True))
    assert cells["Joined at"] == datetime(2026, 6, 15, 12, 0)  # noqa: DTZ001 - a spreadsheet knows no zone
    assert (cells["Name"], cells["User ID"], cells["Seconds"], cells["Bytes in"]) == ("=1+1", "-sato", 60, 2**40)


def test_bandwidth_is_given_in_bytes_and_as_rates(tenant: Tenant) -> None:
    stay = make_attendance(tenant, left_at=NOON + timedelta(seconds=100), bytes_in=1_250_000, bytes_out=2_500_000)
    make_sample(stay, NOON, bytes_in=750_000, bytes_out=75_000, name="Sato")
    (total,) = Download(tenant, BANDWIDTH).lines
    assert (total["kbps in (average)"], total["kbps out (average)"]) == ("100.0", "200.0")
    (minute,) = Download(tenant, MINUTES).lines
    assert (minute["Minute"], minute["kbps in"], minute["kbps out"]) == ("2026-06-15 12:00:00", "100.0", "10.0")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x", "\t=1", "\r=1", "\n", "  =1", "\u3000=1"]
)
def test_cell_that_a_spreadsheet_takes_for_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["佐藤", "a=b", "", 12, "2001:db8::1", "o'clock"])
def test_harmless_cell_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == str(value)


def test_names_in_the_csv_are_safe_cells(tenant: Tenant) -> None:
    make_attendance(tenant, name='=HYPERLINK("http://example.com")')
    (row,) = Download(tenant).lines
    assert row["Name"].startswith("'=")


def test_search_narrows_the_export(tenant: Tenant, other_tenant: Tenant) -> None:
    for name in ("Mori", "Hara"):
        make_attendance(tenant, name=name)
    make_attendance(other_tenant, name="Mori")
    download = Download(tenant, name="mor")
    assert [row["Name"] for row in download.lines] == ["Mori"]
    assert download.manifest["about"]["search"] == {"name": "mor"}


def test_archive_proves_what_it_holds(tenant: Tenant, tmp_path: Path) -> None:
    make_attendance(tenant)
    download = Download(tenant)
    manifest = download.manifest
    listed = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert listed["attendance.csv"] == hashlib.sha256(download.file()).hexdigest()
    assert (manifest["exporter"]["name"], manifest["about"]["rows"]) == ("Aoki Admin", 1)
    assert verified(download.content, tmp_path) == 0
    tampered = download.content.replace(b"attendance.csv", b"attendance.csw")
    assert verified(tampered, tmp_path) == 1


def verified(content: bytes, folder: Path) -> int:
    """What the verifier in the product says, run as an auditor runs it."""
    path = folder / "export.zip"
    path.write_bytes(content)
    command = [sys.executable, "-I", verify.__file__, str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_export_of_events_holds_the_chain(tenant: Tenant, tmp_path: Path) -> None:
    with transaction.atomic(), tenant_context(tenant):
        for number in range(3):
            record_event(tenant, "room_created", target_name=f"Room {number}", now=NOON)
    seal(tenant)
    for search in ({}, {"target": "Room 1"}):
        download = Download(tenant, EVENTS, **search)
        numbers = [json.loads(line)["seq"] for line in download.file("events.jsonl").splitlines()]
        assert numbers == ([2] if search else [1, 2, 3])
        assert verified(download.content, tmp_path) == 0
    assert "Created the room Room 1." in download.file().decode()


def test_readme_is_in_both_languages(tenant: Tenant) -> None:
    text = Download(tenant).file("README.txt").decode("utf-8-sig")
    assert "verify.py EXPORT.zip" in text
    assert "検証" in text


def test_finished_download_is_on_record_with_its_hash(tenant: Tenant) -> None:
    make_attendance(tenant)
    download = Download(tenant, name="sat")
    row = LogExport.objects.get()
    assert (row.log, row.file_format, row.search, row.exporter_name, row.rows) == (
        *("attendance", "csv", {"name": "sat"}, "Aoki Admin"),
        1,
    )
    assert row.sha256 == hashlib.sha256(download.content).hexdigest()
    begun, done = AuditEvent.objects.order_by("pk")
    assert (begun.action, begun.details["search"]) == ("attendance_export_begun", {"name": "sat"})
    assert (done.action, done.details["rows"], done.details["sha256"]) == ("attendance_exported", 1, row.sha256)
    assert done.details["export"] == begun.details["export"] == row.public_id


@pytest.mark.parametrize("file", ["csv", "xlsx"])
def test_interrupted_download_stays_unfinished_and_leaves_no_file(tenant: Tenant, file: str) -> None:
    make_attendance(tenant)
    with tenant_context(tenant):
        found = find(ATTENDANCE, tenant, search=Search(), now=NOW)
        row = begin_export(found, actor=AOKI, file_format=file, search={})

    async def begin() -> None:
        pieces = stream_export(row, found, actor=AOKI, language="en")
        await anext(pieces)
        await pieces.aclose()

    async_to_sync(begin)()
    row.refresh_from_db()
    assert (row.finished_at, row.sha256) == (None, "")
    assert list((Path(settings.DATA_DIR) / "tmp").glob("*")) == []
    assert not AuditEvent.objects.filter(action="attendance_exported").exists()


@pytest.fixture
def left_folder() -> Iterator[Path]:
    """A folder of a process that was killed."""
    folder = Path(settings.DATA_DIR) / "tmp" / "left"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    (folder / "log.xlsx").touch()
    yield folder


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_stays(left_folder: Path) -> None:
    with scratch_folder("mine") as mine:
        assert sweep_scratch() == 1
        assert mine.exists()
    assert not left_folder.exists()
    assert not mine.exists()
