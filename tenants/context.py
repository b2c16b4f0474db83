"""tenant_context: the scope in which a tenant's rows are read and written. system_context: that of all tenants."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from tenants.models import Tenant

SYSTEM = "system"  # what `liveon.tenant` says in a system_context

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
    token = _current.set(tenant)
    try:
        if connection.vendor == "postgresql":
            with _transaction_as(str(tenant.pk)):
                yield tenant
        else:
            yield tenant
    finally:
        _current.reset(token)


@contextmanager
def system_context() -> Iterator[None]:
    """Read and write rows of every tenant: operators' commands and scheduled work, never the web process.

    On PostgreSQL a transaction in which row-level security lets the system role through (docs/operations.md); on
    SQLite nothing.
    """
    if connection.vendor == "postgresql":
        with _transaction_as(SYSTEM):
            yield
    else:
        yield


@contextmanager
def _transaction_as(whose: str) -> Iterator[None]:
    """A transaction, or a savepoint, in which `liveon.tenant` is `whose`; afterwards it is what it was before."""
    inside_another = connection.in_atomic_block
    with transaction.atomic():
        before = _announce(whose)
        yield
        if inside_another:  # a savepoint that is released keeps the setting; one that is rolled back restores it
            _announce(before)


def _announce(whose: str) -> str:
    """Set whose rows this transaction sees; returns whose it saw before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('liveon.tenant', true), ''), set_config('liveon.tenant', %s, true)",
            [whose],
        )
        return str(cursor.fetchone()[0])
