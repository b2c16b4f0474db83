"""What the tests of accounts watch."""

from collections.abc import Iterator
from typing import Any

import pytest
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
