"""Attendance and bandwidth by month on PostgreSQL, so that a month goes in one step. SQLite keeps plain tables.

Months begin at midnight UTC on their first day; that day names them.
"""

from datetime import date

from django.db import models


def partition_months(model: type[models.Model]) -> list[date]:
    """The months that `model` has partitions of, oldest first; none on SQLite."""
    raise NotImplementedError


def drop_month(model: type[models.Model], month: date) -> None:
    """Drop a month of `model` with all of its rows, of every tenant; in a `system_context`. Once gone it is no error.

    The caller has made sure that nothing in it is held or retained longer. Raises MonthTooYoung when the month ended
    less than 365 days ago.
    """
    raise NotImplementedError


def make_partitions(*, ahead: int = 3) -> list[str]:
    """Make the partitions of this month and of the next `ahead` ones; the names of the new ones. Again is nothing."""
    raise NotImplementedError
