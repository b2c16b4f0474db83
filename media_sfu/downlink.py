"""What one subscriber's link is given: the estimate, the probes, and the layers that fit."""

from typing import TYPE_CHECKING

from media_sfu.bandwidth.allocation import Demand, allocate, lowest_running, wanted_rate
from media_sfu.bandwidth.estimate import Estimator
from media_sfu.bandwidth.feedback import ReceiverClock, parse_feedback
from media_sfu.bandwidth.probing import Prober
from media_sfu.egress import Egress
from media_sfu.rtp.rtcp import RtcpError, TransportFeedback
from media_sfu.subscription import Subscription

if TYPE_CHECKING:
    from media_sfu.peer import Peer

ALLOCATE_SECONDS = 0.5
BEAT_SECONDS = 0.02


class Downlink:
    """Divides the link among the video subscriptions of one subscribe transport.

    Without transport-wide feedback (an old client) its own estimate, REMB, takes its place, or the loss in receiver
    reports.
    """

    def __init__(self, peer: "Peer", egress: Egress) -> None:
        self.estimator = Estimator()
        self.paused: list[dict[str, str]] = []
        self._peer, self._egress = peer, egress
        self._clock = ReceiverClock()
        self._prober = Prober()
        self._wanted = 0.0
        self._allocated_at = 0.0
        self._is_told = False  # transport-wide feedback came

    def on_feedback(self, block: TransportFeedback, now: float) -> None:
        """The receiver tells what arrived when."""
        try:
            feedback = parse_feedback(block.information)
        except RtcpError:
            return
        self._is_told = True
        arrivals = self._clock.times(feedback.arrivals)
        outcomes = self._egress.sent.outcomes(feedback.base_sequence, feedback.status_count, arrivals)
        self.estimator.take(outcomes, now, probing=self._prober.target > 0)
        if self._prober.target:
            for outcome in outcomes:
                self._prober.collect(outcome)
        self._judge_probe(now)
        self._egress.pacer.follow(self.estimator.bits_per_second)

    def on_losses(self, shares: list[float], now: float) -> None:
        """The lost shares of the streams in a receiver report."""
        if shares and not self._is_told:
            self.estimator.reported_loss(shares, now, wanted=self._wanted)
            self._egress.pacer.follow(self.estimator.bits_per_second)

    def on_rate(self, bits_per_second: float) -> None:
        """The receiver's own estimate."""
        if not self._is_told:
            self.estimator.reported_rate(bits_per_second)
            self._egress.pacer.follow(self.estimator.bits_per_second)

    @property
    def is_probing(self) -> bool:
        """Whether `beat` has something to do."""
        return self._prober.is_sending

    def beat(self, subscriptions: list[Subscription], now: float) -> None:
        """Padding, every 20 ms while a probe is under way."""
        octets = self._prober.missing_octets(self._egress.counters.bytes_out, now + BEAT_SECONDS)
        videos = [each for each in subscriptions if each.publication.kind == "video" and each.is_accepted]
        if videos and octets:
            max(videos, key=lambda each: each.forward.source is not None).forward.pad(octets, now)
        self._prober.end_if_over(self._egress.sent.next, now)

    def check(self, subscriptions: list[Subscription], now: float) -> None:
        """Every 100 ms: divide the link anew when it is time, or when it is congested."""
        self._judge_probe(now)
        is_due = now - self._allocated_at >= ALLOCATE_SECONDS
        if is_due or (self.estimator.is_congested and now - self._allocated_at >= ALLOCATE_SECONDS / 5):
            self._allocated_at = now
            self._allocate(subscriptions)
            if self._is_told:
                estimate, sent = self.estimator.bits_per_second, self._egress.counters.bytes_out
                number = self._egress.sent.next
                self._prober.begin(estimate=estimate, wanted=self._wanted, number=number, sent=sent, now=now)

    def _judge_probe(self, now: float) -> None:
        if self.estimator.is_congested:
            self._prober.stop(self._egress.sent.next)
        found = self._prober.result(now)
        if found is not None:
            self.estimator.probed(found, now)

    def _allocate(self, subscriptions: list[Subscription]) -> None:
        # A voice that is muted, or not among the loudest of a large meeting, is measured and not sent.
        sounds = [each for each in subscriptions if each.publication.kind == "audio"]
        sound = sum(each.publication.rates[0] for each in sounds if each.deserved_layer() is not None)
        videos = self._peer.router.by_importance([each for each in subscriptions if each.publication.kind == "video"])
        demands = [demand for demand in map(_demand, videos) if demand is not None]
        chosen = allocate(demands, self.estimator.bits_per_second - sound)
        self._wanted = sound + wanted_rate(demands)
        for subscription, step in chosen.items():
            subscription.allow(*(step or (None, 0)))
        self._tell_paused([each for each, step in chosen.items() if step is None])

    def _tell_paused(self, subscriptions: list[Subscription]) -> None:
        publications = [each.publication for each in subscriptions]
        paused = [{"participant": each.peer.id, "source": each.source} for each in publications]
        if paused != self.paused:
            self.paused = paused
            self._peer.emit("paused", tiles=paused)


def _demand(subscription: Subscription) -> Demand[Subscription] | None:
    """What a subscription would take; None for one that nobody looks at, or of which nothing was measured yet.

    One that is paused and still takes what it took before: it would not fit either when it moves again.
    """
    publication, wanted = subscription.publication, subscription.deserved_layer()
    rates, allowed = publication.rates, subscription.allowed
    if allowed is None and not any(rates):
        rates = publication.usual_rates
    if wanted is None or not any(rates):
        return None
    present = None if allowed is None else (allowed, subscription.allowed_temporal)
    wanted = max(lowest_running(rates), min(wanted, len(rates) - 1))
    return Demand(subscription, rates, wanted, present, publication.shares)
