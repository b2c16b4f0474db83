"""One publication forwarded to one peer: which layer, keyframes, reports and retransmissions."""

import secrets
import time
from typing import TYPE_CHECKING

from media_sfu.codecs import FALLBACK
from media_sfu.codecs.thinning import HIGHEST as ALL_TEMPORAL
from media_sfu.egress import Egress
from media_sfu.forwarding.keyframes import SubscriberBudget
from media_sfu.forwarding.layers import select_layer
from media_sfu.forwarding.reports import SubscriberReports
from media_sfu.forwarding.retransmission import RetransmissionBuffer
from media_sfu.forwarding.rewriter import FIRST_SEQUENCES, Rewriter
from media_sfu.plane import Forward
from media_sfu.publication import Publication
from media_sfu.rtp import rtcp
from media_sfu.sdp.writer import TRANSPORT_SEQUENCE_ID, ForwardedTrack

if TYPE_CHECKING:
    from media_sfu.peer import Peer

DEFAULT_ROUND_TRIP = 0.1
HIGHEST = 2
_STAMP_ELEMENT = TRANSPORT_SEQUENCE_ID << 4 | 1  # two octets


class Subscription:
    """What `subscriber` gets of `publication`. Nothing is forwarded before `accept`, the browser's answer."""

    def __init__(self, subscriber: "Peer", publication: Publication, egress: Egress) -> None:
        self.subscriber, self.publication = subscriber, publication
        self.repair_ssrc = egress.new_ssrc()
        self.reports = SubscriberReports()
        self._reported: tuple[int, int] | None = None  # packets sent and received, as of the last report
        self._judged: tuple[int, int] | None = None
        self._resizes = publication.resizes
        self._accepted: frozenset[int] = frozenset()  # payload types that the browser has answered with
        self.allowed: int | None = HIGHEST  # by the downlink: the highest layer that fits, None: not even the lowest
        self.allowed_temporal = ALL_TEMPORAL
        self._budget = SubscriberBudget()
        video = publication.kind == "video"
        history = _history(self.repair_ssrc) if video else None
        rewriter = Rewriter(
            egress.new_ssrc(),
            publication.codec,
            _first_sequence(),
            first_timestamp=secrets.randbits(31),
            stamp_element=_STAMP_ELEMENT,
            history=history,
        )
        self.forward = Forward(publication.track, egress, rewriter, history)
        publication.subscriptions.append(self)
        publication.uplink.watch(self)

    @property
    def ssrc(self) -> int:
        return self.forward.rewriter.ssrc

    def describe(self) -> ForwardedTrack:
        """For the SDP. Camera and microphone of a participant share a stream and a CNAME, so they play in step."""
        participant, source = self.publication.peer.id, self.publication.source
        stream = f"{participant}-screen" if source in ("screen", "screen_audio") else participant
        codec, track = self.publication.codec, f"{participant}-{source}"
        return ForwardedTrack(codec, stream, track, self.ssrc, self.repair_ssrc, stream)

    @property
    def is_accepted(self) -> bool:
        """Whether the browser has taken the m-line: what it watches is known."""
        return bool(self._accepted)

    @property
    def is_decodable(self) -> bool:
        """Whether the browser has taken the m-line with the codec that the publication is in."""
        return self.publication.codec.payload_type in self._accepted

    def accept(self, payload_types: frozenset[int]) -> None:
        """The browser has taken the m-line, and can decode what it lists."""
        if payload_types != self._accepted:
            self._accepted = payload_types
            self.update()

    def codec_changed(self) -> None:
        """The publication goes on in another codec: only the fallback is in every m-line, others are offered first."""
        is_offered = self.is_decodable or self.publication.codec is FALLBACK
        if not is_offered and self.subscriber.subscribing is not None:
            self.subscriber.subscribing.codec_changed()

    def update(self) -> None:
        """Choose the layer anew: the view, the mute state, the sources or their sizes have changed."""
        self._choose()
        self.check(time.monotonic())

    def allow(self, layer: int | None, temporal: int) -> None:
        """The link carries this layer, up to this temporal layer of it, and no more; None: it carries nothing."""
        self.allowed_temporal = temporal
        self.forward.thin(temporal)
        if layer != self.allowed:
            self.allowed = layer
            self.update()

    def check(self, now: float) -> None:
        """Follow sizes and layers that run, and ask for the keyframe that a switch waits for; every 100 ms."""
        if self._resizes != self.publication.resizes:
            self._choose()
        needed = self.forward.layers.check(now, self.publication.last_packet_at)
        if needed is not None and self.publication.kind == "video":
            self.publication.request_keyframe(needed, now)

    def send_report(self, now: float) -> None:
        """A sender report with CNAME, each second."""
        source = self.forward.source
        if source is None:
            return
        report = self.reports.sender_report(self.forward.rewriter, source.clock, now)
        if report is not None:
            cname = self.describe().cname.encode()
            self.forward.egress.send_rtcp(report + rtcp.source_description(self.ssrc, cname))

    def on_nack(self, sequences: tuple[int, ...], now: float) -> None:
        self.subscriber.counters.nack_in += len(sequences)
        self.forward.resend(sequences, self.reports.round_trip or DEFAULT_ROUND_TRIP, now)

    def on_keyframe_request(self, now: float) -> None:
        """PLI or FIR: passed on within the subscriber's budget."""
        self.subscriber.counters.keyframe_requests += 1
        source = self.forward.source
        if source is not None and self._budget.allow(now):
            self.publication.request_keyframe(source.layer, now)
        else:
            self.forward.egress.drops["keyframe_refused"] += 1

    def on_report(self, report: rtcp.ReportBlock, now: float) -> None:
        self._reported = self.forward.rewriter.packets, report.highest_sequence - report.lost
        self.reports.received(report, now)

    def take_delivery(self) -> tuple[int, int]:
        """Packets sent and received between the last reports of this call and of the one before.

        What was lost before it reached us leaves gaps in the numbers too; only what we have sent counts here.
        """
        before, self._judged = self._judged, self._reported
        if before is None or self._reported is None:
            return 0, 0
        return self._reported[0] - before[0], self._reported[1] - before[1]

    def close(self) -> None:
        self.forward.want(None)
        if self in self.publication.subscriptions:
            self.publication.subscriptions.remove(self)

    def _choose(self) -> None:
        self._resizes = self.publication.resizes
        self.forward.want(self._wanted_layer())
        self.publication.uplink.watch(self)

    def _wanted_layer(self) -> int | None:
        deserved = self.deserved_layer()
        if self.publication.kind == "audio" or deserved is None:
            return deserved
        return None if self.allowed is None else min(deserved, self.allowed)

    def watched_layers(self) -> set[int]:
        """What the sender is to send for it: the layer that it waits for, and the one that stands in meanwhile."""
        if not self._accepted:
            return {0}
        deserved, current = self.deserved_layer(), self.forward.layers.current
        if deserved is None or self.allowed is None:
            return set()
        # What the sender itself has stopped for want of bandwidth, it is to send again as soon as it can.
        is_link_full = any(self.publication.rates[self.allowed + 1 : deserved + 1])
        return {self.allowed if is_link_full else deserved} | ({current} if current is not None else set())

    def deserved_layer(self) -> int | None:
        """The layer by the view alone, whatever the link carries; None for what is not to be forwarded at all."""
        publication = self.publication
        if not self.is_decodable or publication.is_silent:
            return None
        if publication.source == "microphone" and not publication.peer.router.is_heard(publication.peer.id):
            return None
        view = self.subscriber.view
        if publication.kind == "audio" or view is None:
            return 0
        width, height = view.get((publication.peer.id, publication.source), (0, 0))
        return select_layer(
            width,
            height,
            publication.sizes,
            current=self.forward.layers.current,
            source="screen" if publication.is_screen else "camera",
        )


def _history(repair_ssrc: int) -> RetransmissionBuffer:
    """512 packets are the two seconds that are answered for, at the rate of a large layer."""
    return RetransmissionBuffer(repair_ssrc, _first_sequence(), capacity=512)


def _first_sequence() -> int:
    return secrets.choice(FIRST_SEQUENCES)
