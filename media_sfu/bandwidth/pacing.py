"""Spreading bursts over the time that a link needs for them: a keyframe sent at once fills the queue before it.

Packets wait as they are; whoever sends them stamps and protects them then. Times are seconds. No I/O, no clock.
"""

from collections import deque
from collections.abc import Callable, Iterator

FACTOR = 2.0
"""Sent is at most so many times the estimate, so that pacing itself limits nothing but bursts."""
BURST_SECONDS = 0.02
"""What may leave at once, in time of the paced rate."""
MAX_AGE = 0.25
"""No packet waits longer: what the link cannot take in this time is the allocation's business."""
MAX_WAITING = 1000
"""Packets; beyond them the oldest go at once."""


class Pacer:
    """Of one transport. Repairs go before media; what never waits (sound, padding) is only counted, by `spend`."""

    __slots__ = ("_media", "_open_at", "_repairs", "_seconds_per_octet")

    def __init__(self, bits_per_second: float) -> None:
        self._media: deque[tuple[float, bytes]] = deque()
        self._repairs: deque[tuple[float, bytes]] = deque()
        self._open_at = 0.0
        self.follow(bits_per_second)

    def follow(self, bits_per_second: float) -> None:
        """The estimate of the link has changed."""
        self._seconds_per_octet = 8 / (FACTOR * bits_per_second)

    def is_open(self, now: float) -> bool:
        """Whether a packet may leave at once."""
        return now >= self._open_at and not self._media and not self._repairs

    def spend(self, size: int, now: float) -> None:
        """A packet of `size` octets has left."""
        earliest = now - BURST_SECONDS
        self._open_at = (self._open_at if self._open_at > earliest else earliest) + size * self._seconds_per_octet

    def hold(self, packet: bytes, now: float) -> None:
        """Let a packet of the media wait for its turn."""
        self._media.append((now, packet))

    def hold_repair(self, packet: bytes, now: float) -> None:
        """Let a retransmission wait; it comes before the media."""
        self._repairs.append((now, packet))

    def __len__(self) -> int:
        return len(self._media) + len(self._repairs)

    def due(self, now: float) -> Iterator[bytes]:
        """Hand out what may leave now. Each is to be sent, and told by `spend`, before the next is taken."""
        while self._repairs or self._media:
            waiting = self._repairs or self._media
            if now < self._open_at and now - waiting[0][0] < MAX_AGE and len(self) <= MAX_WAITING:
                return
            yield waiting.popleft()[1]

    def drop(self, is_unwanted: Callable[[bytes], bool]) -> None:
        """Forget those waiting packets that are not to be sent any more."""
        self._media = deque(item for item in self._media if not is_unwanted(item[1]))
        self._repairs = deque(item for item in self._repairs if not is_unwanted(item[1]))

    def clear(self) -> None:
        self._media.clear()
        self._repairs.clear()
