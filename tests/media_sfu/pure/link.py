"""A link with a rate, a queue, random loss and jitter. Simulated time."""

import random
from dataclasses import dataclass, field

DELAY = 0.03


@dataclass
class Link:
    """`rate` in bit/s, `queue` in seconds of it. What does not fit into the queue is lost."""

    rate: float
    queue: float = 0.5
    loss: float = 0.0
    jitter: float = 0.0
    """Seconds, uniform, on top; the order is kept."""
    stall: float = 0.0
    """Seconds for which one packet in 500 holds up everything, as a busy machine does."""
    free_at: float = 0.0
    newest: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def carry(self, size: int, now: float) -> float | None:
        """When the packet arrives, None if it is lost."""
        if self.chance.random() < self.loss:
            return None
        start = max(now, self.free_at)
        if start - now > self.queue:
            return None
        self.free_at = start + size * 8 / self.rate
        late = self.chance.random() * self.jitter + (self.stall if self.chance.random() < 1 / 500 else 0.0)
        self.newest = max(self.newest, self.free_at + DELAY + late)
        return self.newest

    def delay(self, now: float) -> float:
        return max(0.0, self.free_at - now)

    def narrow(self, rate: float) -> None:
        """Carry so much from now on; what waited is gone."""
        self.rate, self.free_at = rate, 0.0
