"""What the tests of accounts watch."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection

from accounts.signals import access_changed


@pytest.fixture
def announced() -> Iterator[list[dict[str, Any]]]:
    """Every `access_changed`, and whether it came inside a transaction."""
    seen: list[dict[str, Any]] = []

    def listen(sender: object, signal: object, **said: Any) -> None:
        seen.append({**said, "in_transaction": connection.in_atomic_block})

    access_changed.connect(listen)
    yield seen
    access_changed.disconnect(listen)


@pytest.fixture
def clock(settings) -> Iterator[time_machine.Traveller]:
    """A clock that stands still until it is shifted; with a cache that goes by it, which Redis does not."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "clock"}}
    cache.clear()
    with time_machine.travel("2026-11-23T09:00:00Z", tick=False) as traveller:
        yield traveller
