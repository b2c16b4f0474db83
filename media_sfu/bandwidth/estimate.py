"""How much a subscriber's link carries: delay trend and loss, as in Google Congestion Control, at the sender.

Source: draft-ietf-rmcat-gcc-02 sections 5 and 6, with the probing that an application-limited sender needs: what was
never sent cannot be known to fit. Rates are bits per second, times seconds. No I/O, no clock.
"""

from collections import deque
from collections.abc import Sequence

from media_sfu.bandwidth.history import Arrived, Outcome, arrived_of
from media_sfu.bandwidth.probing import Found
from media_sfu.bandwidth.trend import DelayTrend, Usage

FIRST = 3_000_000.0
LOWEST, HIGHEST = 50_000.0, 50_000_000.0
BACK_OFF = 0.85
"""Of what arrived, after the queue was seen to grow."""
GROWTH_PER_SECOND = 1.08
HEADROOM = 1.5
"""The estimate grows to at most so many times what arrives: the rest would be a guess."""
SETTLED = 0.3
"""Seconds after a back-off before another one may follow: the effect of the first has to be seen."""
NEAR = 0.8
"""Of the rate of the last back-off: from there on growth is slow."""
SLOW_BITS_PER_SECOND = 20_000.0
FULL = 0.94
"""Of the rate of the last back-off: more is only believed of a link that has shown more, to a probe."""
PROBED = 0.9
"""Of what a probe has found to be the most: it is measured over a quarter of a second only."""
SEASONED, LASTING, PASSING = 2.0, 1.0, 0.75
"""A link that has carried some rate for so many seconds is taken to carry no less than this share of it, until a queue
stands for so many: before, it may as well be a machine that stalls."""
OUTAGE_SECONDS = 1.0
"""Without feedback: what was lost meanwhile says nothing of how much the link carries."""
MEASURE_SECONDS = 0.5
MOST_MEASURED = 8192
"""Packets; at HIGHEST the window has some 3,000. A clock that stands still must not let it grow."""
PEAK_SECONDS = 0.2
HIGH_LOSS, LOW_LOSS = 0.10, 0.02
OVERFLOW = 0.30
"""Loss by which a full queue is known whose delay can grow no more: what arrives is what the link carries."""
LOSS_SECONDS = 1.0
LOSS_PACKETS = 20
REPORTED = 100
"""Packets that one receiver report counts for."""


class ArrivalRate:
    """Bits per second that arrived lately, by the receiver's clock."""

    def __init__(self) -> None:
        self._packets: deque[Arrived] = deque()
        self._octets = 0

    def take(self, came: Sequence[Arrived]) -> None:
        """Packets that arrived, at least one. Whatever the receiver's clock does, MOST_MEASURED are kept at most."""
        packets, newest = self._packets, came[-1][2]
        if packets and packets[0][2] - newest > MEASURE_SECONDS:  # the clock was set back: begin anew
            packets.clear()
            self._octets = 0
        packets.extend(came)
        octets = self._octets
        for _, size, _ in came:
            octets += size
        oldest = newest - MEASURE_SECONDS
        while packets[0][2] < oldest or len(packets) > MOST_MEASURED:
            octets -= packets.popleft()[1]
        self._octets = octets

    @property
    def bits_per_second(self) -> float:
        """0 until half of the window is filled."""
        if len(self._packets) < 2:
            return 0.0
        span = self._packets[-1][2] - self._packets[0][2]
        return (self._octets - self._packets[0][1]) * 8 / span if span >= MEASURE_SECONDS / 2 else 0.0

    @property
    def peak(self) -> float:
        """The same over the last moment, if that is more: while a queue is full it is what the link carries."""
        octets, newest = 0, self._packets[-1][2] if self._packets else 0.0
        for _, size, arrived in reversed(self._packets):
            if newest - arrived > PEAK_SECONDS:
                return max(self.bits_per_second, octets * 8 / (newest - arrived))
            octets += size
        return self.bits_per_second


class LossWindow:
    """The share of packets lost over about a second."""

    def __init__(self) -> None:
        self._since = -1.0
        self._sent = self._lost = 0

    def take(self, sent: int, lost: int, now: float) -> float | None:
        """Count; gives the share when a window is over, else None."""
        self._since = now if self._since < 0 else self._since
        self._sent, self._lost = self._sent + sent, self._lost + lost
        if now - self._since < LOSS_SECONDS or self._sent < LOSS_PACKETS:
            return None
        share = self._lost / self._sent
        self._since, self._sent, self._lost = now, 0, 0
        return share


