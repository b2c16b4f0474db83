"""Which names the logs hold: PostgreSQL's triggers write it, a nightly task forgets what is gone."""

import pytest
from django.db import connection

from audit.models import Attendance, AuditEvent, LogTerm
from audit.terms import forget_terms
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.records import NOON, join, make_attendance

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite compares every row instead")


def terms(tenant: Tenant) -> set[tuple[str, str, str]]:
    return set(LogTerm.objects.for_tenant(tenant).values_list("kind", "key", "text"))


def test_every_record_leaves_its_names_once(tenant: Tenant) -> None:
    with tenant_context(tenant):
        for _time in range(2):
            join(tenant, user_id="user-x", login_id="sato", name="佐藤")
    assert terms(tenant) == {
        ("person", "sato", "佐藤"),
        ("room", "room", "Board room"),
        ("ip", "", "192.0.2.10"),
        ("action", "", "attendance_opened"),
        ("actor", "user-x", "佐藤"),
        ("target", "room", "Board room"),
    }


def test_record_without_address_or_names_leaves_none(tenant: Tenant) -> None:
    AuditEvent.objects.create(tenant=tenant, occurred_at=NOON, action="reaped")
    assert terms(tenant) == {("action", "", "reaped")}


def test_names_without_a_record_are_forgotten_and_the_others_stay(tenant: Tenant, other_tenant: Tenant) -> None:
    for name, room, address in (("Sato", "one", "192.0.2.1"), ("Mori", "two", "192.0.2.2")):
        make_attendance(tenant, name=name, room_id=room, ip_address=address)
        make_attendance(other_tenant, name=name, room_id=room, ip_address=address)
    AuditEvent.objects.create(tenant=tenant, occurred_at=NOON, action="seen", ip_address="192.0.2.2")
    Attendance.objects.for_tenant(tenant).filter(name="Mori").delete()
    before = terms(other_tenant)
    assert forget_terms(tenant) == 2
    assert terms(tenant) == {
        ("person", "sato", "Sato"),
        ("room", "one", "Board room"),
        ("ip", "", "192.0.2.1"),
        ("ip", "", "192.0.2.2"),
        ("action", "", "seen"),
    }
    assert terms(other_tenant) == before


def test_triggers_are_on_both_tables(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit_learn_terms' AND tgparentid = 0"
        )
        assert {name for (name,) in cursor.fetchall()} == {"audit_attendance", "audit_auditevent"}
