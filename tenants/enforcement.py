"""Everything that PostgreSQL is told after a migration, so that it keeps tenants apart."""

from django.db import connection, transaction

from tenants.narrow import define_lookups
from tenants.policies import enforce_policies
from tenants.roles import Roles, configured_roles, grant, refuse_unsafe


def enforce(roles: Roles | None = None) -> list[str]:
    """Define lookups, policies and (with three roles) grants; what was changed. Again is nothing.

    To be run as the owner of the tables. `roles`: those of the environment when not given. Raises UnsafeRole.
    """
    if connection.vendor != "postgresql":
        return []
    roles = roles or configured_roles()
    with connection.cursor() as cursor:
        if roles is not None:
            refuse_unsafe(cursor, roles)
        cursor.execute("SELECT current_user")
        [(owner,)] = cursor.fetchall()
        with transaction.atomic():
            define_lookups(cursor)
        secured = enforce_policies(cursor, system_roles=[owner, *([roles.system] if roles else [])])
        granted = grant(cursor, roles) if roles is not None else []
    return [*(f"row-level security on {table}" for table in secured), *granted]
