"""Waiting for a condition instead of sleeping for a time."""

import asyncio
from collections.abc import Callable

from tests.database import as_operator


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Return when `condition()` holds; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_stored(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """The same for a condition that asks the database."""
    async with asyncio.timeout(seconds):
        while not await as_operator(condition)():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
