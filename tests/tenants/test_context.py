import pytest
from django.db import connection

from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant
from tests.database import strictly

only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="row-level security is PostgreSQL's")
only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite's write lock")


def announced() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('liveon.tenant', true)")
        return cursor.fetchone()[0] or ""


def test_tenant_is_current_inside_and_not_after(tenant: Tenant) -> None:
    assert current_tenant() is None
    with tenant_context(tenant) as inside:
        assert current_tenant() is inside is tenant
    assert current_tenant() is None


def test_inner_context_gives_way_to_the_outer_one(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_context(tenant):
        with tenant_context(other_tenant):
            assert current_tenant() == other_tenant
        assert current_tenant() == tenant


def test_context_ends_with_an_error_too(tenant: Tenant) -> None:
    with pytest.raises(LookupError), tenant_context(tenant):
        raise LookupError
    assert current_tenant() is None


@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_reading_takes_no_write_lock() -> None:
    tenant = Tenant.objects.create(slug="acme", name="Acme", admintool_key_hash="x")
    with tenant_context(tenant):
        assert not connection.in_atomic_block


@only_postgresql
@strictly
@pytest.mark.django_db(transaction=True)
def test_database_knows_the_tenant_for_the_transaction_only() -> None:
    tenant = Tenant.objects.create(slug="acme", name="Acme", admintool_key_hash="x")
    with tenant_context(tenant):
        assert connection.in_atomic_block
        assert announced() == str(tenant.pk)
    assert announced() == ""


@only_postgresql
@strictly
def test_database_knows_the_outer_tenant_again_after_an_inner_one(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_context(tenant):
        with tenant_context(other_tenant):
            assert announced() == str(other_tenant.pk)
        assert announced() == str(tenant.pk)
        with pytest.raises(LookupError), tenant_context(other_tenant):
            raise LookupError
        assert announced() == str(tenant.pk)
    assert announced() == ""
