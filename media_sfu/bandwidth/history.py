"""What was sent on one transport, by transport-wide number, until the receiver tells of it."""

from array import array
from collections.abc import Sequence

CAPACITY = 8192
"""Packets: 4 s at 2,000 a second; a power of two."""
_MASK = CAPACITY - 1


Outcome = tuple[int, float, int, float | None]
"""One sent packet and what became of it: number, when it was sent (s), octets, when it arrived (s of the receiver's
clock; None: lost). A plain tuple: thousands are made each second.
"""
Arrived = tuple[float, int, float]
"""One that arrived: when it was sent, octets, when it arrived."""


def arrived_of(outcomes: Sequence[Outcome]) -> list[Arrived]:
    """Those that were not lost."""
    return [(sent_at, size, arrived) for _, sent_at, size, arrived in outcomes if arrived is not None]


class SentPackets:
    """The newest packets of one transport. `next` is the extended number of the next one.

    Arrays and no tuples: nothing for the garbage collector to look at, tens of thousands of times a second.
    """

    __slots__ = ("_sent_at", "_sizes", "_told", "next")

    def __init__(self) -> None:
        self.next = 1
        self._told = 0  # everything up to here was told of
        self._sent_at = array("d", bytes(8 * CAPACITY))  # s
        self._sizes = array("H", bytes(2 * CAPACITY))  # octets

    def note(self, size: int, now: float) -> int:
        """Remember the packet that took the number `next`; gives the number after it."""
        number = self.next
        self._sent_at[number & _MASK] = now
        self._sizes[number & _MASK] = size
        self.next = number + 1
        return self.next

    def outcomes(self, base: int, count: int, arrivals: list[tuple[int, float]]) -> list[Outcome]:
        """What became of the packets that one feedback tells of, in order: `count` from the 16-bit number `base` on,
        of which `arrivals` (16-bit number, receiver's time) came.

        Each packet is told of once: what is reported again, or was never sent, is passed over. So is what lies before
        `base`: a feedback on the way to us was lost, and nobody knows of its packets. Never raises; the work is bounded
        by CAPACITY whatever the numbers are.
        """
        following, sent_at, sizes = self.next, self._sent_at, self._sizes
        # The newest packets sent that the numbers fit: a feedback is never 65,536 packets old.
        begin = following - (following - base & 0xFFFF)
        end = min(begin + count, following)
        first = max(self._told + 1, begin, following - CAPACITY)
        self._told = max(self._told, end - 1)
        known = {following - (following - number & 0xFFFF): at for number, at in arrivals}
        return [
            (number, sent_at[number & _MASK], sizes[number & _MASK], known.get(number)) for number in range(first, end)
        ]
