"""Who sees what in a test on PostgreSQL: the test itself every tenant's rows, the product only what it may.

pytest's main thread works as the operators do (`liveon.tenant` is `system`), so that factories and assertions need no
context. What the product does is strict, as in production: a request, a management command, a Celery task, and whatever
runs in another thread or process.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import psycopg
from celery.app.task import Task
from channels.db import database_sync_to_async
from django.core.management import BaseCommand
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.signals import connection_created
from django.test.client import ClientHandler

from tenants.context import SYSTEM

OUTSIDE = ("migrate", "flush")  # commands that pytest-django itself gives


class _Sight(threading.local):
    """As whom this thread's connection is announced outside of any context."""

    def __init__(self) -> None:
        self.whose = SYSTEM if threading.current_thread() is threading.main_thread() else ""


_sight = _Sight()


def make_product_strict() -> None:
    """Once, before the first test."""
    connection_created.connect(_announce_new)
    ClientHandler.__call__ = strictly(ClientHandler.__call__)  # type: ignore[method-assign]
    Task.__call__ = strictly(Task.__call__)
    BaseCommand.execute = _strict_command(BaseCommand.execute)  # type: ignore[method-assign]
    DatabaseOperations.sql_flush = empty_filled_tables  # type: ignore[assignment,method-assign]


@contextmanager
def seeing(whose: str) -> Iterator[None]:
    """A stretch in which this thread sees the rows of `whose` (`system`: of all) outside of any context."""
    before, _sight.whose = _sight.whose, whose
    _announce(connection)
    try:
        yield
    finally:
        _sight.whose = before
        _announce(connection)


def strictly(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as production runs it: outside of a context it sees nothing."""

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        with seeing(""):
            return function(*arguments, **named)

    return run


def operating(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of a test that runs in another thread."""

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        with seeing(SYSTEM):
            return function(*arguments, **named)

    return run


def as_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    """`database_sync_to_async` for what a test itself asks or makes."""
    return database_sync_to_async(operating(function))


def _strict_command(execute: Callable[..., Any]) -> Callable[..., Any]:
    strict = strictly(execute)

    @wraps(execute)
    def run(command: BaseCommand, *arguments: Any, **named: Any) -> Any:
        name = type(command).__module__.rpartition(".")[2]
        return (execute if name in OUTSIDE else strict)(command, *arguments, **named)

    return run


def empty_filled_tables(
    operations: DatabaseOperations, style: Any, tables: Sequence[str], **_options: Any
) -> list[str]:
    """Django's TRUNCATE of every table costs a file for each index of each partition; a test fills a few tables."""
    with operations.connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables))
        return [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]


def _announce_new(connection: BaseDatabaseWrapper, **_more: Any) -> None:
    _announce(connection)


def _announce(connection: Any) -> None:
    """Straight on the driver's connection: Django's may be forbidden to a test without a database."""
    if connection.vendor == "postgresql" and connection.connection is not None:
        with suppress(psycopg.errors.InFailedSqlTransaction, psycopg.OperationalError):  # rolled back, closed
            connection.connection.execute("SELECT set_config('liveon.tenant', %s, false)", [_sight.whose])


@contextmanager
def connected(**settings: Any) -> Iterator[BaseDatabaseWrapper]:
    """A stretch in which Django's connection is another one: as another role (`USER`) or from a pool (`OPTIONS`).

    Outside of a context it sees nothing. For tests with `django_db(transaction=True)`.
    """
    before = connections["default"]
    other = type(before)({**before.settings_dict, "CONN_MAX_AGE": 0, **settings}, "default")
    connections["default"] = other
    whose, _sight.whose = _sight.whose, ""
    try:
        yield other
    finally:
        other.close()
        other.close_pool()
        connections["default"], _sight.whose = before, whose
