"""The packet path: unprotect, look up, for each subscription rewrite, protect, send. Synchronous, one pass; a queue
only for bursts of video.

This module, with endpoint.py and egress.py below it, is a seam: it knows packets, not people. A native implementation
can replace it whole, with this one as the reference. What the policy (publication.py, subscription.py) uses of it:

    Ingress   keys and sources of one publish transport: add_source, remove_source, send_rtcp, close
    Egress    keys, path and pacer of one subscribe transport: send_rtcp, pacer.follow (the estimate), close
    Source    one incoming SSRC
    Track     the sources of one publication and the forwards that take from them
    Forward   one subscription: want (target layer), thin (highest temporal layer), resend, pad, and its counters

Everything that goes wrong with one packet is counted by reason in `drops` and costs that packet only.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from time import monotonic

from media_sfu.bandwidth.feedback import FeedbackGenerator
from media_sfu.bandwidth.policing import TokenBucket, TrackPolicer
from media_sfu.bandwidth.shares import TemporalShares
from media_sfu.codecs import Codec, Description
from media_sfu.egress import Egress
from media_sfu.endpoint import MAX_SSRCS, Endpoint, Send
from media_sfu.forwarding.clock import SenderClock
from media_sfu.forwarding.keyframes import KeyframeRequests
from media_sfu.forwarding.layers import NEVER, LayerSwitch
from media_sfu.forwarding.reports import ReceptionStatistics
from media_sfu.forwarding.retransmission import LossDetector, RetransmissionBuffer, unwrap_rtx
from media_sfu.forwarding.rewriter import Rewriter
from media_sfu.forwarding.sequence import SequenceWindow
from media_sfu.net.ice import Path
from media_sfu.net.transport import Transport
from media_sfu.rtp import extensions, packet, rtcp
from media_sfu.stats import PeerCounters

UNKNOWN_PER_SECOND, UNKNOWN_PAUSE_SECONDS = 200, 0.1  # packets of SSRCs of no source, which has no policer for them

Learn = Callable[[int, int, dict[int, bytes]], "Source | None"]


class Track:
    """What the layers of one publication share: the forwards that want packets of any of them."""

    __slots__ = ("forwards",)

    def __init__(self) -> None:
        self.forwards: list[Forward] = []


class Source:
    """One incoming SSRC: a simulcast layer, or a whole track. `layer` counts from 0, the lowest.

    `on_level(octet)` gets audio levels; `on_resized()` is called when a keyframe has another size than the last.
    """

    __slots__ = (
        "clock",
        "codec",
        "forwards",
        "keyframes",
        "last_packet_at",
        "layer",
        "loss",
        "on_level",
        "on_resized",
        "payload_type",
        "policer",
        "reception",
        "repair_payload_type",
        "size",
        "ssrc",
        "temporal",
        "track",
        "video",
        "window",
    )

    def __init__(
        self,
        ssrc: int,
        track: Track,
        layer: int,
        codec: Codec,
        payload_types: tuple[int, int | None],
        policer: TrackPolicer,
    ) -> None:
        self.ssrc, self.track, self.layer, self.codec = ssrc, track, layer, codec
        self.payload_type, self.repair_payload_type = payload_types
        self.policer = policer
        self.video = codec.kind == "video"
        self.clock = SenderClock(codec.clock_rate)
        self.window = SequenceWindow()
        self.loss = LossDetector()
        self.reception = ReceptionStatistics(ssrc, self.clock)
        self.temporal = TemporalShares()
        self.keyframes = KeyframeRequests()
        self.forwards: list[Forward] = []
        self.last_packet_at = NEVER
        self.size: tuple[int, int] | None = None
        self.on_level: Callable[[int], None] | None = None
        self.on_resized: Callable[[], None] | None = None


class Ingress(Endpoint):
    """A publish transport. `learn(ssrc, payload_type, {extension id: value})` names the source of an unknown SSRC."""

    def __init__(self, transport: Transport, counters: PeerCounters, send: Send, drops: Counter[str]) -> None:
        super().__init__(transport, counters, send, drops)
        self.learn: Learn | None = None
        self.feedback = FeedbackGenerator()
        self.ssrc = secrets.randbits(31) | 1  # the sender of our reports and requests
        self.transport_sequence_id = 0
        self.audio_level_id = 0
        self._sources: dict[int, Source] = {}
        self._unknown = TokenBucket(UNKNOWN_PER_SECOND, UNKNOWN_PER_SECOND)
        self._unknown_from = 0.0  # packets of unknown SSRCs are ignored until then

    def close(self) -> None:
        super().close()
        self.learn = None
        self._sources.clear()

    def add_source(self, ssrc: int, source: Source) -> bool:
        """Packets of `ssrc` (media or RTX) belong to `source`; False when the transport has too many already."""
        if ssrc not in self._sources and len(self._sources) >= MAX_SSRCS:
            self.drops["ssrc_limit"] += 1
            return False
        self._sources[ssrc] = source
        if ssrc in self._seen:
            self._seen[ssrc] = True
        return True

    def remove_source(self, source: Source) -> None:
        """Forget a source, its RTX and what libsrtp keeps of them."""
        for ssrc in [ssrc for ssrc, owner in self._sources.items() if owner is source]:
            del self._sources[ssrc]
            self._unseat(ssrc)

    def request_keyframe(self, source: Source, now: float) -> None:
        """Ask for a keyframe, at most each 500 ms; what comes sooner is asked by `ask_due`."""
        if source.keyframes.request(now):
            self._send_keyframe_request(source)

    def ask_due(self, source: Source, now: float, round_trip: float) -> None:
        """Ask for what is missing of a video source and due: packets, or a keyframe."""
        if source.loss.keyframe_needed:
            source.loss.keyframe_needed = False
            self.request_keyframe(source, now)
        missing = source.loss.due(now, round_trip)
        if missing:
            self.counters.nack_out += len(missing)
            self.send_rtcp(rtcp.nack(self.ssrc, source.ssrc, missing))
        if source.keyframes.due(now):
            self._send_keyframe_request(source)

    def _send_keyframe_request(self, source: Source) -> None:
        self.counters.keyframes_asked += 1
        self.send_rtcp(rtcp.picture_loss_indication(self.ssrc, source.ssrc))

    def _receive_rtp(self, data: bytes, path: Path) -> None:
        ssrc = int.from_bytes(data[8:12], "big")
        if self._rx is None or (ssrc not in self._seen and not self._seat(ssrc)):
            return
        now, source = monotonic(), self._sources.get(ssrc)
        if source is None and now < self._unknown_from:
            self.drops["unknown_ssrc"] += 1
            return
        plain = self._rx.unprotect(data)
        self.counters.packets_in += 1
        self.counters.bytes_in += len(data)
        self._authenticated(ssrc, path)
        header = packet.parse(plain)
        source = source or self._learn(ssrc, plain, header)
        if source is not None and not source.policer.admit(len(data), now):
            self.drops["policed"] += 1  # and never told as arrived: a sender that listens slows down
            return
        if self.transport_sequence_id:
            self._note_arrival(plain, header, now)
        if source is None:
            self._ignore_unknown(now)
        elif header[1] == source.payload_type:
            self._take(source, plain, header, header[2], header[8], now)
        elif header[1] == source.repair_payload_type:
            restored = unwrap_rtx(plain, header[8], header[9])
            if restored is not None:  # else a padding probe
                self._take(source, plain, header, *restored, now)
        else:
            self.drops["payload_type"] += 1

    def _ignore_unknown(self, now: float) -> None:
        """A packet that belongs to nothing; when the peer sends many, the next are not even decrypted."""
        self.drops["unknown_ssrc"] += 1
        if not self._unknown.take(1, now):
            self._unknown_from = now + UNKNOWN_PAUSE_SECONDS

    def _note_arrival(self, plain: bytes, header: packet.Header, now: float) -> None:
        found = extensions.find(plain, header[5], header[6], header[7], self.transport_sequence_id)
        if found is not None and found[1] == 2:
            self.feedback.arrived(plain[found[0]] << 8 | plain[found[0] + 1], now)

    def _take(self, source: Source, plain: bytes, header: packet.Header, sequence: int, start: int, now: float) -> None:
        """A packet of `source`, `sequence` and `start` those of the original if it came as RTX."""
        extended = source.window.accept(sequence)
        if extended is None:
            self.drops["duplicate"] += 1
            return
        if header[1] == source.payload_type:
            source.reception.received(extended, header[3], len(plain), now)
        source.last_packet_at = now
        description = source.codec.describe(plain, start, header[9])
        if source.video:
            source.loss.received(extended, now, keyframe=description[1])
            temporal = source.codec.temporal
            if temporal is not None and description[2]:
                source.temporal.octets[temporal(description[2])] += len(plain)
            if description[1]:
                self._keyframe(source, plain, start, header[9])
        elif self.audio_level_id and source.on_level is not None:
            found = extensions.find(plain, header[5], header[6], header[7], self.audio_level_id)
            if found is not None and found[1]:
                source.on_level(plain[found[0]])
        self._forward(source, plain, header, start, extended, description, now)

    def _forward(
        self,
        source: Source,
        plain: bytes,
        header: packet.Header,
        start: int,
        sequence: int,
        description: Description,
        now: float,
    ) -> None:
        marker, timestamp, end = header[0], header[3], header[9]
        if description[1] and len(source.forwards) != len(source.track.forwards) and sequence == source.window.highest:
            for forward in source.track.forwards:
                forward.offer(source, plain, sequence, timestamp, start, description, now)
        for forward in source.forwards:
            egress = forward.egress
            rewritten = forward.rewriter.rewrite(
                plain, marker, sequence, timestamp, start, end, description, egress.stamp, now
            )
            if rewritten is None:
                continue
            if source.video and not egress.pacer.is_open(now):
                egress.hold(rewritten, now)
            else:
                egress.send_rtp(rewritten, now)

    def _learn(self, ssrc: int, plain: bytes, header: packet.Header) -> Source | None:
        if self.learn is None:
            return None
        source = self.learn(ssrc, header[1], extensions.read_all(plain, *header[5:8]))
        return source if source is not None and self.add_source(ssrc, source) else None

    def _keyframe(self, source: Source, plain: bytes, start: int, end: int) -> None:
        source.keyframes.received()
        size = source.codec.frame_size(plain, start, end)
        if size is not None and size != source.size:
            source.size = size
            if source.on_resized is not None:
                source.on_resized()


class Forward:
    """One subscription on the packet path."""

    __slots__ = ("_source", "egress", "history", "layers", "rewriter", "track")

    def __init__(self, track: Track, egress: Egress, rewriter: Rewriter, history: RetransmissionBuffer | None) -> None:
        self.track, self.egress, self.rewriter, self.history = track, egress, rewriter, history
        self.layers = LayerSwitch()
        self._source: Source | None = None

    @property
    def source(self) -> Source | None:
        """The source being forwarded; None before the first keyframe and while paused."""
        return self._source

    def want(self, layer: int | None) -> None:
        """Aim at a layer; None stops at once. The change happens at a keyframe that the caller asks for."""
        self.layers.want(layer)
        if layer is None:
            self._leave()
            if self in self.track.forwards:
                self.track.forwards.remove(self)
        elif self not in self.track.forwards:
            self.track.forwards.append(self)

    def thin(self, temporal: int) -> None:
        """Leave out what is above this temporal layer."""
        self.rewriter.thin(temporal)

    def offer(
        self,
        source: Source,
        plain: bytes,
        sequence: int,
        timestamp: int,
        start: int,
        description: Description,
        now: float,
    ) -> None:
        """The packet about to come starts a keyframe of `source`: switch to it if that is wanted."""
        if source is self._source or not self.layers.admit(source.layer, keyframe=True):
            return
        self._leave()
        self._source = source
        source.forwards.append(self)
        self.egress.counters.layer_switches += 1
        if source.codec is not self.rewriter.codec:
            self.rewriter.adopt(source.codec)
        self.rewriter.switch(source.clock, plain, sequence, timestamp, start, description, now)

    def resend(self, sequences: tuple[int, ...], round_trip: float, now: float) -> None:
        """Answer a NACK with what the history still has and the budget allows."""
        if self.history is None:
            return
        for sequence in sequences:
            repaired = self.history.answer(
                sequence, sent_octets=self.rewriter.octets, round_trip=round_trip, stamp=self.egress.stamp, now=now
            )
            if repaired is None:
                self.egress.drops["nack_refused"] += 1
            elif self.egress.send_repair(repaired, now):
                self.egress.counters.retransmitted_out += 1

    def pad(self, octets: int, now: float) -> int:
        """Send newest packets once more as RTX, or mere padding: receivers drop it. Gives what was sent, in octets."""
        history, egress, sent = self.history, self.egress, 0
        while history is not None and sent < octets:
            again = history.pad(self.rewriter.newest, stamp=egress.stamp, now=now)
            padding = again or history.blank(self.rewriter.head(egress.stamp))
            if not egress.send_rtp(padding, now):
                break
            sent += len(padding)
        return sent

    def _leave(self) -> None:
        if self._source is not None:
            self._source.forwards.remove(self)
            self._source = None
