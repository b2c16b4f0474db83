"""A peer's subscribe transport: we offer, the browser answers.

One offer is in flight at a time and what changes meanwhile goes into the next. An m-line is never removed: one whose
track ended is offered inactive, and reused for a track of the same kind once the browser has answered that.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from media_sfu.bandwidth.policing import TokenBucket
from media_sfu.codecs import FALLBACK, Codec
from media_sfu.control.messages import Json
from media_sfu.downlink import Downlink
from media_sfu.egress import Egress
from media_sfu.errors import RequestRefused, SdpError
from media_sfu.net.transport import Network, Transport
from media_sfu.publication import Publication
from media_sfu.rtp import rtcp
from media_sfu.rtp.extensions import TRANSPORT_SEQUENCE
from media_sfu.sdp.model import Section
from media_sfu.sdp.reader import read_description
from media_sfu.sdp.writer import TRANSPORT_WIDE, write_offer
from media_sfu.subscription import Subscription

if TYPE_CHECKING:
    from media_sfu.peer import Peer

COALESCE_SECONDS = 0.03
ANSWER_SECONDS = 15.0
MAX_SLOTS = 62
MIN_VIDEO_SLOTS = 9
# What an m-line takes in Chromium's answer, which must stay within the limit of the SDP reader.
ANSWER_BYTES = {"audio": 520, "video": 665}
CODEC_BYTES = 270  # what one more codec adds
MAX_ANSWER_BYTES = 30_000
NACKED_PER_SECOND = 2000  # of all subscriptions: each costs a look-up, whether it is answered or not


@dataclass(slots=True)
class Slot:
    """One m-line. `free` once the browser has answered it inactive."""

    kind: str
    subscription: Subscription | None
    free: bool = False

    @property
    def answer_bytes(self) -> int:
        return _answer_bytes(self.subscription.publication) if self.subscription else ANSWER_BYTES[self.kind]


def _answer_bytes(publication: Publication) -> int:
    has_two = publication.kind == "video" and publication.codec is not FALLBACK
    return ANSWER_BYTES[publication.kind] + (CODEC_BYTES if has_two else 0)


class SubscribeTransport:
    """Transport, packet output and negotiation of what one peer receives."""

    kind = "subscribe"

    def __init__(self, peer: "Peer", network: Network, transport_id: str) -> None:
        self.peer = peer
        self.transport = Transport(network, transport_id)
        self.endpoint = Egress(self.transport, peer.counters, network.port.send, network.port.drops)
        self.endpoint.on_rtcp = self._on_rtcp
        self.downlink = Downlink(peer, self.endpoint)
        self.slots: list[Slot] = []
        self.revision = 0
        self._by_ssrc: dict[int, Subscription] = {}
        self._nacked = TokenBucket(NACKED_PER_SECOND, NACKED_PER_SECOND)
        self._deferred: list[Publication] = []
        self._offer: Json | None = None  # the one in flight
        self._offered: list[tuple[Subscription, Codec] | None] = []  # what each of its m-lines carries, and how
        self._offered_at = 0.0
        self._dirty = False
        self._feedback: tuple[str, ...] = TRANSPORT_WIDE
        self._timer: asyncio.TimerHandle | None = None

    def add(self, publication: Publication) -> None:
        """Forward one more publication; it waits for an m-line when all are taken."""
        slot = self._slot(publication)
        if slot is None:
            self._deferred.append(publication)
            return
        subscription = Subscription(self.peer, publication, self.endpoint)
        slot.subscription, slot.free = subscription, False
        self._by_ssrc[subscription.ssrc] = self._by_ssrc[subscription.repair_ssrc] = subscription
        self._negotiate_soon()

    def remove(self, publication: Publication) -> None:
        """Stop forwarding a publication at once; its m-line becomes inactive with the next offer."""
        if publication in self._deferred:
            self._deferred.remove(publication)
        for slot in self.slots:
            if slot.subscription is not None and slot.subscription.publication is publication:
                self._release(slot)
                self._negotiate_soon()

    def subscriptions(self) -> list[Subscription]:
        return [slot.subscription for slot in self.slots if slot.subscription is not None]

    def restart_ice(self) -> None:
        """Offer new ICE credentials; the old ones live until the browser uses the new ones."""
        self.transport.agent.renew_credentials()
        self._negotiate_soon()

    def answer(self, revision: int, sdp: str) -> None:
        """The browser's answer. A repeated one is fine. Raises SdpError, RequestRefused (`stale_revision`)."""
        if revision != self.revision:
            raise RequestRefused("stale_revision")
        if self._offer is None:
            return
        answer = read_description(sdp)
        if len(answer.sections) != len(self._offered) or answer.setup not in ("active", "actpass"):
            raise SdpError("bad_sdp")
        self._offer = None
        self.transport.start(answer.fingerprints)
        for slot, section, offered in zip(self.slots, answer.sections, self._offered, strict=False):
            if offered is None and slot.subscription is None:
                slot.free = True
            elif offered is not None and offered[0] is slot.subscription and section.receives:
                self._accept(*offered, frozenset(section.codecs))
        self._choose_feedback([section for section in answer.sections if section.receives])
        self._place_deferred()
        if self._dirty:
            self._negotiate_soon()

    def _choose_feedback(self, sections: list[Section]) -> None:
        """A client without transport-wide feedback is offered REMB instead."""
        if sections and not any(TRANSPORT_SEQUENCE in section.extensions for section in sections):
            self._dirty = self._dirty or self._feedback == TRANSPORT_WIDE
            self._feedback = (*TRANSPORT_WIDE, "goog-remb")

    def codec_changed(self) -> None:
        """A publication goes on in a codec that its m-line has not offered."""
        self._negotiate_soon()

    def repeat_offer(self) -> None:
        """Tell a new owner of the peer about the offer in flight."""
        if self._offer is not None:
            self.peer.emit("subscribe_offer", **self._offer)

    def expired(self, now: float) -> bool:
        """Whether the browser has not answered an offer for 15 s: it has to build the transport anew."""
        return self._offer is not None and now - self._offered_at > ANSWER_SECONDS

    def update_view(self) -> None:
        """The peer sees other tiles: choose the layers, and make room for video that came into view."""
        for subscription in self.subscriptions():
            if subscription.publication.kind == "video":
                subscription.update()
        self._make_room()

    def check(self, now: float) -> None:
        subscriptions = self.subscriptions()
        self.downlink.check(subscriptions, now)
        for subscription in subscriptions:
            subscription.check(now)

    def beat(self, now: float) -> None:
        """Every 20 ms."""
        if self.downlink.is_probing:
            self.downlink.beat(self.subscriptions(), now)

    def send_reports(self, now: float) -> None:
        for subscription in self.subscriptions():
            subscription.send_report(now)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for slot in self.slots:
            self._release(slot)
        self._offer = None
        self.endpoint.close()
        self.transport.on_state = None  # whoever closes knows
        self.transport.close()

    def _accept(self, subscription: Subscription, codec: Codec, payload_types: frozenset[int]) -> None:
        """The browser takes the m-line, with the codecs that it can decode; the fallback is always among them."""
        subscription.accept(payload_types)
        if codec.payload_type not in payload_types:
            self.peer.undecodable.add(codec.name)
            if subscription.publication.codec is codec:
                subscription.publication.require_fallback()

    def _slot(self, publication: Publication) -> Slot | None:
        slot = next((slot for slot in self.slots if slot.free and slot.kind == publication.kind), None)
        if not self._has_room(publication, slot):
            return None
        if slot is None:
            slot = Slot(publication.kind, None)
            self.slots.append(slot)
        return slot

    def _has_room(self, publication: Publication, place: Slot | None) -> bool:
        """Everybody the room admits must be heard: video gets the m-lines that are left. `place`: the one to reuse."""
        others = [slot for slot in self.slots if slot is not place]
        videos = [slot.answer_bytes for slot in others if slot.kind == "video"]
        audio = len(others) - len(videos)
        if publication.kind == "video" and len(videos) >= MIN_VIDEO_SLOTS:
            audio = max(audio, self.peer.router.limits["participants"])
        used = audio * ANSWER_BYTES["audio"] + sum(videos) + _answer_bytes(publication)
        return used <= MAX_ANSWER_BYTES and audio + len(videos) < MAX_SLOTS

    def _place_deferred(self) -> None:
        """Give m-lines that have become free to what waits: sound, then video in view, then the rest."""
        waiting = sorted(self._deferred, key=lambda item: (item.kind, not self.peer.sees(item)))
        self._deferred = []
        for publication in waiting:
            self.add(publication)

    def _make_room(self) -> None:
        """Take the m-lines of video that nobody looks at for video in view that has none."""
        hidden = [
            slot
            for slot in self.slots
            if slot.subscription and slot.kind == "video" and not self.peer.sees(slot.subscription.publication)
        ]
        wanting = [item for item in self._deferred if item.kind == "video" and self.peer.sees(item)]
        for slot, _ in zip(hidden, wanting, strict=False):
            if slot.subscription is not None:
                self._deferred.append(slot.subscription.publication)
                self._release(slot)
                self._negotiate_soon()

    def _release(self, slot: Slot) -> None:
        subscription, slot.subscription = slot.subscription, None
        if subscription is not None:
            self._by_ssrc.pop(subscription.ssrc, None)
            self._by_ssrc.pop(subscription.repair_ssrc, None)
            subscription.close()
            self.endpoint.forget(subscription.ssrc, subscription.repair_ssrc)

    def _negotiate_soon(self) -> None:
        if self._offer is not None:
            self._dirty = True
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COALESCE_SECONDS, self._negotiate)

    def _negotiate(self) -> None:
        self._timer = None
        if self.transport.state == "closed" or not self.slots:
            return
        self.revision += 1
        self._dirty = False
        subscriptions = [slot.subscription for slot in self.slots]
        self._offered = [(forwarded, forwarded.publication.codec) if forwarded else None for forwarded in subscriptions]
        self._offered_at = time.monotonic()
        tracks = [
            {"mid": str(mid), "participant": forwarded.publication.peer.id, "source": forwarded.publication.source}
            for mid, forwarded in enumerate(subscriptions)
            if forwarded is not None
        ]
        described = [(slot.kind, slot.subscription.describe() if slot.subscription else None) for slot in self.slots]
        sdp = write_offer(self.transport.parameters(), self.revision, described, self._feedback)
        self._offer = {
            "transport_id": self.transport.id,
            "revision": self.revision,
            "sdp": sdp,
            "tracks": tracks,
        }
        self.peer.emit("subscribe_offer", **self._offer)

    def _on_rtcp(self, blocks: list[rtcp.Block], now: float) -> None:
        for block in blocks:
            if isinstance(block, rtcp.Nack):
                self._nack(block, now)
            elif isinstance(block, rtcp.PictureLossIndication):
                self._keyframe_request(block.media, now)
            elif isinstance(block, rtcp.FullIntraRequest):
                for ssrc, _ in block.requests:
                    self._keyframe_request(ssrc, now)
            elif isinstance(block, rtcp.TransportFeedback):
                self.downlink.on_feedback(block, now)
            elif isinstance(block, rtcp.ReceiverEstimatedBitrate):
                self.downlink.on_rate(float(block.bitrate))
            elif isinstance(block, rtcp.ReceiverReport | rtcp.SenderReport):
                self._reports(block.reports, now)

    def _nack(self, block: rtcp.Nack, now: float) -> None:
        subscription = self._by_ssrc.get(block.media)
        if not self._nacked.take(len(block.sequences), now):
            self.endpoint.drops["nack_rate"] += len(block.sequences)
            self.endpoint.ignore_rtcp(now)
        elif subscription is not None:
            subscription.on_nack(block.sequences, now)

    def _keyframe_request(self, ssrc: int, now: float) -> None:
        subscription = self._by_ssrc.get(ssrc)
        if subscription is not None:
            subscription.on_keyframe_request(now)

    def _reports(self, reports: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        losses = []
        for report in reports:
            subscription = self._by_ssrc.get(report.ssrc)
            if subscription is not None and report.ssrc == subscription.ssrc:
                subscription.on_report(report, now)
                losses.append(report.fraction_lost / 256)
        self.downlink.on_losses(losses, now)
