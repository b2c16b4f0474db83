"""Dividing what a subscriber's link carries among the videos they see.

Layer by layer, so that everybody gets the lowest before anybody gets the highest; what does not fit is paused.
Rates are bits per second. No I/O, no clock.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

STEP_UP = 1.1
"""A layer above the present one is taken only if it fits with so much to spare: the hysteresis."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Demand(Generic[Key]):
    """One video that is in view: `rates` by layer, lowest first (0 where a layer does not run), the layer that its tile
    deserves, and the one that it has now (None: paused).
    """

    key: Key
    rates: Sequence[float]
    wanted: int
    present: int | None


def allocate(demands: Sequence[Demand[Key]], budget: float) -> dict[Key, int | None]:
    """The layer of each video, None for one that is paused; `demands` in the order of importance."""
    chosen: dict[Key, int | None] = {}
    for demand in demands:
        cost = demand.rates[0]
        fits = cost * (STEP_UP if demand.present is None else 1.0) <= budget
        chosen[demand.key] = 0 if fits else None
        budget -= cost if fits else 0.0
    highest = max((demand.wanted for demand in demands), default=0)
    for layer in range(1, highest + 1):
        for demand in demands:
            budget -= _raise(demand, layer, chosen, budget)
    return chosen


def wanted_rate(demands: Sequence[Demand[Key]]) -> float:
    """What it takes to give every video the layer that its tile deserves."""
    return sum(demand.rates[demand.wanted] or max(demand.rates[: demand.wanted + 1]) for demand in demands)


def _raise(demand: Demand[Key], layer: int, chosen: dict[Key, int | None], budget: float) -> float:
    """Give the video this layer if it wants it, has the one below and the rest is enough; what that takes."""
    below = chosen[demand.key]
    if below is None or layer > demand.wanted or not demand.rates[layer]:
        return 0.0
    cost = demand.rates[layer] - demand.rates[below]
    is_step_up = demand.present is None or layer > demand.present
    if cost * (STEP_UP if is_step_up else 1.0) > budget:
        return 0.0
    chosen[demand.key] = layer
    return cost
