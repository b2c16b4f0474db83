"""Narrow questions across tenants: what the web process may ask before, or without, knowing a tenant.

On PostgreSQL each is a SECURITY DEFINER function of the owner that takes a value and returns ids: under row-level
security the web process could not ask otherwise. On SQLite it is the same query. Apps keep theirs in `lookups.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from tenants.models import Tenant

LOOKUPS: "list[Lookup]" = []


@dataclass(frozen=True)
class Lookup:
    """`query` is SQL of both databases, with `%s` for each of `parameters` (PostgreSQL's types).

    It yields `columns`, all of them ids or counts: no lookup tells what a row says.
    """

    name: str
    query: str
    parameters: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("tenant",)

    @property
    def function(self) -> str:
        return f"liveon_{self.name}"

    @property
    def signature(self) -> str:
        return f"{self.function}({', '.join(self.parameters)})"

    def rows(self, *arguments: object) -> list[tuple[int, ...]]:
        """What the query yields for these arguments."""
        query = self.query
        if connection.vendor == "postgresql":
            query = f"SELECT * FROM {self.function}({', '.join(['%s'] * len(arguments))})"  # noqa: S608 (its own name)
        with connection.cursor() as cursor:
            cursor.execute(query, [_plain(each) for each in arguments])
            return [tuple(row) for row in cursor.fetchall()]

    def tenants(self, *arguments: object) -> list[Tenant]:
        """The tenants that the first column names, suspended ones too."""
        wanted = [row[0] for row in self.rows(*arguments)]
        return list(Tenant.objects.filter(pk__in=wanted).order_by("pk")) if wanted else []

    def tenant(self, *arguments: object) -> Tenant | None:
        """The only tenant, or None."""
        return next(iter(self.tenants(*arguments)), None)


def lookup(name: str, query: str, *parameters: str, columns: tuple[str, ...] = ("tenant",)) -> Lookup:
    """A `Lookup` that `migrate` knows of."""
    found = Lookup(name, query, parameters, columns)
    LOOKUPS.append(found)
    return found


def define_lookups(cursor: CursorWrapper) -> None:
    """Write every lookup into PostgreSQL as it is now, for nobody yet: `tenants/roles.py` says who may call it."""
    cursor.execute("SELECT quote_ident(current_schema())")
    [(schema,)] = cursor.fetchall()
    for each in LOOKUPS:
        cursor.execute(_definition(each, schema))
        cursor.execute(f"REVOKE ALL ON FUNCTION {each.signature} FROM PUBLIC")


def _definition(lookup: Lookup, schema: str) -> str:
    """`liveon.tenant` cannot stand in the function's SET clause: PostgreSQL lets only superusers write it there."""
    returns = ", ".join(f"{column} bigint" for column in lookup.columns)
    numbers = count(1)
    query = "".join(f"${next(numbers)}" if part == "%s" else part for part in _parts(lookup.query))
    return f"""
        CREATE OR REPLACE FUNCTION {lookup.signature} RETURNS TABLE ({returns})
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $body$
        #variable_conflict use_column
        DECLARE
            before text := coalesce(current_setting('liveon.tenant', true), '');
        BEGIN
            PERFORM set_config('liveon.tenant', 'system', true);
            RETURN QUERY {query};
            PERFORM set_config('liveon.tenant', before, true);
        END
        $body$"""


def _parts(query: str) -> list[str]:
    """`query` cut at its `%s`, which stay as parts of their own."""
    pieces = query.split("%s")
    return [part for piece in pieces for part in (piece, "%s")][:-1]


def _plain(value: object) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
