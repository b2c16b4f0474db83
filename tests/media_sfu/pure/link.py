"""A link with a rate, a queue and random loss, and a sender that follows its estimate over it. Simulated time."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from media_sfu.bandwidth.estimate import Estimator
from media_sfu.bandwidth.history import SentPackets
from media_sfu.bandwidth.probing import Prober

STEP = 0.005
PACKET = 1100  # octets
FEEDBACK = 0.05
DELAY = 0.03


@dataclass
class Link:
    """`rate` in bit/s, `queue` in seconds of it. What does not fit into the queue is lost."""

    rate: float
    queue: float = 0.5
    loss: float = 0.0
    free_at: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def carry(self, size: int, now: float) -> float | None:
        """When the packet arrives, None if it is lost."""
        if self.chance.random() < self.loss:
            return None
        start = max(now, self.free_at)
        if start - now > self.queue:
            return None
        self.free_at = start + size * 8 / self.rate
        return self.free_at + DELAY

    def delay(self, now: float) -> float:
        return max(0.0, self.free_at - now)


class Sender:
    """Sends the best of `levels` (bit/s, lowest first) that the estimate allows, and probes for more."""

    def __init__(self, link: Link, levels: Sequence[float]) -> None:
        self.link, self.levels = link, levels
        self.estimator, self.prober, self.sent = Estimator(), Prober(), SentPackets()
        self.now = 100.0
        self.estimates: list[float] = []
        self.delays: list[float] = []
        self._debt = 0.0
        self._arrived: list[tuple[float, int]] = []
        self._fed_back_at = self.now

    def run(self, seconds: float, watch: Callable[["Sender"], None] | None = None) -> "Sender":
        self.estimates, self.delays = [], []
        for _ in range(round(seconds / STEP)):
            self._step()
            if watch is not None:
                watch(self)
        return self

    @property
    def level(self) -> float:
        fitting = [level for level in self.levels if level <= self.estimator.bits_per_second]
        return max(fitting, default=self.levels[0])

    def _step(self) -> None:
        self.now += STEP
        self._debt += self.level * STEP / 8
        if self.prober.is_sending:
            self._debt += self.prober.missing_octets(self.estimator.arriving.bits_per_second, STEP)
            self.prober.end_if_over(self.sent.next, self.now)
        while self._debt >= PACKET:
            self._debt -= PACKET
            self._send()
        if self.now - self._fed_back_at >= FEEDBACK:
            self._fed_back_at = self.now
            self._feed_back()
        self.estimates.append(self.estimator.bits_per_second)
        self.delays.append(self.link.delay(self.now))

    def _send(self) -> None:
        number = self.sent.next
        self.sent.note(PACKET, self.now)
        arrives = self.link.carry(PACKET, self.now)
        if arrives is not None:
            self._arrived.append((arrives, number))

    def _feed_back(self) -> None:
        """What has arrived and whose report has had the time to come back."""
        told = [(at, number) for at, number in self._arrived if at <= self.now - DELAY]
        self._arrived = [each for each in self._arrived if each not in told] if told else self._arrived
        outcomes = self.sent.outcomes([(number & 0xFFFF, at) for at, number in told])
        self.estimator.take(outcomes, self.now, probing=self.prober.target > 0)
        for outcome in outcomes:
            self.prober.collect(outcome)
        if self.estimator.is_congested:
            self.prober.give_up(self.now)
        found = self.prober.result(self.now)
        if found is not None:
            self.estimator.probed(found)
        estimate = self.estimator.bits_per_second
        self.prober.begin(estimate=estimate, wanted=max(self.levels), number=self.sent.next, now=self.now)
