"""Finding out whether a link carries more than is sent: for a moment more is sent, as padding.

Rates are bits per second, times seconds. No I/O, no clock.
"""

from media_sfu.bandwidth.history import Outcome

LENGTH = 0.25
"""Seconds of one probe."""
PATIENCE = 1.0
"""Seconds after its end within which the receiver has to tell of it."""
STEP = 1.5
"""A probe asks for so many times the present estimate."""
SPARE = 1.1
"""What is probed for beyond what is wanted."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 8.0
"""Between probes; doubled after each one that found nothing."""
ARRIVED_SHARE = 0.9
"""What of the sending rate has to arrive for all of it to count as carried."""
MIN_PACKETS = 10


class Prober:
    """One probe after another on one transport, as long as more is wanted than is known to fit."""

    def __init__(self) -> None:
        self.target = 0.0  # of the probe under way; 0: none
        self._began = 0.0
        self._numbers = (0, 0)  # of the packets from its first to the one after its last; 0: still going on
        self._packets: list[Outcome] = []
        self._pause = FIRST_PAUSE
        self._next = 0.0

    @property
    def is_sending(self) -> bool:
        return self.target > 0 and not self._numbers[1]

    def begin(self, *, estimate: float, wanted: float, number: int, now: float) -> bool:
        """Start a probe when one is due: `wanted` exceeds `estimate`, `number` is that of the next packet."""
        self._next = self._next or now + FIRST_PAUSE  # what the media itself does to the link is to be seen first
        if self.target or wanted <= estimate or now < self._next:
            return False
        self.target = min(STEP * estimate, SPARE * wanted)
        self._began, self._numbers, self._packets = now, (number, 0), []
        return True

    def missing_octets(self, media_bits_per_second: float, elapsed: float) -> int:
        """What padding has to add in `elapsed` seconds to what the media sends anyway."""
        return max(0, int((self.target - media_bits_per_second) * elapsed / 8))

    def end_if_over(self, number: int, now: float) -> None:
        """Stop sending after a quarter of a second; `number` is that of the next packet."""
        if self.is_sending and now - self._began >= LENGTH:
            self._numbers = (self._numbers[0], number)

    def collect(self, outcome: Outcome) -> None:
        """One packet that the receiver told of."""
        first, end = self._numbers
        if self.target and outcome.number >= first and (not end or outcome.number < end):
            self._packets.append(outcome)

    def result(self, now: float) -> float | None:
        """What the probe under way found, once it is over; None before, and when it found nothing."""
        end = self._numbers[1]
        if not self.target or not end:
            return None
        is_told = bool(self._packets) and self._packets[-1].number >= end - 1
        if not is_told and now - self._began < LENGTH + PATIENCE:
            return None
        found = _carried([each for each in self._packets if each.arrived is not None])
        self._finish(now, success=found is not None)
        return found

    def give_up(self, now: float) -> None:
        """Congestion: the probe under way has failed."""
        if self.target:
            self._finish(now, success=False)

    def _finish(self, now: float, *, success: bool) -> None:
        self._pause = FIRST_PAUSE if success else min(LONGEST_PAUSE, 2 * self._pause)
        self._next = now + (0.0 if success else self._pause)
        self.target = 0.0


def _carried(packets: list[Outcome]) -> float | None:
    """What the link carried, in bits per second; None when too little is known of it."""
    if len(packets) < MIN_PACKETS:
        return None
    octets = sum(packet.size for packet in packets[1:])
    sent = packets[-1].sent_at - packets[0].sent_at
    arrived = (packets[-1].arrived or 0.0) - (packets[0].arrived or 0.0)
    if sent <= 0 or arrived <= 0:
        return None
    send_rate, arrival_rate = octets * 8 / sent, octets * 8 / arrived
    return send_rate if arrival_rate >= ARRIVED_SHARE * send_rate else 0.95 * arrival_rate
