"""Months of attendance and bandwidth on PostgreSQL; SQLite keeps plain tables."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.models import Attendance, BandwidthSample
from audit.partitions import TIME_COLUMNS, MonthTooYoung, drop_month, make_partitions, partition_months
from audit.tasks import make_partitions_monthly
from tenants.models import Tenant
from tests.audit.records import join, make_attendance, make_sample

ROOT = Path(__file__).parents[2]
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="partitions are PostgreSQL's")
only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite keeps plain tables")


def ask(query: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def partition_of(row: Attendance | BandwidthSample) -> str:
    [(name,)] = ask(f"SELECT tableoid::regclass::text FROM {row._meta.db_table} WHERE id = %s", row.pk)
    return name


def make_month(model: type[Attendance | BandwidthSample], month: date) -> None:
    """A month of the past, as it was made when it was to come. What a test wrote before is checked first."""
    ask("SET CONSTRAINTS ALL IMMEDIATE")
    ask("SELECT liveon_make_partition(%s, %s, %s)", model._meta.db_table, TIME_COLUMNS[model], month)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@only_sqlite
@pytest.mark.django_db
def test_sqlite_has_no_months() -> None:
    assert partition_months(Attendance) == []
    assert make_partitions() == []


@only_postgresql
@pytest.mark.django_db
def test_this_month_and_the_next_three_are_there_after_migrate() -> None:
    first = timezone.now().astimezone(UTC).date().replace(day=1)
    wanted = [
        date(first.year + (first.month + more - 1) // 12, (first.month + more - 1) % 12 + 1, 1) for more in range(4)
    ]
    for model in (Attendance, BandwidthSample):
        assert partition_months(model)[-4:] == wanted
    assert make_partitions() == []


@only_postgresql
@pytest.mark.django_db
def test_celery_makes_the_months_to_come(tenant: Tenant) -> None:
    with transaction.atomic():
        ask("SET CONSTRAINTS ALL IMMEDIATE")
        ask(f"DROP TABLE audit_attendance_{partition_months(Attendance)[-1]:%Y_%m}")
        before = len(partition_months(Attendance))
        make_partitions_monthly()
        assert len(partition_months(Attendance)) == before + 1


@only_postgresql
@pytest.mark.django_db
def test_row_that_comes_before_its_month_moves_when_the_month_is_made(tenant: Tenant) -> None:
    last, first = at("2019-02-28T23:59:59.999999"), at("2019-03-01T00:00:00")
    rows = [make_attendance(tenant, joined_at=moment) for moment in (last, first)]
    assert {partition_of(row) for row in rows} == {"audit_attendance_default"}
    make_month(Attendance, date(2019, 3, 1))
    assert [partition_of(row) for row in rows] == ["audit_attendance_default", "audit_attendance_2019_03"]
    assert {row.pk for row in rows} == set(Attendance.objects.values_list("pk", flat=True))


@only_postgresql
@pytest.mark.django_db
def test_new_month_is_forced_to_row_level_security_and_granted_to_nobody(tenant: Tenant) -> None:
    make_month(Attendance, date(2019, 3, 1))
    row = make_attendance(tenant, joined_at=at("2019-03-05"))
    assert partition_of(row) == "audit_attendance_2019_03"
    assert ask("SELECT * FROM audit_attendance_2019_03") == []  # not even for the owner: only through the whole table
    state = "SELECT relforcerowsecurity, relacl FROM pg_class WHERE relname = 'audit_attendance_2019_03'"
    assert ask(state) == [(True, None)]


@only_postgresql
@pytest.mark.django_db
def test_month_goes_with_its_rows_of_every_tenant_and_no_others(tenant: Tenant, other_tenant: Tenant) -> None:
    make_month(BandwidthSample, date(2019, 3, 1))
    attendance, other = make_attendance(tenant), make_attendance(other_tenant)
    kept = make_sample(attendance, at("2019-04-01"))
    make_sample(attendance, at("2019-03-01")), make_sample(other, at("2019-03-31T23:59"))
    ask("SET CONSTRAINTS ALL IMMEDIATE")
    drop_month(BandwidthSample, date(2019, 3, 1))
    assert list(BandwidthSample.objects.all()) == [kept]
    assert date(2019, 3, 1) not in partition_months(BandwidthSample)
    drop_month(BandwidthSample, date(2019, 3, 1))  # again is nothing


@only_postgresql
@pytest.mark.django_db
def test_young_month_is_dropped_by_nobody(tenant: Tenant) -> None:
    young = (timezone.now() - timedelta(days=366)).date().replace(day=1)
    for month in (partition_months(Attendance)[-1], young):
        with pytest.raises(MonthTooYoung):
            drop_month(Attendance, month)
        with pytest.raises(Error, match="younger than 365 days"), transaction.atomic():
            ask("SELECT liveon_drop_month('audit_attendance', %s)", month)
    with pytest.raises(Error, match="not kept by month"), transaction.atomic():
        ask("SELECT liveon_drop_month('audit_auditevent', '2019-01-01')")


@pytest.mark.django_db
@pytest.mark.parametrize("again", ["2019-03-10", "2019-05-01"])
def test_participant_has_one_attendance_whatever_the_month(tenant: Tenant, again: str) -> None:
    join(tenant, participant_id="one", joined_at=at("2019-03-09"))
    with pytest.raises(IntegrityError), transaction.atomic():
        join(tenant, participant_id="one", joined_at=at(again))
    assert Attendance.objects.count() == 1


@pytest.mark.django_db
def test_minute_is_added_to_in_its_own_month(tenant: Tenant) -> None:
    joined = timezone.now().replace(second=0, microsecond=0)
    join(tenant, participant_id="one", joined_at=joined)
    for now in (joined, joined + timedelta(seconds=30), joined + timedelta(days=40)):
        add_bandwidth([BandwidthDelta("one", 1, 2, 3, 4)], now=now)
    assert list(BandwidthSample.objects.order_by("minute").values_list("bytes_in", flat=True)) == [2, 1]
    assert Attendance.objects.get().bytes_in == 3


@pytest.fixture
def old_database() -> Iterator[dict[str, str]]:
    """The environment of an installation whose tables are not yet kept by month."""
    settings = connection.settings_dict
    name = "liveon_before_partitions"
    address = f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        url = {"LIVEON_DATABASE_URL": f"{address}/{name}", "LIVEON_PUBLIC_URL": "http://localhost:8000"}
        yield os.environ | url
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@only_postgresql
@pytest.mark.timeout(300)
@pytest.mark.django_db
def test_migration_moves_what_is_there(old_database: dict[str, str]) -> None:
    def migrate(*words: str) -> None:
        command = [sys.executable, "manage.py", "migrate", *words, "-v", "0"]
        subprocess.run(command, cwd=ROOT, env=old_database, check=True)

    migrate("audit", "0005")
    with psycopg.connect(old_database["LIVEON_DATABASE_URL"], autocommit=True) as database:
        database.execute("SET liveon.tenant = 'system'")
        database.execute(ROWS_OF_BEFORE)
    migrate()
    with psycopg.connect(old_database["LIVEON_DATABASE_URL"], autocommit=True) as database:
        database.execute("SET liveon.tenant = 'system'")
        months = "SELECT tableoid::regclass::text, count(*) FROM {} GROUP BY 1 ORDER BY 1"
        assert database.execute(months.format("audit_attendance")).fetchall() == [
            ("audit_attendance_2024_12", 1),
            ("audit_attendance_2025_01", 2),
        ]
        assert database.execute(months.format("audit_bandwidthsample")).fetchall() == [
            ("audit_bandwidthsample_2025_01", 1)
        ]
        assert database.execute("SELECT nextval('audit_attendance_id_seq')").fetchone() == (4,)
        triggers = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_attendance'::regclass AND NOT tgisinternal"
        assert database.execute(triggers).fetchall() == [("audit_learn_terms",)]


ROWS_OF_BEFORE = """
    INSERT INTO tenants_tenant
        (public_id, slug, name, is_active, time_zone, retention_days, admintool_key_hash, created_at)
    VALUES ('acme', 'acme', 'Acme', true, 'Asia/Tokyo', 365, 'x', now());

    INSERT INTO audit_attendance
        (tenant_id, public_id, participant_id, meeting_id, room_id, room_name, user_id, login_id, name, is_guest,
         user_agent, joined_at, last_seen_at, leave_reason, ended_by, reconnects, bytes_in, bytes_out)
    SELECT tenants_tenant.id, moment, moment, 'm', 'r', 'Room', 'u', 'sato', 'Sato', false,
           '', moment::timestamptz, moment::timestamptz, '', '', 0, 0, 0
    FROM tenants_tenant, unnest(ARRAY['2024-12-31T23:59:59Z', '2025-01-01T00:00:00Z', '2025-01-31T12:00:00Z']) moment;

    INSERT INTO audit_bandwidthsample
        (tenant_id, attendance_id, minute, room_id, room_name, login_id, name,
         bytes_in, bytes_out, packets_in, packets_out)
    SELECT tenant_id, id, joined_at, room_id, room_name, login_id, name, 1, 2, 3, 4
    FROM audit_attendance WHERE public_id = '2025-01-01T00:00:00Z';
"""
