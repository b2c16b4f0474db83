"""Ask a running worker over its control link, from a test that may itself be inside an event loop (Playwright's)."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from media_sfu.control.client import WorkerLink


def ask_worker(data_dir: Path, kind: str, *, worker: str = "sfu-0") -> dict[str, Any]:
    """The answer of a worker of the installation in `data_dir` to a request without fields."""

    async def ask() -> dict[str, Any]:
        link = WorkerLink(str(data_dir / "sfu" / f"{worker}.sock"), secrets.token_hex(8), lambda event: None)
        await link.connect()
        try:
            return dict(await link.request(kind))
        finally:
            await link.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()


class LagSince:
    """The worker's loop lag from now on, which it counts 50 times a second."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._before = self._counts()

    def share_within(self, seconds: float) -> float:
        """Which share of its ticks came no later than `seconds`, one of the worker's bounds."""
        counts = {bound: count - self._before[bound] for bound, count in self._counts().items()}
        return sum(count for bound, count in counts.items() if bound <= seconds) / max(1, sum(counts.values()))

    def _counts(self) -> dict[float, int]:
        told = ask_worker(self._data_dir, "get_metrics")["histograms"]["loop_lag_seconds"]
        return dict(zip([*told["bounds"], float("inf")], told["counts"], strict=True))
