"""Rules and whom they concern stand still while somebody enters.

Without it a person who is being let in by the old rules could slip past the change that puts everybody out.
"""

from zlib import crc32

from django.db import connection, transaction

from tenants.models import Tenant

# Signed 32-bit numbers; PostgreSQL keeps pairs apart from single numbers.
_ACCESS, _COUNTS = (crc32(name) - 2**31 for name in (b"access", b"counts"))


def lock_access(tenant: Tenant) -> None:
    """Nobody enters until this transaction ends; waits for those who are about to. Comes before every other lock."""
    _lock("pg_advisory_xact_lock", _ACCESS, tenant)


def count_alone(tenant: Tenant) -> None:
    """Nobody else decides by what the organisation uses until this transaction ends. Comes after a room's lock."""
    _lock("pg_advisory_xact_lock", _COUNTS, tenant)


def share_access(tenant: Tenant) -> None:
    """No rule changes until this transaction ends. Many may hold it at once."""
    _lock("pg_advisory_xact_lock_shared", _ACCESS, tenant)


def _lock(function: str, namespace: int, tenant: Tenant) -> None:
    """SQLite needs none: its transactions come one after the other."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("This lock belongs into a transaction.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [namespace, tenant.pk])
