"""What was sent on one transport, by transport-wide number, until the receiver tells of it."""

from typing import NamedTuple

CAPACITY = 8192
"""Packets: 4 s at 2,000 a second; a power of two."""
_MASK = CAPACITY - 1

Sent = tuple[int, float, int]  # extended number, sent at (s), size in octets


class Outcome(NamedTuple):
    """One sent packet and what became of it; `arrived` in seconds of the receiver's clock, None when it was lost."""

    number: int
    sent_at: float
    size: int
    arrived: float | None


class SentPackets:
    """The newest packets of one transport. `next` is the extended number of the next one."""

    __slots__ = ("_slots", "_told", "next")

    def __init__(self) -> None:
        self.next = 1
        self._told = 0  # everything up to here was told of
        self._slots: list[Sent | None] = [None] * CAPACITY

    def note(self, size: int, now: float) -> int:
        """Remember the packet that took the number `next`; gives the number after it."""
        number = self.next
        self._slots[number & _MASK] = (number, now, size)
        self.next = number + 1
        return self.next

    def outcomes(self, arrivals: list[tuple[int, float]]) -> list[Outcome]:
        """What became of the packets up to the newest of `arrivals` (16-bit number, receiver's time), in order.

        Each packet is told of once: what is reported again, or was never sent, is passed over.
        """
        following, slots = self.next, self._slots
        known = {following - (following - number & 0xFFFF): at for number, at in arrivals}
        newest = max((number for number in known if number < following), default=self._told)
        found: list[Outcome] = []
        for number in range(max(self._told + 1, newest - _MASK), newest + 1):
            slot = slots[number & _MASK]
            if slot is not None and slot[0] == number:
                found.append(Outcome(number, slot[1], slot[2], known.get(number)))
        self._told = max(self._told, newest)
        return found

    def in_flight(self) -> int:
        """Octets sent and not told of."""
        first = max(self._told + 1, self.next - _MASK)
        slots = (self._slots[number & _MASK] for number in range(first, self.next))
        return sum(slot[2] for slot in slots if slot is not None)
