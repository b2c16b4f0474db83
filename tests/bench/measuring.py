"""Measuring windows: what a worker spends and what comes out of it, once the meeting runs evenly."""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench import figures, processes
from tests.bench.packets import Publisher
from tests.bench.reception import Receivers


@dataclass(frozen=True)
class Timing:
    """`seconds` is the length of one window."""

    seconds: float = 5.0
    windows: int = 3
    warm_up: float = 3.0


@dataclass(frozen=True)
class Reading:
    """Totals at one moment; `worker_cpu` is 0 without a worker."""

    at: float
    worker_cpu: float
    generator_cpu: float
    machine: tuple[int, int]
    sent: int
    received: int
    expected: int


class Gauge:
    """Reads the totals of one run; `worker_pid` None: there is no worker."""

    def __init__(self, publishers: Sequence[Publisher], receivers: Receivers, worker_pid: int | None) -> None:
        self._publishers, self._receivers, self._worker_pid = publishers, receivers, worker_pid

    def read(self) -> Reading:
        received, expected = self._receivers.totals()
        return Reading(
            time.monotonic(),
            processes.cpu_seconds(self._worker_pid) if self._worker_pid else 0.0,
            time.process_time(),
            processes.machine_ticks(),
            sum(publisher.packets for publisher in self._publishers),
            received,
            expected,
        )

    async def measure(self, timing: Timing) -> dict[str, Any]:
        """Wait for the warm-up, then give medians of the windows; loss and latency are of all windows together."""
        await asyncio.sleep(timing.warm_up)
        gc.collect()
        gc.freeze()
        self._receivers.take_latencies()
        readings = [self.read()]
        for _ in range(timing.windows):
            await asyncio.sleep(timing.seconds)
            readings.append(self.read())
        first, last = readings[0], readings[-1]
        latencies = self._receivers.take_latencies()
        auth_failures, wrong_payloads = self._receivers.failures()
        medians = figures.median_window([window(*pair) for pair in zip(readings, readings[1:], strict=False)])
        loss = figures.loss_percent(last.received - first.received, last.expected - first.expected)
        return {
            **{name: round(value, 2) for name, value in medians.items()},
            "loss_pct": round(loss, 4),
            "latency_ms_p50": rounded(figures.percentile(latencies, 50)),
            "latency_ms_p99": rounded(figures.percentile(latencies, 99)),
            "latency_samples": len(latencies),
            "auth_failures": auth_failures,
            "wrong_payloads": wrong_payloads,
        }


def window(before: Reading, after: Reading) -> dict[str, float]:
    """The figures of one window; a figure per packet is 0 when none came."""
    seconds = after.at - before.at
    cpu = after.worker_cpu - before.worker_cpu
    sent, received = after.sent - before.sent, after.received - before.received
    busy, ticks = after.machine[0] - before.machine[0], after.machine[1] - before.machine[1]
    return {
        "worker_cpu_us_per_packet_in": 1e6 * cpu / sent if sent else 0.0,
        "worker_cpu_us_per_packet_out": 1e6 * cpu / received if received else 0.0,
        "worker_cpu_pct": 100 * cpu / seconds,
        "packets_in_per_s": sent / seconds,
        "packets_out_per_s": received / seconds,
        "generator_cpu_pct": 100 * (after.generator_cpu - before.generator_cpu) / seconds,
        "machine_busy_pct": 100 * busy / ticks if ticks else 0.0,
    }


def rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