class Estimator:
    """The estimate of one transport. `bits_per_second` is what may be sent."""

    def __init__(self) -> None:
        self.bits_per_second = FIRST
        self.arriving = ArrivalRate()
        self.trend = DelayTrend()
        self._loss = LossWindow()
        self._by_loss = HIGHEST
        self._by_delay = FIRST
        self._backed_off_at = float("-inf")
        self._limit: float | None = None  # what arrived when the link was last seen to be full
        self._limit_at = 0.0
        self._updated_at = -1.0

    @property
    def is_congested(self) -> bool:
        return self.trend.usage is Usage.OVER

    def take(self, outcomes: Sequence[Outcome], now: float, *, probing: bool = False) -> None:
        """One feedback: the packets that it tells of, in the order of sending.

        `probing`: more is being sent than the media, on trial. A queue that grows with it is the probe's failure, not
        the media's; what is lost of packets from before a back-off is that back-off's reason, not one for the next.
        """
        if not outcomes:  # nothing has arrived
            return
        since = self._backed_off_at
        came = arrived_of(outcomes)
        lost = len(outcomes) - len(came)
        if outcomes[0][1] <= since:
            outcomes = [outcome for outcome in outcomes if outcome[1] > since]
            lost = sum(arrived is None for _, _, _, arrived in outcomes)
        if came:
            self.arriving.take(came)
            self.trend.take(came)
        self._follow_delay(now, probing=probing)
        if now - self._updated_at < OUTAGE_SECONDS:
            self._follow_loss(len(outcomes), lost, now)
        self._updated_at = now
        self._settle()

    def probed(self, found: Found, now: float) -> None:
        """A probe showed that the link carries this much, or no more than that."""
        carried = found.bits_per_second
        if found.is_limit:
            carried = self._by_delay = self._fall(PROBED, carried, now)
        else:
            self._by_delay = max(self._by_delay, carried)
            self._limit = None if self._limit is None or carried > self._limit else self._limit
        if found.lost < HIGH_LOSS:
            self._by_loss = max(self._by_loss, carried)
        self._settle()

    def reported_loss(self, shares: Sequence[float], now: float, *, wanted: float) -> None:
        """The losses of a receiver report, of a client that sends no transport-wide feedback.

        The estimate then follows loss alone, up to a multiple of what is `wanted`: more was never sent.
        """
        if self._by_delay == FIRST and self._by_loss == HIGHEST:
            self._by_delay, self._by_loss = HIGHEST, FIRST
        self._follow_loss(REPORTED * len(shares), round(REPORTED * sum(shares)), now)
        self._by_loss = min(self._by_loss, max(FIRST, HEADROOM * wanted))
        self._settle()

    def reported_rate(self, bits_per_second: float) -> None:
        """What a client says that estimates itself (REMB)."""
        self._by_delay = bits_per_second
        self._settle()

    def _follow_delay(self, now: float, *, probing: bool) -> None:
        usage = self.trend.usage
        if usage is Usage.OVER and probing:
            self._backed_off_at = now
        elif usage is Usage.OVER:
            self._back_off(now)
        elif usage is Usage.NORMAL:
            self._grow(now)

    def _back_off(self, now: float) -> None:
        arriving = self.arriving.peak
        if now - self._backed_off_at < SETTLED or not arriving:
            return
        self._backed_off_at = now
        self._by_delay = min(self._by_delay, self._fall(BACK_OFF, arriving, now))

    def _fall(self, share: float, carried: float, now: float) -> float:
        """What to make of a measurement that says that the link is full."""
        limit, is_seasoned = self._limit, now - self._limit_at > SEASONED
        if limit is not None and is_seasoned and carried < limit and self.trend.queue_seconds < LASTING:
            return max(share * carried, PASSING * limit)
        self._limit, self._limit_at = carried, now
        return share * carried

    def _grow(self, now: float) -> None:
        if self._updated_at < 0 or now - self._backed_off_at < SETTLED:
            return
        elapsed = min(now - self._updated_at, 1.0)
        grown = self._by_delay * GROWTH_PER_SECOND**elapsed
        most = HEADROOM * self.arriving.bits_per_second + 10_000
        if self._limit is not None:
            most = min(most, FULL * self._limit)
            if self._by_delay > NEAR * self._limit:
                grown = min(most, self._by_delay + SLOW_BITS_PER_SECOND * elapsed)
        if grown <= most:
            self._by_delay = max(self._by_delay, grown)

    def _follow_loss(self, sent: int, lost: int, now: float) -> None:
        share = self._loss.take(sent, lost, now)
        if share is not None:
            self._judge_loss(share, now)

    def _judge_loss(self, share: float, now: float) -> None:
        if share > HIGH_LOSS:
            self._by_loss = min(self._by_loss, self.bits_per_second) * (1 - 0.5 * share)
            self._backed_off_at = now
        if share > OVERFLOW and self.arriving.bits_per_second:
            self._by_loss = min(self._by_loss, BACK_OFF * self.arriving.bits_per_second)
            self._limit, self._limit_at = self.arriving.bits_per_second, now
            self._by_delay = min(self._by_delay, self._limit)
        elif share < LOW_LOSS:
            self._by_loss *= GROWTH_PER_SECOND

    def _settle(self) -> None:
        self._by_loss = _within_bounds(self._by_loss)
        self._by_delay = _within_bounds(self._by_delay)
        self.bits_per_second = min(self._by_delay, self._by_loss)


def _within_bounds(rate: float) -> float:
    return LOWEST if rate < LOWEST else HIGHEST if rate > HIGHEST else rate
