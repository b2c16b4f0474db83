"""A million events: sealed, then verified in under a minute with memory that does not grow."""

import resource
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest
from django.db import connection

from audit import sealing
from audit.models import Attendance, AuditEvent
from audit.verification import verify_tenant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.records import NOON

EVENTS, STAYS = 1_000_000, 200_000
LONGEST_S, MOST_GROWTH_MB = 60, 30


def stays(tenant: Tenant) -> Iterator[Attendance]:
    for number in range(STAYS):
        joined_at = NOON + timedelta(seconds=number)
        yield Attendance(
            tenant=tenant, public_id=f"stay-{number}", meeting_id="meeting", room_id="room", room_name="役員会議室",
            participant_id=f"participant-{number}", user_id=f"user-{number % 500}", login_id=f"sato{number % 500}",
            name="佐藤 太郎", ip_address="192.0.2.10", user_agent="Browser", joined_at=joined_at,
            last_seen_at=joined_at, left_at=joined_at + timedelta(minutes=40), leave_reason="left",
        )  # fmt: skip


def events_of(stay: Attendance) -> Iterator[AuditEvent]:
    about = {"attendance": stay.public_id, "participant": stay.participant_id, "meeting": stay.meeting_id}
    opened = {"login_id": stay.login_id, "is_guest": False, "user_agent": stay.user_agent}
    closed = {"reason": "left", "name": stay.name, "login_id": stay.login_id, "reconnects": 0, "ended_by": ""}
    for action, details, at in (
        ("attendance_opened", opened, stay.joined_at),
        ("attendance_closed", closed, stay.left_at),
    ):
        yield AuditEvent(
            tenant=stay.tenant, occurred_at=at, action=action, actor_id=stay.user_id, actor_name=stay.name,
            ip_address=stay.ip_address, target_type="room", target_id="room", target_name=stay.room_name,
            details={**about, **details},
        )  # fmt: skip


def events(tenant: Tenant) -> Iterator[AuditEvent]:
    for stay in stays(tenant):
        yield from events_of(stay)
    for number in range(EVENTS - 2 * STAYS):
        yield AuditEvent(
            tenant=tenant, occurred_at=NOON + timedelta(seconds=number), action="user_signed_in",
            actor_id=f"user-{number % 500}", actor_name="鈴木 花子", ip_address="2001:db8::7",
            details={"number": number},
        )  # fmt: skip


def write(tenant: Tenant) -> None:
    for model, rows in ((Attendance, stays(tenant)), (AuditEvent, events(tenant))):
        while some := list(islice(rows, 20_000)):
            with tenant_context(tenant):
                model.objects.bulk_create(some, batch_size=2_000)


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.django_db(transaction=True)
def test_a_million_events_verify_in_under_a_minute(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sealing, "SQLITE_PAUSE", 0)  # nobody else writes here
    write(tenant)

    began = time.perf_counter()
    assert sealing.seal(tenant) == EVENTS
    sealed_in = time.perf_counter() - began

    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    report = verify_tenant(tenant)
    verified_in = time.perf_counter() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024

    assert (report.events, report.attendances, report.findings.lines()) == (EVENTS, STAYS, [])
    with capsys.disabled():
        times = f"sealed in {sealed_in:.1f} s, verified in {verified_in:.1f} s"
        sys.stdout.write(f"\n1,000,000 events ({connection.vendor}): {times}, memory + {grown:.1f} MB\n")
    assert verified_in < LONGEST_S
    assert grown < MOST_GROWTH_MB
