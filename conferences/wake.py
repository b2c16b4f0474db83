"""Telling the web processes that a meeting's rows have changed.

A wake-up carries no facts, only "look again": the rows are the truth, and every web process looks at them once a second
anyway. So a lost wake-up costs time, never correctness.
"""

from collections.abc import Callable
from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

from conferences.models import Meeting

log = structlog.get_logger(__name__)

WEB_GROUP = "liveon.web"  # every web process listens here

_listeners: list[Callable[[str], None]] = []


def add_listener(listener: Callable[[str], None]) -> None:
    """Have `listener(meeting public id)` called after every commit that changed a meeting, on the committing thread."""
    _listeners.append(listener)


def remove_listener(listener: Callable[[str], None]) -> None:
    _listeners.remove(listener)


def meeting_changed(meeting: Meeting) -> None:
    """Wake whoever holds `meeting` when the present transaction commits."""
    transaction.on_commit(partial(_tell, meeting.public_id), robust=True)


def _tell(meeting_id: str) -> None:
    for listener in _listeners:
        listener(meeting_id)
    if not _listeners and settings.REDIS_URL:  # a process without meetings: Celery, manage.py
        _tell_others(meeting_id)


def _tell_others(meeting_id: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    try:
        async_to_sync(layer.group_send)(WEB_GROUP, {"type": "meeting.changed", "meeting": meeting_id})
    except OSError as error:  # redis-py's ConnectionError is one; the poll does it a second later
        log.warning("wake_up_failed", meeting=meeting_id, error=str(error))
