"""tenant_context: the scope in which a tenant's rows are read and written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from tenants.models import Tenant

_current: ContextVar[Tenant | None] = ContextVar("tenant", default=None)


def current_tenant() -> Tenant | None:
    """The tenant of the innermost `tenant_context`, or None outside of one."""
    return _current.get()


@contextmanager
def tenant_context(tenant: Tenant) -> Iterator[Tenant]:
    """Read and write rows of `tenant`.

    On PostgreSQL this is a transaction that carries `liveon.tenant` for row-level security; the setting is
    transaction-local, so that a pooled connection never keeps it. On SQLite, where a transaction takes the
    write lock at once, it opens none: a service that writes opens its own.
    """
    outer = _current.get()
    token = _current.set(tenant)
    try:
        if connection.vendor == "postgresql":
            with _transaction_of(tenant, outer):
                yield tenant
        else:
            yield tenant
    finally:
        _current.reset(token)


@contextmanager
def _transaction_of(tenant: Tenant, outer: Tenant | None) -> Iterator[None]:
    inside_another = connection.in_atomic_block
    with transaction.atomic():
        _announce(tenant)
        yield
        if inside_another:  # a savepoint that is released keeps the setting; one that is rolled back restores it
            _announce(outer)


def _announce(tenant: Tenant | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('liveon.tenant', %s, true)", [str(tenant.pk) if tenant else ""])
