import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.audit.records import make_attendance


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, StreamingHttpResponse)

    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(collect)().decode("utf-8-sig")


def test_log_shows_who_was_where_and_why_they_left(admin_client: Client, tenant: Tenant) -> None:
    now = timezone.now()
    make_attendance(
        tenant,
        name="Mori Member",
        login_id="mori",
        joined_at=now - timedelta(hours=2),
        left_at=now - timedelta(minutes=30),
        leave_reason="removed",
        ended_by="Aoki Admin",
        reconnects=3,
        bytes_in=2_000_000,
    )
    text = admin_client.get(url("attendance")).content.decode()
    for shown in ("Mori Member", "mori", "192.0.2.10", "1:30:00", "Removed", "by Aoki Admin", "Board room", "1.9"):
        assert shown in text


def test_empty_log_says_so(admin_client: Client) -> None:
    text = admin_client.get(url("attendance")).content.decode()
    assert "No attendance matches." in text
    assert "Download as CSV" not in text


def test_search_narrows_the_log_and_the_download(admin_client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    make_attendance(tenant, name="Mori", joined_at=timezone.now())
    make_attendance(tenant, name="Hara", joined_at=timezone.now())
    make_attendance(other_tenant, name="Mori of Globex", joined_at=timezone.now())
    text = admin_client.get(url("attendance"), {"name": "mori"}).content.decode()
    assert "Mori" in text
    assert "Hara" not in text
    assert "Globex" not in text
    assert url("attendance-export") + "?name=mori" in text


def test_older_rows_are_on_the_next_page(admin_client: Client, tenant: Tenant) -> None:
    now = timezone.now()
    for number in range(51):
        make_attendance(tenant, name=f"Person {number:02}", joined_at=now - timedelta(minutes=number))
    first = admin_client.get(url("attendance"), {"room": "board"})
    assert "Person 50" not in first.content.decode()
    after = first.context["page"].next_after
    assert f"?room=board&amp;after={after}" in first.content.decode()
    second = admin_client.get(url("attendance"), {"room": "board", "after": after})
    assert [row.name for row in second.context["page"].rows] == ["Person 50"]
    assert "Newest" in second.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("ip", "192.0.2.x"), ("ip", "fe80::1%eth0"), ("date_from", "soon"), ("name", "x" * 101), ("room", "a\0b")],
)
def test_wrong_search_is_named_and_finds_nothing(admin_client: Client, tenant: Tenant, field: str, value: str) -> None:
    make_attendance(tenant, joined_at=timezone.now())
    answer = admin_client.get(url("attendance"), {field: value})
    assert answer.context["form"].errors[field]
    assert "page" not in answer.context
    assert admin_client.get(url("attendance-export"), {field: value}).status_code == 404


def test_page_after_a_foreign_row_is_404(admin_client: Client, other_tenant: Tenant) -> None:
    foreign = make_attendance(other_tenant, joined_at=timezone.now())
    assert admin_client.get(url("attendance"), {"after": foreign.public_id}).status_code == 404


def test_download_is_a_csv_file(admin_client: Client, tenant: Tenant) -> None:
    make_attendance(tenant, name="=1+1", joined_at=timezone.now())
    answer = admin_client.get(url("attendance-export"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="attendance-acme-')
    assert answer["Cache-Control"] == "no-store"
    (row,) = csv.DictReader(io.StringIO(body(answer), newline=""))
    assert row["Name"] == "'=1+1"


def test_reading_and_downloading_are_events(admin_client: Client, admin: User) -> None:
    admin_client.get(url("attendance"), {"login_id": "mori", "date_from": "2026-06-01"})
    admin_client.get(url("attendance-export"), {"room": "board"})
    read = AuditEvent.objects.get(action="attendance_read")
    exported = AuditEvent.objects.get(action="attendance_exported")
    assert read.details == {"search": {"login_id": "mori", "date_from": "2026-06-01"}}
    assert exported.details == {"search": {"room": "board"}}
    assert read.actor_id == exported.actor_id == admin.public_id


def test_times_are_the_tenants(admin_client: Client, tenant: Tenant) -> None:
    tenant.time_zone = "America/New_York"
    tenant.save(update_fields=["time_zone"])
    joined = timezone.now().replace(hour=12, minute=34, second=56) - timedelta(days=10)
    make_attendance(tenant, joined_at=joined)
    shown = joined.astimezone(ZoneInfo("America/New_York"))
    assert f"{shown:%Y-%m-%d %H:%M:%S}" in admin_client.get(url("attendance")).content.decode()
