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
    token = _current.set(tenant)
    try:
        if connection.vendor != "postgresql":
            yield tenant
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('liveon.tenant', %s, true)", [str(tenant.pk)])
            yield tenant
    finally:
        _current.reset(token)
