"""Attendance and bandwidth by month on PostgreSQL, so that a month goes in one step. SQLite keeps plain tables.

Months begin at midnight UTC on their first day; that day names them. Only the tables' owner can make and drop tables:
the functions called here belong to it, and only the system role may call them (audit/migrations/0006).
"""

import re
from datetime import date, timedelta

from django.db import connection, models
from django.utils import timezone

from audit.models import Attendance, BandwidthSample

TIME_COLUMNS: dict[type[models.Model], str] = {Attendance: "joined_at", BandwidthSample: "minute"}
YOUNGEST = timedelta(days=365)  # since the end of the month


class MonthTooYoung(Exception):
    """A month that ended less than 365 days ago was to be dropped."""


def partition_months(model: type[models.Model]) -> list[date]:
    """The months that `model` has partitions of, oldest first; none on SQLite."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
            " WHERE inhparent = to_regclass(%s)",
            [model._meta.db_table],
        )
        found = [re.search(r"_(\d{4})_(\d{2})$", name) for (name,) in cursor.fetchall()]
    return sorted(date(int(each[1]), int(each[2]), 1) for each in found if each is not None)


def drop_month(model: type[models.Model], month: date) -> None:
    """Drop a month of `model` with all of its rows, of every tenant; for the system role. Once gone it is no error.

    The caller has made sure that nothing in it is held or retained longer. Raises MonthTooYoung when the month ended
    less than 365 days ago.
    """
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    if following > (timezone.now() - YOUNGEST).date():
        raise MonthTooYoung(f"{month:%Y-%m} ended less than {YOUNGEST.days} days ago.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT liveon_drop_month(%s, %s)", [model._meta.db_table, month.replace(day=1)])


def make_partitions(*, ahead: int = 3) -> list[str]:
    """Make the partitions of this month and of the next `ahead` ones; the names of the new ones. Again is nothing."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM liveon_make_partitions(%s) name WHERE name IS NOT NULL", [ahead])
        return [name for (name,) in cursor.fetchall()]
