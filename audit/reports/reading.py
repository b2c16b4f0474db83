"""The first rows of a search in the order of time, however rare what is looked for (docs/adr/0021).

What is frequent is among the newest rows: they are looked through first. What is rare would make that read the whole
log. So on PostgreSQL a search that comes to few whole names takes the first rows of each name, which an index gives
in order, and merges them. Of several conditions the one with the fewest rows (the planner's estimate) leads.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from audit.reports.finding import Found, Wanted
from audit.reports.logs import Log

FEW = 10  # names whose first rows are soon merged
LOOKED_THROUGH = 5_000  # rows: some milliseconds
STRETCHES = (31, 124)  # days


class Position(NamedTuple):
    """Where a row stands in its log."""

    at: datetime
    pk: int


@dataclass(frozen=True)
class Course:
    """Through a log, from behind `position` on: newest first, or (`newer`) oldest first."""

    log: Log
    position: Position | None = None
    newer: bool = False

    def __call__(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """`rows` in this order, from there on."""
        time, way, sign = self.log.time, "gt" if self.newer else "lt", "" if self.newer else "-"
        if self.position:  # the first condition is what an index understands
            rows = rows.filter((f"{time}__{way}e", self.position.at))
            rows = rows.filter(Q((f"{time}__{way}", self.position.at)) | Q((f"pk__{way}", self.position.pk)))
        return rows.order_by(f"{sign}{time}", f"{sign}pk")


def chunks(found: Found, *, size: int) -> Iterator[list[Any]]:
    """All rows, newest first, `size` at a time: one query each, which goes on where the last one ended."""
    position = None
    while rows := list(Course(found.log, position)(found.rows)[:size]):
        yield rows
        position = Position(getattr(rows[-1], found.log.time), rows[-1].pk)


def first_rows(found: Found, course: Course, *, limit: int) -> list[Any]:
    """The first `limit` rows on `course`."""
    if found.is_empty:
        return []
    if not found.wanted or connection.vendor != "postgresql":
        return list(course(found.rows)[:limit])
    leader = _leader(found)
    if leader is None or len(leader.values or ()) > FEW:
        rows = _among_first(found, course, limit=limit)
        if len(rows) == limit:
            return rows
    if leader is None:
        return list(course(found.rows)[:limit])
    return _led_by(leader, found, course, limit=limit)


def _among_first(found: Found, course: Course, *, limit: int) -> list[Any]:
    """Those of the first rows of the log, whatever they are, that match: the table is exchanged for these rows."""
    model = found.log.model
    first, parameters = course(found.base)[:LOOKED_THROUGH].query.sql_with_params()
    matching = model._default_manager.filter(*(each.exact for each in found.wanted))
    sql, more = course(matching)[:limit].query.sql_with_params()
    table = f'"{model._meta.db_table}"'
    sql = sql.replace(f" FROM {table}", f" FROM ({first}) AS {table}", 1)
    return list(model._default_manager.raw(sql, [*parameters, *more]))


def _led_by(leader: Wanted, found: Found, course: Course, *, limit: int) -> list[Any]:
    """Where further conditions may leave little of what the leader gives, the newest months are tried alone first."""
    rows = found.base
    for each in found.wanted:
        rows = rows.filter(each.exact if each is leader else each.condition)
    rows = course(rows)
    begin = course.position.at if course.position else found.until
    for days in STRETCHES if len(found.wanted) > 1 and not course.newer else ():
        stretch = rows.filter((f"{found.log.time}__gte", begin - timedelta(days=days)))
        merged = _merged(stretch, leader, limit=limit)
        if len(merged) == limit:
            return merged
    return _merged(rows, leader, limit=limit)


def _leader(found: Found) -> Wanted | None:
    able = [each for each in found.wanted if each.leads]
    if len(able) < 2:
        return able[0] if able else None
    return min(able, key=lambda each: _estimate(found.base.filter((f"{each.column}__in", each.values))))


def _estimate(rows: QuerySet[Any]) -> float:
    return float(json.loads(rows.order_by().explain(format="json"))[0]["Plan"]["Plan Rows"])


def _merged(rows: QuerySet[Any], leader: Wanted, *, limit: int) -> list[Any]:
    """The first rows of each of the leader's values, in one query, and of these the first ones."""
    column = rows.model._meta.get_field(leader.column)
    value = RawSQL(f"wanted.value::{column.db_type(connection)}", ())  # noqa: S611 - a type of ours
    of_one = rows.filter((leader.column, value))[:limit]
    inner, parameters = of_one.query.sql_with_params()
    sql = (
        f"SELECT found.* FROM unnest(%s::text[]) AS wanted(value) CROSS JOIN LATERAL ({inner}) AS found"  # noqa: S608
        f" ORDER BY {_order(rows)} LIMIT {limit:d}"
    )
    _do_not_compile()
    return list(rows.model._default_manager.raw(sql, [leader.values, *parameters]))


def _do_not_compile() -> None:
    """The planner fears the worst of many names and would compile the query for seconds; it runs for milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")


def _order(rows: QuerySet[Any]) -> str:
    """The order of `rows` in SQL, over the columns of the merged ones."""
    names = [(name.lstrip("-"), name.startswith("-")) for name in rows.query.order_by if isinstance(name, str)]
    columns = [(rows.model._meta.pk.column if name == "pk" else name, falls) for name, falls in names]
    return ", ".join(f'found."{column}" {"DESC" if falls else "ASC"}' for column, falls in columns)
