"""One direction of an impaired network path, as arithmetic: when does a packet arrive, if at all?"""

import random
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass
class Impairment:
    """What is wrong with one direction.

    `loss` is a probability, `delay_ms` and `jitter_ms` (uniform, 0…jitter on top, order kept) are milliseconds,
    `rate_kbps` the bottleneck (0: none) before which at most `queue_ms` worth of packets wait.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    rate_kbps: float = 0.0
    queue_ms: float = 200.0

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        unknown = set(value) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"unknown impairment: {', '.join(sorted(unknown))}")
        return cls(**value)


@dataclass
class Link:
    """A direction of the path with its own seeded randomness: the same packets meet the same fate in every run."""

    seed: int
    impairment: Impairment = field(default_factory=Impairment)
    passed: int = 0
    lost: int = 0
    overflowed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._free_at: defaultdict[Hashable, float] = defaultdict(float)  # the bottleneck of each lane
        self._last_arrival: defaultdict[Hashable, float] = defaultdict(float)

    def arrival(self, size: int, now: float, *, lane: Hashable = None, lossy: bool = True) -> float | None:
        """When a packet of `size` bytes offered at `now` (s) arrives; None when it is lost or finds the queue full.

        Each `lane`, a client, has a bottleneck and a queue of its own.

        A stream (`lossy=False`) neither loses nor overflows: it only waits.
        """
        wrong = self.impairment
        if lossy and self._random.random() < wrong.loss:
            self.lost += 1
            return None
        leaves = max(now, self._free_at[lane])
        if lossy and wrong.rate_kbps and (leaves - now) * 1000 > wrong.queue_ms:
            self.overflowed += 1
            return None
        if wrong.rate_kbps:
            leaves += size * 8 / (wrong.rate_kbps * 1000)
        self._free_at[lane] = leaves
        late = wrong.delay_ms + self._random.random() * wrong.jitter_ms
        self._last_arrival[lane] = max(self._last_arrival[lane], leaves + late / 1000)
        self.passed += 1
        return self._last_arrival[lane]
