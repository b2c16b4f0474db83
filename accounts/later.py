"""Work for Celery, asked for in a transaction and sent after it."""

import logging

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)


def run_later(task: str, *arguments: object) -> None:
    """Have Celery run the task of this name once the transaction is committed.

    A broker that cannot be reached is logged and fails nobody: what must be done is found again by the timetable.
    """
    transaction.on_commit(lambda: _send(task, arguments))


def _send(task: str, arguments: tuple[object, ...]) -> None:
    try:
        current_app.send_task(task, args=arguments, retry=False)
    except Exception:  # kombu raises what its transports raise: OSError and many of their own
        logger.exception("Task %s was not sent", task)
