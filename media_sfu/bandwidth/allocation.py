"""Dividing what a subscriber's link carries among the videos they see.

Step by step, so that everybody gets the least before anybody gets more; what does not fit even so is paused. A step is
a layer and how many of its temporal layers pass. Rates are bits per second. No I/O, no clock.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from media_sfu.codecs.thinning import HIGHEST

STEP_UP = 1.1
"""A step above the present one is taken only if it fits with so much to spare: the hysteresis."""
LEAST = 1
"""Layers above the lowest are sent with no fewer temporal layers: a large picture that jerks is no better."""

Key = TypeVar("Key", bound=Hashable)
Step = tuple[int, int]
"""Layer and highest temporal layer, both counted from 0."""
WHOLE = (1.0,) * (HIGHEST + 1)
"""The shares of a layer without temporal layers."""


@dataclass(frozen=True, slots=True)
class Demand(Generic[Key]):
    """One video that is in view: `rates` by layer, lowest first (0 where a layer does not run, not all of them), the
    layer that its tile deserves, no lower than the lowest that runs, and the step that it has now (None: paused).

    `shares` says for each layer which part of its rate is left with temporal layers up to 0, 1, 2, 3; () if all of it.
    """

    key: Key
    rates: Sequence[float]
    wanted: int
    present: Step | None
    shares: Sequence[Sequence[float]] = ()

    @property
    def least(self) -> Step:
        """Of the lowest layer that runs: whoever is given a lower one is sent this one."""
        return lowest_running(self.rates), 0

    def cost(self, step: Step) -> float:
        layer, temporal = step
        return self.rates[layer] * (self.shares[layer][temporal] if self.shares else 1.0)


def lowest_running(rates: Sequence[float]) -> int:
    """The lowest layer that has a rate; 0 if none has."""
    return next((layer for layer, rate in enumerate(rates) if rate), 0)


def allocate(demands: Sequence[Demand[Key]], budget: float) -> dict[Key, Step | None]:
    """The step of each video, None for one that is paused; `demands` in the order of importance."""
    chosen: dict[Key, Step | None] = {}
    for demand in demands:
        least = demand.least
        cost = demand.cost(least)
        fits = cost * (STEP_UP if demand.present is None else 1.0) <= budget
        chosen[demand.key] = least if fits else None
        budget -= cost if fits else 0.0
    highest = max((demand.wanted for demand in demands), default=0)
    for step in _steps(highest):
        for demand in demands:
            budget -= _raise(demand, step, chosen, budget)
    return chosen


def wanted_rate(demands: Sequence[Demand[Key]]) -> float:
    """What it takes to give every video the layer that its tile deserves."""
    return sum(demand.rates[demand.wanted] or max(demand.rates[: demand.wanted + 1]) for demand in demands)


def _steps(highest: int) -> list[Step]:
    """All steps above the first, up to the layer `highest`."""
    lowest_layer = [(0, temporal) for temporal in range(1, HIGHEST + 1)]
    return lowest_layer + [
        (layer, temporal) for layer in range(1, highest + 1) for temporal in range(LEAST, HIGHEST + 1)
    ]


def _raise(demand: Demand[Key], step: Step, chosen: dict[Key, Step | None], budget: float) -> float:
    """Give the video this step if it wants it, is not paused and the rest is enough; what that takes."""
    below = chosen[demand.key]
    if below is None or step[0] > demand.wanted or not demand.rates[step[0]]:
        return 0.0
    cost = max(0.0, demand.cost(step) - demand.cost(below))
    is_step_up = demand.present is None or step > demand.present
    if cost * (STEP_UP if is_step_up else 1.0) > max(0.0, budget):  # what costs nothing is taken, rounding or not
        return 0.0
    chosen[demand.key] = step
    return cost
