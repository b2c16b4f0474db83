"""Row-level security: which rows of which tables PostgreSQL shows to whom (docs/adr/0015).

Two policies a table. `liveon_tenant`, for everybody: the rows of the tenant that `liveon.tenant` names, and without one
none. `liveon_system`, for the owner and the system role only: every row while `liveon.tenant` is `system`. Both read
and write. Partitions have none: their rows are reached through their parent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.apps import apps
from django.db import models, transaction
from django.db.backends.utils import CursorWrapper

from tenants.context import SYSTEM
from tenants.models import TenantOwned

TENANT_FUNCTION = """
    CREATE OR REPLACE FUNCTION liveon_tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $body$
        SELECT CASE
            WHEN current_setting('liveon.tenant', true) ~ '^[0-9]{1,18}$'
            THEN current_setting('liveon.tenant', true)::bigint
        END
    $body$"""
# In a subquery PostgreSQL evaluates them once a query, not once a row.
OWN_ROW = "tenant_id = (SELECT liveon_tenant())"
EVERY_ROW = f"(SELECT current_setting('liveon.tenant', true) = '{SYSTEM}')"

Model = type[models.Model]
Policies = dict[str, tuple[str, list[str]]]  # name → condition, roles


class Rule(NamedTuple):
    """A table's condition, and the columns that it reads."""

    condition: str
    columns: set[str]


@dataclass
class Table:
    """What PostgreSQL has: whether security is on and forced, the columns, and the policies."""

    is_secure: bool
    is_partition: bool
    columns: set[str]
    policies: Policies = field(default_factory=dict)


def rules() -> dict[str, Rule]:
    """The tables with rows of tenants → under which condition a row is the present tenant's.

    A model that is not tenant-owned but cannot be without a row that is (a join table, a library's table with a user)
    shares that row's tenant.
    """
    owned = _owned_models()
    return {model._meta.db_table: _rule(model, owned) for model in owned}


def enforce_policies(cursor: CursorWrapper, *, system_roles: Iterable[str]) -> list[str]:
    """Bring every table to what this file says; the names of those that were not. `system_roles`: owner included.

    A transaction per table, so that a running installation waits for one table at a time.
    """
    cursor.execute(TENANT_FUNCTION)
    changed = []
    tables = _tables(cursor)
    for name, rule in sorted(rules().items()):
        if name in tables and rule.columns <= tables[name].columns:  # or it is an older state of the database
            wanted = {"liveon_tenant": (rule.condition, ["public"]), "liveon_system": (EVERY_ROW, sorted(system_roles))}
            changed += _enforce(cursor, name, tables[name], wanted)
    for name, table in tables.items():
        if table.is_partition:
            changed += _enforce(cursor, name, table, {})
    return changed


def _owned_models() -> list[Model]:
    everything = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    owned: list[Model] = [model for model in everything if issubclass(model, TenantOwned)]
    while more := [model for model in everything if model not in owned and _keys_into(model, owned)]:
        owned += more
    return owned


def _keys_into(model: Model, owned: list[Model]) -> list[models.ForeignKey]:
    keys = [each for each in model._meta.concrete_fields if isinstance(each, models.ForeignKey) and not each.null]
    return [each for each in keys if each.related_model in owned]


def _rule(model: Model, owned: list[Model]) -> Rule:
    if issubclass(model, TenantOwned):
        return Rule(OWN_ROW, {"tenant_id"})
    table, keys = model._meta.db_table, _keys_into(model, owned)
    return Rule(" AND ".join(_visible(table, key) for key in keys), {key.column for key in keys})


def _visible(table: str, key: models.ForeignKey) -> str:
    """The row that `key` names is one that the present tenant sees."""
    other, column = key.target_field.model._meta.db_table, key.target_field.column
    return f"EXISTS (SELECT FROM {other} whose WHERE whose.{column} = {table}.{key.column})"


def _tables(cursor: CursorWrapper) -> dict[str, Table]:
    cursor.execute("""
        SELECT relname, relrowsecurity AND relforcerowsecurity, relispartition,
               ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0)
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')""")
    found = {name: Table(secure, partition, set(columns)) for name, secure, partition, columns in cursor.fetchall()}
    cursor.execute("""
        SELECT relname, polname, coalesce(obj_description(pg_policy.oid, 'pg_policy'), ''),
               ARRAY(SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role)::text END
                     FROM unnest(polroles) role ORDER BY 1)
        FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
        WHERE relnamespace = current_schema()::regnamespace""")
    for name, policy, condition, roles in cursor.fetchall():
        found[name].policies[policy] = (condition, roles)
    return found


def _enforce(cursor: CursorWrapper, name: str, table: Table, wanted: Policies) -> list[str]:
    """A policy's comment holds its condition as we wrote it: PostgreSQL keeps only its own reading of it."""
    if table.is_secure and table.policies == wanted:
        return []
    with transaction.atomic(using=cursor.db.alias):
        for policy in table.policies:
            cursor.execute(f'DROP POLICY "{policy}" ON "{name}"')
        for policy, (condition, roles) in wanted.items():
            cursor.execute(f'CREATE POLICY {policy} ON "{name}" TO {names(roles)} USING ({condition})')
            comment = condition.replace("'", "''")
            cursor.execute(f"COMMENT ON POLICY {policy} ON \"{name}\" IS '{comment}'")
        cursor.execute(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
    return [name]


def names(roles: Iterable[str]) -> str:
    """Roles as SQL writes them."""
    return ", ".join("PUBLIC" if role == "public" else '"{}"'.format(role.replace('"', '""')) for role in roles)
