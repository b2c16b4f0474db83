import csv
import io
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.utils import timezone
from time_machine import TimeMachineFixture

from accounts.models import User
from admintool.visits import VISIT_LENGTH
from audit.attendance import close_attendance
from audit.events import Actor, record_event
from audit.models import AuditEvent, LogExport
from audit.sealing import seal
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.audit.records import join, make_attendance, make_sample

LOGS = ("attendance", "bandwidth-log", "bandwidth-minutes", "events", "logins-log")


def lines(response: HttpResponseBase, name: str = "attendance") -> list[dict[str, str]]:
    """What the downloaded archive has as CSV."""
    assert isinstance(response, StreamingHttpResponse)

    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    archive = zipfile.ZipFile(io.BytesIO(async_to_sync(collect)()))
    text = archive.read(f"{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def text_of(client: Client, page: str, **search: str) -> str:
    return client.get(url(page), search).content.decode()


def record(tenant: Tenant, action: str, **fields: Any) -> AuditEvent:
    with transaction.atomic(), tenant_context(tenant):
        return record_event(tenant, action, **fields)


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


@pytest.mark.parametrize("log", LOGS)
def test_empty_log_says_so(admin_client: Client, log: str) -> None:
    text = text_of(admin_client, log, date_to="2020-01-01", ip="192.0.2.99")
    assert "matches." in text
    assert "Download as CSV" not in text


@pytest.mark.parametrize("log", LOGS)
def test_every_log_leads_to_the_others(admin_client: Client, log: str) -> None:
    answer = admin_client.get(url(log))
    assert all(f'href="{url(other)}"' in answer.content.decode() for other in LOGS)


def test_logs_begin_with_the_attendance_log(admin_client: Client) -> None:
    assert admin_client.get(url("logs")).headers["Location"] == url("attendance")


def test_search_narrows_the_log_and_the_download(admin_client: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    make_attendance(tenant, name="Mori", joined_at=timezone.now())
    make_attendance(tenant, name="Hara", joined_at=timezone.now())
    make_attendance(other_tenant, name="Mori of Globex", joined_at=timezone.now())
    text = admin_client.get(url("attendance"), {"name": "mori"}).content.decode()
    assert "Mori" in text
    assert "Hara" not in text
    assert "Globex" not in text
    assert url("attendance-export") + "?name=mori&amp;file=csv" in text
    assert [row["Name"] for row in lines(admin_client.get(url("attendance-export"), {"name": "mori"}))] == ["Mori"]


def test_older_rows_are_on_the_next_page(admin_client: Client, tenant: Tenant) -> None:
    now = timezone.now()
    for number in range(51):
        make_attendance(tenant, name=f"Person {number:02}", joined_at=now - timedelta(minutes=number))
    first = admin_client.get(url("attendance"), {"room": "board"})
    assert "Person 50" not in first.content.decode()
    after = first.context["page"].older
    assert f"?room=board&amp;after={quote(after)}" in first.content.decode()
    second = admin_client.get(url("attendance"), {"room": "board", "after": after})
    assert [row.name for row in second.context["page"].rows] == ["Person 50"]
    assert "Newest" in second.content.decode()
    back = admin_client.get(url("attendance"), {"room": "board", "before": second.context["page"].newer})
    assert back.context["page"].rows == first.context["page"].rows


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


@pytest.mark.parametrize("log", LOGS)
def test_page_that_begins_nowhere_is_404(admin_client: Client, log: str) -> None:
    for way in ("after", "before"):
        assert admin_client.get(url(log), {way: "nonsense"}).status_code == 404


def test_download_is_an_archive_that_no_cache_keeps(admin_client: Client, tenant: Tenant) -> None:
    make_attendance(tenant, name="=1+1", joined_at=timezone.now())
    answer = admin_client.get(url("attendance-export"))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="attendance-acme-')
    assert answer["Cache-Control"] == "no-store"
    (row,) = lines(answer)
    assert row["Name"] == "'=1+1"


def test_download_of_an_unknown_format_is_404(admin_client: Client) -> None:
    assert admin_client.get(url("attendance-export"), {"file": "exe"}).status_code == 404
    assert not LogExport.objects.exists()


def test_searches_are_events_and_their_pages_and_refreshes_are_not(
    admin_client: Client, tenant: Tenant, admin: User, time_machine: TimeMachineFixture
) -> None:
    now = timezone.now()
    time_machine.move_to(now)
    for number in range(51):
        make_attendance(tenant, joined_at=now - timedelta(minutes=number))
    search = {"login_id": "sato", "date_from": "2026-06-01"}
    first = admin_client.get(url("attendance"), search)
    admin_client.get(url("attendance"), {**search, "after": first.context["page"].older})
    admin_client.get(url("attendance"), search)
    read = AuditEvent.objects.get(action="attendance_read")
    assert (read.details, read.actor_id) == ({"search": search}, admin.public_id)
    admin_client.get(url("attendance"))
    assert AuditEvent.objects.filter(action="attendance_read").count() == 2
    for half_hours, events in ((0.6, 2), (1.2, 3)):
        time_machine.move_to(now + timedelta(seconds=half_hours * VISIT_LENGTH))
        admin_client.get(url("attendance"))
        assert AuditEvent.objects.filter(action="attendance_read").count() == events


def test_download_is_an_event_and_stands_below_the_log(admin_client: Client, tenant: Tenant, admin: User) -> None:
    make_attendance(tenant, joined_at=timezone.now())
    answer = admin_client.get(url("attendance-export"), {"room": "board"})
    begun = AuditEvent.objects.get(action="attendance_export_begun")
    assert (begun.details["search"], begun.actor_id) == ({"room": "board"}, admin.public_id)
    assert "Interrupted, or still going on" in text_of(admin_client, "attendance")
    lines(answer)
    assert AuditEvent.objects.get(action="attendance_exported").details["rows"] == 1
    text = text_of(admin_client, "attendance")
    assert LogExport.objects.get().sha256 in text
    assert "Interrupted, or still going on" not in text


def test_bandwidth_of_a_stay_leads_to_its_minutes(admin_client: Client, tenant: Tenant) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    fields = {"joined_at": now - timedelta(seconds=100), "left_at": now, "bytes_in": 1_250_000, "bytes_out": 2_500_000}
    stay, other = make_attendance(tenant, **fields), make_attendance(tenant, name="Hara", joined_at=now)
    make_sample(stay, now, name="Sato", room_name="Board room", bytes_in=750_000)
    make_sample(other, now, name="Hara", room_name="Board room", bytes_in=1)
    text = text_of(admin_client, "bandwidth-log")
    assert "100.0 /<br>200.0 kbps" in text
    assert f"{url('bandwidth-minutes')}?stay={stay.public_id}" in text
    minutes = admin_client.get(url("bandwidth-minutes"), {"stay": stay.public_id})
    assert [row.name for row in minutes.context["page"].rows] == ["Sato"]
    assert [row["Name"] for row in lines(admin_client.get(url("bandwidth-minutes-export")), "minutes")] == [
        "Hara",
        "Sato",
    ]


def test_minutes_of_a_foreign_stay_are_not_found(admin_client: Client, other_tenant: Tenant) -> None:
    stay = make_attendance(other_tenant, joined_at=timezone.now())
    make_sample(stay, timezone.now(), name="Stranger")
    assert "Stranger" not in text_of(admin_client, "bandwidth-minutes", stay=stay.public_id)


def test_events_are_sentences_with_their_seal(admin_client: Client, tenant: Tenant) -> None:
    aoki = Actor(id="aoki", name="Aoki Admin", ip_address="192.0.2.7")
    record(tenant, "user_disabled", actor=aoki, target_name="Mori", details={"logins_ended": 2, "why": "moved"})
    seal(tenant)
    record(tenant, "something_new", actor=aoki, details={"a": {"b": [1]}})
    text = text_of(admin_client, "events")
    for shown in ("Disabled the user Mori.", "Aoki Admin", "192.0.2.7", "No. 1, sealed", "logins_ended", "moved"):
        assert shown in text
    for shown in ("something_new", "{&quot;b&quot;: [1]}", "Not sealed yet"):
        assert shown in text


def test_event_without_the_words_of_its_sentence_is_shown_all_the_same(admin_client: Client, tenant: Tenant) -> None:
    record(tenant, "attendance_closed")
    assert "– left –: –." in text_of(admin_client, "events")


def test_leaving_is_told_with_its_reason(admin_client: Client, tenant: Tenant) -> None:
    with tenant_context(tenant):
        stay = join(tenant, joined_at=timezone.now())
        close_attendance(stay.participant_id, left_at=timezone.now(), reason="connection_lost")
    assert "Sato left Board room: Connection lost." in text_of(admin_client, "events", group="meetings")


@pytest.mark.parametrize(
    ("search", "matches"),
    [
        ({"group": "users"}, True),
        ({"group": "rooms"}, False),
        ({"actor": "aoki"}, True),
        ({"actor": "mori"}, False),
        ({"target": "ori"}, True),
        ({"ip": "192.0.2."}, True),
        ({"ip": "192.0.2.8"}, False),
        ({"group": "users", "actor": "aoki", "target": "Mori", "ip": "192.0.2.7"}, True),
        ({"group": "users", "actor": "aoki", "target": "Hara"}, False),
    ],
)
def test_events_are_searched(admin_client: Client, tenant: Tenant, search: dict[str, str], matches: bool) -> None:
    aoki = Actor(id="aoki", name="Aoki Admin", ip_address="192.0.2.7")
    record(tenant, "user_disabled", actor=aoki, target_name="Mori")
    record(tenant, "room_created", actor=Actor(name="Hara"), target_name="Board room")
    assert ("Disabled the user Mori." in text_of(admin_client, "events", **search)) is matches


@pytest.mark.parametrize(
    ("search", "shown"),
    [
        ({}, {"Signed in.", "Signed out.", "Failed to sign in"}),
        ({"login_id": "MEM"}, {"Signed in.", "Failed to sign in"}),
        ({"login_id": "member2"}, {"Failed to sign in"}),
        ({"login_id": "ember"}, set()),
        ({"name": "mori"}, {"Signed in."}),
        ({"ip": "192.0.2.7"}, {"Failed to sign in"}),
    ],
)
def test_logins_are_searched_by_who_they_were_or_claimed_to_be(
    admin_client: Client, tenant: Tenant, member: User, admin: User, search: dict[str, str], shown: set[str]
) -> None:
    signing = {"target_type": "user", "target_id": member.public_id, "target_name": member.name}
    record(tenant, "login_succeeded", actor=Actor(id=member.public_id, name=member.name), **signing)
    record(tenant, "login_failed", actor=Actor(ip_address="192.0.2.7"), target_type="user", target_name="member2")
    record(tenant, "logged_out", actor=Actor(id="x", name="X"), target_id=admin.public_id, target_name=admin.name)
    record(tenant, "user_disabled", target_name="Nobody")
    text = text_of(admin_client, "logins-log", **search)
    assert {words for words in ("Signed in.", "Signed out.", "Failed to sign in", "Disabled") if words in text} == shown


def test_nothing_older_than_the_retention_is_shown_in_any_log(admin_client: Client, tenant: Tenant) -> None:
    long_ago = timezone.now() - timedelta(days=366)
    stay = make_attendance(tenant, joined_at=long_ago)
    make_sample(stay, long_ago)
    record(tenant, "login_succeeded", now=long_ago)
    for log in LOGS:
        assert [row for row in admin_client.get(url(log)).context["page"].rows if row.pk and _is_old(row)] == []


def _is_old(row: Any) -> bool:
    return next(getattr(row, name) for name in ("joined_at", "minute", "occurred_at") if hasattr(row, name)) < (
        timezone.now() - timedelta(days=365)
    )


def test_times_are_the_tenants(admin_client: Client, tenant: Tenant) -> None:
    tenant.time_zone = "America/New_York"
    tenant.save(update_fields=["time_zone"])
    joined = timezone.now().replace(hour=12, minute=34, second=56) - timedelta(days=10)
    make_attendance(tenant, joined_at=joined)
    shown = joined.astimezone(ZoneInfo("America/New_York"))
    assert f"{shown:%Y-%m-%d %H:%M:%S}" in admin_client.get(url("attendance")).content.decode()
