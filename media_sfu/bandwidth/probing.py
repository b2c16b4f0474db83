"""Finding out whether a link carries more than is sent: for a moment more is sent, as padding.

Rates are bits per second, times seconds. No I/O, no clock.
"""

from typing import NamedTuple

from media_sfu.bandwidth.history import Outcome, arrived_of

LENGTH = 0.25
"""Seconds of one probe."""
PATIENCE = 1.0
"""Seconds after its end within which the receiver has to tell of it."""
BOLD, CAREFUL = 2.0, 1.3
"""A probe asks for so many times the present estimate: after one that found more, and after one that did not."""
SPARE = 1.1
"""What is probed for beyond what is wanted."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 6.0
"""Between probes; doubled after each one that found nothing."""
ARRIVED_SHARE, CONGESTED_SHARE = 0.85, 0.95
"""What of the sending rate has to arrive, or else the link's limit was found; jitter blurs it. With a queue seen to
grow it has to be more.
"""
MIN_PACKETS = 10


class Found(NamedTuple):
    """What a probe found: the link carries so much, and if `is_limit` no more. `lost` is the share of its packets."""

    bits_per_second: float
    is_limit: bool
    lost: float = 0.0


class Prober:
    """One probe after another on one transport, as long as more is wanted than is known to fit."""

    def __init__(self) -> None:
        self.target = 0.0  # of the probe under way; 0: none
        self._began = 0.0
        self._numbers = (0, 0)  # of the packets from its first to the one after its last; 0: still going on
        self._packets: list[Outcome] = []
        self._pause = FIRST_PAUSE
        self._step = BOLD
        self._congested = False
        self._sent_before = 0
        self._next = 0.0

    @property
    def is_sending(self) -> bool:
        return self.target > 0 and not self._numbers[1]

    def begin(self, *, estimate: float, wanted: float, number: int, sent: int, now: float) -> bool:
        """Start a probe when one is due: more is wanted than `estimate`.

        `number` is that of the next packet, `sent` the octets sent so far.
        """
        self._next = self._next or now + FIRST_PAUSE  # what the media itself does to the link is to be seen first
        if self.target or SPARE * wanted <= estimate or now < self._next:
            return False
        self.target = min(self._step * estimate, SPARE * wanted)
        self._began, self._sent_before, self._numbers, self._packets = now, sent, (number, 0), []
        self._congested = False
        return True

    def missing_octets(self, sent: int, now: float) -> int:
        """What padding has to add to the octets sent so far, so that the target is reached at `now`."""
        return max(0, int(self.target * (now - self._began) / 8) - (sent - self._sent_before))

    def end_if_over(self, number: int, now: float) -> None:
        """Stop sending after a quarter of a second; `number` is that of the next packet."""
        if self.is_sending and now - self._began >= LENGTH:
            self._numbers = (self._numbers[0], number)

    def collect(self, outcome: Outcome) -> None:
        """One packet that the receiver told of."""
        first, end = self._numbers
        if self.target and outcome[0] >= first and (not end or outcome[0] < end):
            self._packets.append(outcome)

    def result(self, now: float) -> Found | None:
        """What the probe under way found, once it is over; None before, and when it found nothing."""
        end = self._numbers[1]
        if not self.target or not end:
            return None
        is_told = bool(self._packets) and self._packets[-1][0] >= end - 1
        if not is_told and now - self._began < LENGTH + PATIENCE:
            return None
        found = _carried(self._packets, congested=self._congested)
        self._finish(now, success=found is not None and not found.is_limit)
        return found

    def stop(self, number: int) -> None:
        """Congestion: what was sent up to `number` has to do."""
        self._congested = True
        if self.is_sending:
            self._numbers = (self._numbers[0], number)

    def _finish(self, now: float, *, success: bool) -> None:
        self._step = BOLD if success else CAREFUL
        self._pause = FIRST_PAUSE if success else min(LONGEST_PAUSE, 2 * self._pause)
        self._next = now + (0.0 if success else self._pause)
        self.target = 0.0


def _carried(packets: list[Outcome], *, congested: bool) -> Found | None:
    """None when too little is known of it."""
    came = arrived_of(packets)
    if len(came) < MIN_PACKETS:
        return None
    octets = sum(size for _, size, _ in came[1:])
    sent, arrived = came[-1][0] - came[0][0], came[-1][2] - came[0][2]
    if sent <= 0 or arrived <= 0:
        return None
    send_rate, arrival_rate = octets * 8 / sent, octets * 8 / arrived
    least = (CONGESTED_SHARE if congested else ARRIVED_SHARE) * send_rate
    return Found(min(send_rate, arrival_rate), arrival_rate < least, 1 - len(came) / len(packets))
