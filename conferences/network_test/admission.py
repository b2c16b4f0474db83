"""How many tests at once and how often. Pure arithmetic: time comes in as a value, in seconds of a steady clock.

A test sends and receives up to 2 Mbit/s for some seconds, so it is bounded per person, per address (an office of many)
and in all of this web process.
"""

from collections import deque
from dataclasses import dataclass, field

from conferences.errors import TooManyTests

AT_ONCE = 10
AT_ONCE_PER_ADDRESS = 4
WINDOW_SECONDS = 600.0
PER_PERSON, PER_ADDRESS = 10, 60  # within the window
MOST_REMEMBERED = 10_000


@dataclass
class Admission:
    """Who is testing, and when each person and address has begun a test."""

    _running: dict[str, str] = field(default_factory=dict)  # address by person
    _begun: dict[str, deque[float]] = field(default_factory=dict)

    def enter(self, person: str, address: str, now: float) -> None:
        """Begin a test. Raises TooManyTests."""
        from_address = sum(each == address for each in self._running.values())
        is_crowded = len(self._running) >= AT_ONCE or from_address >= AT_ONCE_PER_ADDRESS
        bounds = {person: PER_PERSON, f"address:{address}": PER_ADDRESS}
        if person in self._running or is_crowded or any(self._recent(key, now) >= bounds[key] for key in bounds):
            raise TooManyTests
        self._running[person] = address
        for key in bounds:
            self._begun.setdefault(key, deque()).append(now)
        self._forget_old(now)

    def leave(self, person: str) -> None:
        """The test is over."""
        self._running.pop(person, None)

    def _recent(self, key: str, now: float) -> int:
        begun = self._begun.get(key, deque())
        while begun and begun[0] <= now - WINDOW_SECONDS:
            begun.popleft()
        return len(begun)

    def _forget_old(self, now: float) -> None:
        if len(self._begun) > MOST_REMEMBERED:
            self._begun = {key: begun for key, begun in self._begun.items() if self._recent(key, now)}
