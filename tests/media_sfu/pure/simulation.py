"""A subscriber's downlink as the worker drives it, with frames, keyframes and feedback, over a simulated link.

Simulated time, nothing but arithmetic: `Viewer(link, cameras).run(60)` takes a second or two.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from media_sfu.bandwidth.allocation import WHOLE
from media_sfu.bandwidth.feedback import FeedbackGenerator
from media_sfu.bandwidth.history import SentPackets
from media_sfu.bandwidth.pacing import Pacer
from media_sfu.codecs.thinning import HIGHEST
from media_sfu.downlink import BEAT_SECONDS, Downlink
from media_sfu.rtp.rtcp import TransportFeedback
from media_sfu.stats import PeerCounters
from tests.media_sfu.pure.link import Link

TICK = 0.005
FRAMES = 30
CHECK_SECONDS, FEEDBACK_SECONDS = 0.1, 0.1
PACKET = 1100
RATES = (150e3, 500e3, 1.5e6)
TEMPORAL = (0, 2, 1, 2)
WEIGHTS = (1.8, 0.6, 1.0, 0.6)
SHARES = (0.45, 0.70, 1.0, 1.0)
KEYFRAME = 6.0
"""Times the size of an ordinary frame."""
SWITCH_SECONDS = 0.12


class Camera:
    """One subscription, as Downlink sees it, with its publication and its forward in one."""

    kind, is_accepted = "video", True

    def __init__(self, viewer: "Viewer", name: str, rates: tuple[float, ...]) -> None:
        self.viewer, self.source = viewer, "camera"
        self.publication = self.forward = self
        self.peer = SimpleNamespace(id=name)
        self.rates, self.usual_rates = list(rates), list(rates)
        self.shares: list[Sequence[float]] = [SHARES] * len(rates)
        self.allowed: int | None = len(rates) - 1
        self.allowed_temporal = HIGHEST
        self.current: int | None = None
        self.frames = 0
        self._switch_at = 0.0
        self._turn = 0
        self._keyframe = True

    @property
    def step(self) -> tuple[int | None, int]:
        """The layer that is sent, and how much of it."""
        return self.current, self.allowed_temporal

    def deserved_layer(self) -> int:
        return len(self.rates) - 1

    def allow(self, layer: int | None, temporal: int) -> None:
        self.allowed_temporal = temporal
        if layer != self.allowed:
            self.allowed = layer
            self._switch_at = self.viewer.now + SWITCH_SECONDS

    def pad(self, octets: int, now: float) -> int:
        for _ in range(-(-octets // PACKET)):
            self.viewer.send(PACKET, now)
        return octets

    def frame(self, now: float) -> None:
        """A picture of each layer comes; one of them is forwarded."""
        if self.allowed is None:
            self.current = None
        elif self.current != self.allowed and now >= self._switch_at:
            self.current, self._keyframe = self.allowed, True
        self._turn += 1
        temporal = TEMPORAL[self._turn % 4]
        if self.current is None or (temporal > self.allowed_temporal and not self._keyframe):
            return
        weight = KEYFRAME if self._keyframe else WEIGHTS[self._turn % 4]
        self._keyframe = False
        self.frames += 1
        size = weight * self.rates[self.current] / FRAMES / 8 * self.viewer.chance.uniform(0.7, 1.3)
        for _ in range(max(1, round(size / PACKET))):
            self.viewer.offer(round(size / max(1, round(size / PACKET))))


class Voice:
    kind = "audio"

    def __init__(self) -> None:
        self.publication = self.forward = self
        self.rates, self.shares = [40e3], [WHOLE]
        self.is_forwarded = True

    def deserved_layer(self) -> int | None:
        return 0 if self.is_forwarded else None


@dataclass
class Told:
    """What was seen over one run, ten times a second."""

    estimates: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    lost: int = 0
    sent: int = 0
    octets: int = 0


class Viewer:
    """Sees `cameras` videos, hears as many voices."""

    def __init__(
        self, link: Link, cameras: int = 3, rates: tuple[float, ...] = RATES, seed: int = 1, deaf: float = 0.0
    ) -> None:
        self.link, self.chance, self.now = link, random.Random(seed), 100.0
        self.deaf, self._loses = deaf, random.Random(seed)  # the share of feedbacks that never reach us
        self.clock = 0.0  # how far the receiver's is ahead of ours
        self.sent, self.pacer, self.counters = SentPackets(), Pacer(3e6), PeerCounters()
        self.router = self
        self.downlink = Downlink(as_any(self), as_any(self))
        self.cameras = [Camera(self, f"camera-{number}", rates) for number in range(cameras)]
        self.voices = [Voice() for _ in range(cameras)]
        self.told = Told()
        self.paused: list[Any] = []
        self._arrivals: list[tuple[float, int]] = []
        self._feedback: list[tuple[float, bytes]] = []
        self._receiver = FeedbackGenerator()
        self._steps = 0

    def by_importance(self, subscriptions: list[Any]) -> list[Any]:
        return subscriptions

    def emit(self, _: str, **fields: Any) -> None:
        self.paused.append(fields)

    def send(self, size: int, now: float) -> None:
        number = self.sent.next
        self.sent.note(size, now)
        self.pacer.spend(size, now)
        self.counters.bytes_out += size
        arrives = self.link.carry(size, now)
        self.told.sent += 1
        self.told.octets += size
        if arrives is None:
            self.told.lost += 1
        else:
            heapq.heappush(self._arrivals, (arrives, number & 0xFFFF))

    def offer(self, size: int) -> None:
        if self.pacer.is_open(self.now):
            self.send(size, self.now)
        else:
            self.pacer.hold(bytes(size), self.now)

    def forget_frames(self) -> None:
        for camera in self.cameras:
            camera.frames = 0

    def run(self, seconds: float) -> Told:
        self.told = Told()
        for _ in range(round(seconds / TICK)):
            self._tick()
        return self.told

    def _tick(self) -> None:
        self._steps += 1
        self.now += TICK
        subscriptions = as_any([*self.voices, *self.cameras])
        for waiting in self.pacer.due(self.now):
            self.send(len(waiting), self.now)
        for place, camera in enumerate(self.cameras):
            if self._is_time(1 / FRAMES, place * 0.007):
                camera.frame(self.now)
        if self._is_time(0.02, 0):
            for _ in self.voices:
                self.send(100, self.now)
        if self._is_time(BEAT_SECONDS, 0) and self.downlink.is_probing:
            self.downlink.beat(subscriptions, self.now)
        self._hear_back()
        if self._is_time(CHECK_SECONDS, 0):
            self.downlink.check(subscriptions, self.now)
            self.told.estimates.append(self.downlink.estimator.bits_per_second)
            self.told.delays.append(self.link.delay(self.now))

    def _hear_back(self) -> None:
        while self._arrivals and self._arrivals[0][0] <= self.now:
            at, number = heapq.heappop(self._arrivals)
            self._receiver.arrived(number, at + self.clock)
        if self._is_time(FEEDBACK_SECONDS, 0.003):
            told = [message for message in self._receiver.build() if self._loses.random() >= self.deaf]
            self._feedback += [(self.now + 0.02, message) for message in told]
        while self._feedback and self._feedback[0][0] <= self.now:
            self.downlink.on_feedback(TransportFeedback(1, 1, self._feedback.pop(0)[1]), self.now)

    def _is_time(self, period: float, phase: float) -> bool:
        """Once in each period."""
        return int((self.now + phase) / period) != int((self.now + phase - TICK) / period)


def as_any(value: Any) -> Any:
    return value
