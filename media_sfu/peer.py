"""One participant in the worker: two transports, publications, view, counters, and the link that owns it."""

import logging
import time
from typing import TYPE_CHECKING

from media_sfu.codecs import FALLBACK, Codec
from media_sfu.control.messages import Json
from media_sfu.control.server import Link
from media_sfu.delivery import DeliveryWatch
from media_sfu.errors import RequestRefused
from media_sfu.faults import Faults
from media_sfu.net.transport import Network
from media_sfu.publication import Policers, Publication
from media_sfu.publish_transport import PublishTransport
from media_sfu.quality import QualityJudge, lost_share
from media_sfu.showing import require_unmuted
from media_sfu.stats import PeerCounters
from media_sfu.subscribe_transport import SubscribeTransport

if TYPE_CHECKING:
    from media_sfu.router import Router

MEDIA_TIMEOUT_SECONDS = 120.0

log = logging.getLogger(__name__)

Side = PublishTransport | SubscribeTransport


class Peer:
    """`link` is None while its web process is away."""

    def __init__(self, router: "Router", peer_id: str, subjects: list[str], link: Link, network: Network) -> None:
        self.router, self.id, self.subjects = router, peer_id, frozenset(subjects)
        self.link: Link | None = link
        self.counters = PeerCounters()
        self.publications: dict[str, Publication] = {}
        self.policers: dict[str, Policers] = {}  # by source
        self.publishing: PublishTransport | None = None
        self.subscribing: SubscribeTransport | None = None
        self.view: dict[tuple[str, str], tuple[int, int]] | None = None
        self.undecodable: set[str] = set()  # names of codecs that its browser has answered without
        self._fallen_back: set[str] = set()  # sources, for the rest of the meeting
        self.quality = QualityJudge()
        self.faults = Faults()
        self._delivery: DeliveryWatch | None = None
        self._network = network
        self._connected_at = time.monotonic()

    def emit(self, kind: str, **fields: object) -> None:
        """Send an event of this peer to its owner."""
        if self.link is not None:
            self.link.send({"type": kind, "router": self.router.id, "peer": self.id, **fields})

    def publish(self, transport_id: str, sdp: str, sources: dict[str, str]) -> Json:
        """Answer a publish offer; another `transport_id` replaces the transport, its publications stay."""
        current = self.publishing
        if current is not None and current.transport.id == transport_id and current.transport.state != "closed":
            return {"sdp": current.answer(sdp, sources), "publications": current.publications()}
        fresh = PublishTransport(self, self._network, transport_id)
        try:
            answer = fresh.answer(sdp, sources)
        except RequestRefused:
            fresh.close()
            raise
        self.publishing = fresh
        self._watch(fresh)
        if current is not None:
            current.close()
        return {"sdp": answer, "publications": fresh.publications()}

    def subscribe(self, transport_id: str) -> None:
        """Build the subscribe transport; another `transport_id` replaces it. Offers follow as events."""
        if self.subscribing is not None and self.subscribing.transport.id == transport_id:
            return
        if self.subscribing is not None:
            self.subscribing.close()
        self.subscribing = SubscribeTransport(self, self._network, transport_id)
        self._watch(self.subscribing)
        for publication in self.router.publications():
            if publication.peer is not self:
                self.subscribing.add(publication)

    def subscribing_as(self, transport_id: str) -> SubscribeTransport:
        """The subscribe transport of this id. Raises RequestRefused (`unknown_transport`)."""
        if self.subscribing is None or self.subscribing.transport.id != transport_id:
            raise RequestRefused("unknown_transport")
        return self.subscribing

    def set_view(self, tiles: list[Json]) -> None:
        self.view = {(tile["participant"], tile["source"]): (tile["width"], tile["height"]) for tile in tiles}
        if self.subscribing is not None:
            self.subscribing.update_view()

    def sees(self, publication: Publication) -> bool:
        """Whether a tile of it is in the view."""
        return self.view is not None and (publication.peer.id, publication.source) in self.view

    def set_muted(self, source: str, *, muted: bool) -> None:
        """Also known before the source is published, and kept when it is published anew. Raises RequestRefused."""
        publication = self.publications.get(source)
        if muted:
            self.router.muted.add((self.id, source))
        else:
            if publication is not None:
                require_unmuted(self.router, self.id, source)
            self.router.muted.discard((self.id, source))
        if publication is not None:
            publication.set_muted(muted=muted)

    def watch_delivery(self, *, on: bool) -> None:
        """Tell every 2 s what the peer gets, or no longer."""
        self._delivery = (self._delivery or DeliveryWatch(self)) if on else None

    def may_send(self, source: str, codec: Codec) -> bool:
        """Whether this codec may be published: nobody in the meeting is known not to decode it."""
        if codec is FALLBACK or codec.kind == "audio":
            return True
        return source not in self._fallen_back and self.router.can_decode(codec)

    def require_fallback(self, source: str) -> None:
        """Have the client publish a source in the fallback codec from now on."""
        self._fallen_back.add(source)
        self.emit("codec_required", source=source, codec=FALLBACK.name.lower())

    def repeat_requirements(self) -> None:
        """Every 5 s: what was asked may have been lost with the client's socket, or ours."""
        for source in self._fallen_back:
            publication = self.publications.get(source)
            if publication is not None and publication.codec is not FALLBACK:
                self.require_fallback(source)

    def end_publication(self, source: str) -> None:
        publication = self.publications.pop(source, None)
        if publication is not None:
            publication.clear()
            self.router.unpublished(publication)

    def states(self) -> Json:
        """W3C states of both transports, null where there is none."""
        publish = self.publishing.transport.state if self.publishing else None
        return {"publish": publish, "subscribe": self.subscribing.transport.state if self.subscribing else None}

    def sides(self) -> list[Side]:
        return [side for side in (self.publishing, self.subscribing) if side is not None]

    def check(self, now: float) -> None:
        """Every 100 ms: feedback, layers."""
        if self.publishing is not None:
            self.publishing.send_feedback()
        if self.subscribing is not None:
            self.subscribing.check(now)

    def tick(self, now: float) -> bool:
        """Each second: measure what it sends, judge the transports, send the reports.

        False when no media has flowed for too long.
        """
        for publication in self.publications.values():
            publication.measure(now)
            publication.police()
            publication.uplink.save(now)
        for side in self.sides():
            self._tick_side(side, now)
        if self._delivery is not None:
            self._delivery.tick(now)
        transports = [side.transport for side in self.sides() if side.transport.signalled]
        if not transports or any(transport.state == "connected" for transport in transports):
            self._connected_at = now
        return now - self._connected_at < MEDIA_TIMEOUT_SECONDS

    def _tick_side(self, side: Side, now: float) -> None:
        received, transport = side.endpoint.received, side.transport
        unanswered = isinstance(side, SubscribeTransport) and side.expired(now)
        transport.tick(now, media=received != transport.received, unanswered=unanswered)
        transport.received = received
        self._tell_state(side)
        side.send_reports(now)

    def judge_quality(self) -> None:
        """Every 5 s, and when a transport's state changes; tells a change of level."""
        expected, received = self.publishing.take_arrival() if self.publishing else (0, 0)
        subscriptions = self.subscribing.subscriptions() if self.subscribing else []
        deliveries = [subscription.take_delivery() for subscription in subscriptions]
        self.counters.lost_in += max(0, expected - received)
        self.counters.lost_out += sum(max(0, sent - arrived) for sent, arrived in deliveries)
        event = self.quality.judge(
            connected=all(side.transport.state in ("new", "connecting", "connected") for side in self.sides()),
            loss_up=lost_share([(expected, received)]),
            loss_down=lost_share(deliveries),
            round_trips=[item.reports.round_trip for item in subscriptions if item.reports.round_trip is not None],
        )
        if event is not None:
            self.emit("quality", **event)

    def close(self) -> Json:
        """Drop credentials, addresses and keys at once; gives the final statistics."""
        for side in self.sides():
            side.close()
        for source in list(self.publications):
            self.end_publication(source)
        self.publishing = self.subscribing = None
        return self.counters.as_json()

    def _watch(self, side: Side) -> None:
        side.transport.owner = {"router": self.router.id, "peer": self.id}
        side.transport.on_state = lambda: self._state_changed(side)
        side.transport.on_connected = side.endpoint.connect
        side.endpoint.on_violation = lambda: self.router.violated(self)

    def _state_changed(self, side: Side) -> None:
        """A mere change of the path is told with the next tick: a browser may move it from packet to packet."""
        side.endpoint.path = side.transport.path
        if side.transport.state != side.transport.told[0]:
            self._tell_state(side)
            self.judge_quality()  # the others see at once whose media is gone or back

    def _tell_state(self, side: Side) -> None:
        transport = side.transport
        now = (transport.state, transport.protocol, transport.dtls.cipher)
        if transport.told == now:
            return
        transport.told = now
        ids = {**transport.owner, "transport": side.kind, "transport_id": transport.id}
        path = {"state": transport.state, "protocol": transport.protocol, "cipher": transport.dtls.cipher}
        log.info("transport_state", extra={**ids, **path})
        self.emit(
            "transport_state",
            transport=side.kind,
            transport_id=transport.id,
            state=transport.state,
            protocol=transport.protocol,
            cipher=transport.dtls.cipher,
        )
