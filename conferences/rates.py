"""How much each participant sends and receives now, and how good their connection is: for Admintool's live pages.

From the workers' cumulative counters (every 10 s) to kbit/s, kept in Django's cache for a minute: what is only looked
at needs no row, and every web process sees what another one measured.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from channels.db import database_sync_to_async
from django.core.cache import cache

KEEP_SECONDS = 60
_PREFIX = "rate:"


@dataclass(frozen=True)
class Rate:
    """kbit/s over the last measurement; `in` is towards the server. `quality`: `good`, `fair`, `poor`."""

    kbps_in: float = 0.0
    kbps_out: float = 0.0
    quality: str = "good"


NOTHING = Rate()


@dataclass
class _Measured:
    bytes_in: int
    bytes_out: int
    at: float


class Rates:
    """What this web process measures of its own participants."""

    def __init__(self) -> None:
        self._last: dict[str, _Measured] = {}
        self._quality: dict[str, str] = {}
        self._fresh: dict[str, Rate] = {}

    def take(self, participant_id: str, counts: dict[str, Any], *, at: float) -> None:
        """Note cumulative counters as of `at` (steady clock, s). A counter that went back belongs to a new peer."""
        measured = _Measured(int(counts.get("bytes_in", 0)), int(counts.get("bytes_out", 0)), at)
        before = self._last.get(participant_id)
        self._last[participant_id] = measured
        if before is None or at <= before.at or measured.bytes_in < before.bytes_in:
            return
        seconds = at - before.at
        self._fresh[participant_id] = Rate(
            kbps_in=_kbps(measured.bytes_in - before.bytes_in, seconds),
            kbps_out=_kbps(measured.bytes_out - before.bytes_out, seconds),
            quality=self._quality.get(participant_id, NOTHING.quality),
        )

    def judge(self, participant_id: str, level: str) -> None:
        """Note a worker's word on a connection; it goes along with the next measurement."""
        self._quality[participant_id] = level

    def forget(self, participant_id: str) -> None:
        for known in (self._last, self._quality, self._fresh):
            known.pop(participant_id, None)

    async def publish(self) -> None:
        """Let everybody see what was measured since the last call."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            await database_sync_to_async(_store)(fresh)


def current_rates(participant_ids: Collection[str]) -> dict[str, Rate]:
    """The latest rate of each; one of whom nothing was measured for a minute is missing."""
    found = cache.get_many([f"{_PREFIX}{each}" for each in participant_ids])
    return {key.removeprefix(_PREFIX): Rate(**value) for key, value in found.items()}


def _store(fresh: dict[str, Rate]) -> None:
    cache.set_many({f"{_PREFIX}{each}": asdict(rate) for each, rate in fresh.items()}, KEEP_SECONDS)


def _kbps(count: int, seconds: float) -> float:
    return round(max(count, 0) * 8 / 1000 / seconds, 1)
