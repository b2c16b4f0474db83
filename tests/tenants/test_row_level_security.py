"""What PostgreSQL shows and lets through, asked in raw SQL: our own filters are not what is tested here."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction

from accounts.models import User
from audit.events import record_event
from audit.models import Attendance
from conferences.models import Room
from tenants.context import system_context, tenant_context
from tenants.models import Tenant
from tenants.policies import rules
from tests.audit.records import make_attendance
from tests.database import connected, strictly
from tests.factories import make_room, make_tenant, make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="row-level security is PostgreSQL's"),
]
APP, SYSTEM = {"USER": "liveon_app"}, {"USER": "liveon_system"}


def ask(query: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def people() -> list[str]:
    return [login_id for (login_id,) in ask("SELECT login_id FROM accounts_user ORDER BY 1")]


def refused(query: str, *values: object) -> str:
    """The reason for which PostgreSQL refuses `query`."""
    with pytest.raises(Error) as error, transaction.atomic():
        ask(query, *values)
    return str(error.value)


@pytest.fixture
def acme() -> Tenant:
    return tenant_with("acme", "aoki")


@pytest.fixture
def globex() -> Tenant:
    return tenant_with("globex", "sato")


def tenant_with(slug: str, login_id: str) -> Tenant:
    tenant = make_tenant(slug)
    user = make_user(tenant, login_id)
    make_room(tenant, slug, hosts=(user,))
    with tenant_context(tenant):
        record_event(tenant, "told")
    return tenant


@strictly
def test_every_table_of_tenants_is_forced_to_its_policy():
    state = {
        name: (secure, forced, policies)
        for name, secure, forced, policies in ask(
            """SELECT relname, relrowsecurity, relforcerowsecurity,
                      ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY 1)
               FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"""
        )
    }
    wanted = {name: (True, True, ["liveon_system", "liveon_tenant"]) for name in rules()}
    assert {name: state[name] for name in rules()} == wanted
    partitions = [name for name in state if name.startswith(("audit_attendance_", "audit_bandwidthsample_"))]
    assert len(partitions) >= 10
    assert {name: state[name] for name in partitions} == dict.fromkeys(partitions, (True, True, []))


def test_rules_reach_join_tables_and_libraries_that_name_a_user():
    named = set(rules())
    assert {"accounts_user_groups", "conferences_room_hosts", "usersessions_usersession", "mfa_authenticator"} <= named
    assert {"account_emailaddress", "account_emailconfirmation"} <= named  # the second by way of the first
    assert not {"tenants_tenant", "django_session", "conferences_mediaworker", "audit_auditkey"} & named


@strictly
def test_without_a_tenant_there_are_no_rows_to_see_or_write(acme):
    assert people() == []
    assert ask("SELECT * FROM conferences_room_hosts") == []
    assert ask("UPDATE accounts_user SET name = 'x' RETURNING id") == []
    assert ask("DELETE FROM conferences_room_hosts RETURNING id") == []
    assert "row-level security" in refused(
        "INSERT INTO accounts_group (tenant_id, public_id, name) VALUES (%s, 'x', 'x')", acme.pk
    )
    for nonsense in ("", "0", "-1", "1 OR 1=1", "9" * 30, "everybody"):
        ask("SELECT set_config('liveon.tenant', %s, false)", nonsense)
        assert people() == []


@strictly
def test_a_tenant_s_context_shows_and_changes_its_rows_only(acme, globex):
    with tenant_context(acme):
        assert people() == ["aoki"]
        assert [room.name for room in Room.objects.all()] == ["acme"]
        assert len(ask("SELECT * FROM conferences_room_hosts")) == 1
        assert len(ask("UPDATE accounts_user SET name = 'x' RETURNING id")) == 1
    with tenant_context(globex):
        assert User.objects.get().name == "Sato"


@strictly
def test_rows_of_another_tenant_can_be_neither_added_nor_moved_there(acme, globex):
    with tenant_context(acme):
        room = Room.objects.get()
        insert = "INSERT INTO accounts_group (tenant_id, public_id, name) VALUES (%s, 'x', 'x')"
        assert "row-level security" in refused(insert, globex.pk)
        assert "row-level security" in refused("UPDATE accounts_user SET tenant_id = %s", globex.pk)
    with tenant_context(globex):
        stranger = User.objects.get()
    with tenant_context(acme):
        host = "INSERT INTO conferences_room_hosts (room_id, user_id) VALUES (%s, %s)"
        assert "row-level security" in refused(host, room.pk, stranger.pk)


@strictly
def test_two_tenants_alternate_on_one_pooled_connection(acme, globex):
    seen, backends = [], set()
    with connected(OPTIONS={"pool": {"min_size": 1, "max_size": 1}}) as pooled:
        for tenant in (acme, globex, acme, globex):
            with tenant_context(tenant):
                seen += people()
                backends |= set(ask("SELECT pg_backend_pid()"))
            assert people() == []
            pooled.close()  # back into the pool
            assert people() == []
        for fault in (LookupError, KeyboardInterrupt):
            with pytest.raises(fault), tenant_context(acme):
                raise fault
            assert people() == []
        with pytest.raises(Error), tenant_context(acme):
            ask("SELECT 1 / 0")
        assert people() == []
        assert backends == set(ask("SELECT pg_backend_pid()"))
    assert seen == ["aoki", "sato", "aoki", "sato"]


@strictly
def test_the_outer_tenant_is_back_after_a_savepoint_that_is_rolled_back(acme, globex):
    with tenant_context(acme):
        with pytest.raises(Error), tenant_context(globex):
            assert people() == ["sato"]
            ask("SELECT 1 / 0")
        assert people() == ["aoki"]
        with pytest.raises(LookupError), transaction.atomic(), tenant_context(globex):
            raise LookupError
        assert people() == ["aoki"]


@strictly
def test_system_context_sees_every_tenant_until_its_end(acme, globex):
    with system_context():
        assert people() == ["aoki", "sato"]
        with tenant_context(acme):
            assert people() == ["aoki"]
        assert people() == ["aoki", "sato"]
    assert people() == []


@pytest.fixture
def three_roles(acme: Tenant, globex: Tenant) -> Iterator[None]:
    """The hardened installation: granted as `database_roles` does it."""

    call_command("database_roles", app="liveon_app", system="liveon_system", verbosity=0)
    yield


def test_app_role_works_in_a_tenant_s_context_and_nowhere_else(three_roles, acme):
    with connected(**APP):
        assert people() == []
        with tenant_context(acme):
            assert people() == ["aoki"]
            record_event(acme, "told")
            assert len(ask("SELECT * FROM audit_auditevent")) == 2
        with system_context():
            assert people() == []


def test_app_role_cannot_become_another_or_change_the_rules(three_roles):
    with connected(**APP):
        for role in ("liveon", "liveon_system", "postgres"):
            assert "permission denied" in refused(f"SET ROLE {role}")
        assert "must be owner" in refused("ALTER TABLE accounts_user DISABLE ROW LEVEL SECURITY")
        assert "must be owner" in refused("DROP POLICY liveon_tenant ON accounts_user")
        assert "must be owner" in refused("CREATE POLICY mine ON accounts_user USING (true)")
        assert "permission denied" in refused(
            "CREATE OR REPLACE FUNCTION liveon_tenant() RETURNS bigint AS '' LANGUAGE sql"
        )
        assert "permission denied" in refused("CREATE TABLE mine (id int)")
        assert "row-level security" in refused("SET row_security = off; SELECT * FROM accounts_user")


def test_app_role_cannot_rewrite_history(three_roles, acme):
    with connected(**APP), tenant_context(acme):
        for act in (
            "UPDATE audit_auditevent SET action = 'x'",
            "UPDATE audit_auditevent SET seq = 1, hash = 'x'",
            "DELETE FROM audit_auditevent",
            "TRUNCATE audit_auditevent",
            "INSERT INTO audit_audithead (tenant_id, day) VALUES (1, now())",
            "DELETE FROM audit_attendance",
            "INSERT INTO tenants_tenant (slug) VALUES ('x')",
        ):
            assert "permission denied" in refused(act), act


def test_app_role_reaches_no_partition_and_makes_or_drops_no_month(three_roles):
    with connected(**APP):
        partitions = ask(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_attendance'::regclass"
        )
        assert partitions
        for (name,) in partitions:
            assert "permission denied" in refused(f"SELECT * FROM {name}")
        assert "permission denied" in refused("SELECT liveon_make_partitions(1)")
        assert "permission denied" in refused("SELECT liveon_drop_month('audit_attendance', '2020-01-01')")


def test_lookups_tell_the_app_role_ids_and_leave_it_where_it_was(three_roles, acme, globex):
    with connected(**APP):
        with tenant_context(globex):
            stranger = User.objects.get()
        assert ask("SELECT * FROM liveon_tenant_of_user(%s)", stranger.pk) == [(globex.pk,)]
        assert people() == []
        with tenant_context(acme):
            assert ask("SELECT * FROM liveon_tenant_of_user(%s)", stranger.pk) == [(globex.pk,)]
            assert people() == ["aoki"]
        assert ask("SELECT * FROM liveon_tenant_of_user(0)") == []


def test_system_role_sees_all_in_its_context_and_may_delete_but_owns_nothing(three_roles, acme):
    make_attendance(acme)
    with connected(**SYSTEM):
        assert people() == []
        with system_context():
            assert people() == ["aoki", "sato"]
            assert Attendance.objects.all().delete()[0] == 1
        assert "must be owner" in refused("DROP TABLE audit_auditevent")
        assert "permission denied" in refused("SET ROLE liveon")


def test_roles_are_granted_again_without_a_change(three_roles, capsys):

    call_command("database_roles", app="liveon_app", system="liveon_system")
    assert "Nothing to do" in capsys.readouterr().out


def test_unsafe_roles_are_refused(acme):

    with pytest.raises(CommandError, match="superuser"):
        call_command("database_roles", app="postgres", system="liveon_system")
    with pytest.raises(CommandError, match="three different"):
        call_command("database_roles", app="liveon", system="liveon_system")
    with pytest.raises(CommandError, match="no role"):
        call_command("database_roles", app="nobody_at_all", system="liveon_system")
