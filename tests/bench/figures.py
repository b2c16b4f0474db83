"""The bench's arithmetic: loss from sequence numbers, percentiles, medians of windows, marginal costs."""

import math
from collections.abc import Sequence
from statistics import median


class SequenceCount:
    """Counts one stream by its 16-bit sequence numbers; `expected` is what a receiver without loss would have."""

    __slots__ = ("_before_first", "highest", "received")

    def __init__(self) -> None:
        self.received = 0
        self.highest = -1
        self._before_first = 0

    @property
    def expected(self) -> int:
        return self.highest - self._before_first if self.received else 0

    def count(self, sequence: int) -> None:
        if not self.received:
            self.highest, self._before_first = sequence, sequence - 1
        self.received += 1
        step = sequence - self.highest & 0xFFFF
        if step < 0x8000:
            self.highest += step


def loss_percent(received: int, expected: int) -> float:
    """Share of the expected packets that did not come, in percent; 0 when none were expected."""
    return 100 * max(0, expected - received) / expected if expected else 0.0


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of all do not exceed (nearest rank); None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def median_window(windows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Each figure's median over the windows, so that one disturbed window does not show."""
    return {name: median(window[name] for window in windows) for name in windows[0]}


def marginal_costs(fewer: tuple[float, float], more: tuple[float, float]) -> tuple[float, float]:
    """What one more incoming and one more outgoing packet cost, from two runs with different numbers of subscribers.

    Each run is (CPU per incoming packet, outgoing packets per incoming one): two points of the line
    `cpu_per_in = incoming + outgoing * fan_out`. What the worker does by the clock is in the incoming share.
    Raises ValueError when both have the same fan-out.
    """
    if fewer[1] == more[1]:
        raise ValueError("the same fan-out twice")
    outgoing = (more[0] - fewer[0]) / (more[1] - fewer[1])
    return fewer[0] - outgoing * fewer[1], outgoing


def spread(values: Sequence[float]) -> float:
    """How far values of the same thing lie apart: (greatest − least) / median."""
    return (max(values) - min(values)) / median(values)
