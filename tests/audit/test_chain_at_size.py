"""A million sealed events verify in under a minute, with memory that does not grow."""

import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import psycopg
import pytest
from django.db import connection, models
from django.utils.timezone import now
from psycopg.types.json import Jsonb

from audit.chain import CONTENT, event_line
from audit.models import Attendance, AuditEvent
from audit.offline.verify import GENESIS, hash_of
from audit.sealing import seal
from audit.verification import verify_tenant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import record
from tests.audit.records import NOON
from tests.audit.tampering import unguarded

EVENTS, STAYS, UNSEALED = 1_000_000, 200_000, 5_000
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


def event(tenant: Tenant, action: str, at: datetime, number: int, details: dict[str, object]) -> AuditEvent:
    return AuditEvent(
        tenant=tenant, occurred_at=at, recorded_at=at, action=action, actor_id=f"user-{number % 500}",
        actor_name="佐藤 太郎", ip_address="192.0.2.10", target_type="room", target_id="room", target_name="役員会議室",
        details=details,
    )  # fmt: skip


def events(tenant: Tenant) -> Iterator[AuditEvent]:
    for number, stay in enumerate(stays(tenant)):
        about = {"attendance": stay.public_id, "participant": stay.participant_id, "meeting": stay.meeting_id}
        opened = {"login_id": stay.login_id, "is_guest": False, "user_agent": stay.user_agent}
        closed = {"reason": "left", "name": stay.name, "login_id": stay.login_id, "reconnects": 0, "ended_by": ""}
        yield event(tenant, "attendance_opened", stay.joined_at, number, about | opened)
        yield event(tenant, "attendance_closed", stay.left_at, number, about | closed)
    for number in range(EVENTS - 2 * STAYS):
        yield event(tenant, "user_signed_in", NOON + timedelta(seconds=number), number, {"number": number})


def sealed(rows: Iterable[AuditEvent]) -> Iterator[AuditEvent]:
    before = GENESIS
    for seq, row in enumerate(rows, start=1):
        content = [getattr(row, name) for name in CONTENT]
        row.seq, row.prev_hash = seq, before
        row.hash = before = hash_of(event_line(row.tenant.public_id, content, seq=seq, prev_hash=before))
        yield row


def write(model: type[models.Model], rows: Iterator[models.Model], tenant: Tenant) -> None:
    if connection.vendor == "postgresql":
        copy_as_superuser(model, rows)
        return
    while some := list(islice(rows, 20_000)):
        with unguarded(), tenant_context(tenant):
            model.objects.bulk_create(some, batch_size=2_000)


def copy_as_superuser(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Without triggers and row-level security, which would take the best part of an hour."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(field.column for field in fields)
    where = {name: connection.settings_dict[name.upper()] for name in ("host", "port")}
    with psycopg.connect(user="postgres", dbname=connection.settings_dict["NAME"], **where) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with superuser.cursor().copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                values = (getattr(row, field.attname) for field in fields)
                copy.write_row([Jsonb(each) if isinstance(each, dict) else each for each in values])
    with psycopg.connect(user="postgres", dbname=connection.settings_dict["NAME"], autocommit=True, **where) as vacuum:
        vacuum.execute(f"ANALYZE {model._meta.db_table}")


def seconds(began: float) -> float:
    return time.perf_counter() - began


@pytest.mark.long
@pytest.mark.timeout(2_400)
@pytest.mark.django_db(transaction=True)
def test_a_million_events_verify_in_under_a_minute(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    write(Attendance, stays(tenant), tenant)
    write(AuditEvent, sealed(events(tenant)), tenant)
    record(tenant, UNSEALED, now=now())

    began = time.perf_counter()
    assert seal(tenant) == UNSEALED
    sealed_in = seconds(began)

    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    report = verify_tenant(tenant)
    verified_in, cpu = seconds(began), time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024

    assert (report.events, report.attendances, report.findings.lines()) == (EVENTS + UNSEALED, STAYS, [])
    with capsys.disabled():
        sys.stdout.write(
            f"\n{connection.vendor}: {report.events:,} events, {STAYS:,} attendances verified in {verified_in:.1f} s, "
            f"{cpu:.1f} s of it our own CPU; memory + {grown:.1f} MB; {UNSEALED:,} sealed in {sealed_in:.1f} s\n"
        )
    assert verified_in < LONGEST_S
    assert grown < MOST_GROWTH_MB
