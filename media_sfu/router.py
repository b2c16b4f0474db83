"""One meeting in the worker: its peers, who is kept out, who speaks."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from media_sfu.codecs import Codec
from media_sfu.control.messages import Json
from media_sfu.control.server import Link
from media_sfu.errors import RequestRefused
from media_sfu.faults import Faults
from media_sfu.loudest import LoudestStreams
from media_sfu.net.transport import Network
from media_sfu.peer import Peer
from media_sfu.publication import Publication
from media_sfu.speakers import SpeakerDetector

if TYPE_CHECKING:
    from media_sfu.subscription import Subscription

CHECK_BEATS, TICK_BEATS, QUALITY_BEATS = 5, 50, 250  # 100 ms, 1 s, 5 s
ABANDONED_SECONDS = 3600.0
SMALL_MEETING = 8  # peers: up to so many everybody is heard
PLACES = 4  # voices that are heard in a larger one

log = logging.getLogger(__name__)

OnClosed = Callable[[Peer, Json], None]


class Router:
    """`on_closed(peer, statistics)` is called for every peer that ends, however it ends."""

    def __init__(
        self, router_id: str, epoch: int, limits: dict[str, int], network: Network, on_closed: OnClosed
    ) -> None:
        self.id, self.epoch, self.limits = router_id, epoch, limits
        self.peers: dict[str, Peer] = {}
        self.speakers = SpeakerDetector()
        self._loudest = LoudestStreams(PLACES)
        self.muted: set[tuple[str, str]] = set()  # (peer, source)
        self.frozen = False
        self.faults = Faults()
        self._used_at = time.monotonic()
        self._network = network
        self._on_closed = on_closed

    def create_peer(self, peer_id: str, subjects: list[str], link: Link) -> None:
        """Admit a peer; one that is there already and ours stays as it is. Raises RequestRefused."""
        existing = self.peers.get(peer_id)
        if existing is not None:
            if existing.link is not link:
                raise RequestRefused("not_owner")
            return
        if len(self.peers) >= self.limits["participants"]:
            raise RequestRefused("router_full")
        self.peers[peer_id] = Peer(self, peer_id, subjects, link, self._network)
        log.info("peer_created", extra={"router": self.id, "peer": peer_id})
        if len(self.peers) == SMALL_MEETING + 1:
            self._choose_voices(self.peers)

    def close_peer(self, peer: Peer, reason: str, *, asked_by: Link | None = None) -> Json:
        """End a peer at once; its owner is told unless it asked. Gives the final statistics."""
        if self.peers.pop(peer.id, None) is None:
            return peer.counters.as_json()
        owner = peer.link
        log.info("peer_closed", extra={"router": self.id, "peer": peer.id, "reason": reason})
        statistics = peer.close()
        self.forget_voice(peer.id)
        self.speakers.forget(peer.id)
        if len(self.peers) == SMALL_MEETING:
            self._choose_voices(self.peers)
        self.muted = {entry for entry in self.muted if entry[0] != peer.id}
        if owner is not asked_by:
            peer.emit("peer_closed", reason=reason, statistics=statistics)
        self._on_closed(peer, statistics)
        return statistics

    def close_subjects(self, subjects: Iterable[str]) -> list[str]:
        """End every peer that one of the subjects names. The owner is told even if it asked: it names no peers."""
        barred = [peer for peer in self.peers.values() if not peer.subjects.isdisjoint(subjects)]
        for peer in barred:
            self.close_peer(peer, "barred")
        return [peer.id for peer in barred]

    def close(self) -> list[str]:
        """End every peer; the owners are told."""
        closed = list(self.peers.values())
        for peer in closed:
            self.close_peer(peer, "router_closed")
        return [peer.id for peer in closed]

    def publications(self) -> list[Publication]:
        return [publication for peer in self.peers.values() for publication in peer.publications.values()]

    def freeze(self, *, frozen: bool) -> None:
        """Stop all forwarding in one step, or let it go on. Peers, transports and what is muted stay as they are."""
        if frozen == self.frozen:
            return
        self.frozen = frozen
        for publication in self.publications():
            publication.silence_changed()

    def published(self, publication: Publication) -> None:
        """A new publication: everybody else subscribes."""
        publication.muted = (publication.peer.id, publication.source) in self.muted
        for peer in self.peers.values():
            if peer is not publication.peer and peer.subscribing is not None:
                peer.subscribing.add(publication)

    def unpublished(self, publication: Publication) -> None:
        if publication.source == "microphone":
            self.forget_voice(publication.peer.id)
        for peer in self.peers.values():
            if peer.subscribing is not None:
                peer.subscribing.remove(publication)

    def can_decode(self, codec: Codec) -> bool:
        """Whether everybody can, as far as is known: a browser tells in its answer to an offer of the codec."""
        return all(codec.name not in peer.undecodable for peer in self.peers.values())

    def hear(self, peer_id: str, level: int, now: float) -> None:
        """A microphone's audio level, before its packet is forwarded."""
        self.speakers.observe(peer_id, level)
        self._choose_voices(self._loudest.hear(peer_id, level, now))

    def is_heard(self, peer_id: str) -> bool:
        """Whether this peer's microphone is forwarded. One that tells no level cannot be compared: it is."""
        if len(self.peers) <= SMALL_MEETING or not self._loudest.knows(peer_id):
            return True
        return peer_id in self._loudest.heard

    def forget_voice(self, peer_id: str) -> None:
        """The peer's microphone has ended or is silenced: its place is free. When it spoke last stays known."""
        self.speakers.remove(peer_id)
        self._loudest.remove(peer_id)

    def _choose_voices(self, changed: Iterable[str]) -> None:
        """Bring the forwarding of these microphones to what `is_heard` says."""
        for peer_id in changed:
            peer = self.peers.get(peer_id)
            microphone = peer.publications.get("microphone") if peer is not None else None
            for subscription in microphone.subscriptions if microphone is not None else ():
                subscription.update()

    def by_importance(self, subscriptions: list["Subscription"]) -> list["Subscription"]:
        """Screens first, then what stands larger by far (the stage, a pinned tile), then who spoke last."""
        return sorted(subscriptions, key=self._importance)

    def _importance(self, subscription: "Subscription") -> tuple[bool, int, float]:
        publication, view = subscription.publication, subscription.subscriber.view or {}
        width, height = view.get((publication.peer.id, publication.source), (0, 0))
        size_class = (width * height).bit_length() // 2  # one more for each doubling of width and height
        return not publication.is_screen, -size_class, -self.speakers.last_spoke(publication.peer.id)

    def violated(self, peer: Peer) -> None:
        """Called from within the packet path, so the closing waits for its end."""
        asyncio.get_running_loop().call_soon(self.close_peer, peer, "protocol_violation")

    def abandoned(self, now: float) -> bool:
        """Whether nobody has been in it for an hour: its web process died without closing it."""
        if self.peers:
            self._used_at = now
        return now - self._used_at > ABANDONED_SECONDS

    def beat(self, number: int, now: float) -> None:
        """The worker's clock, 50 times a second: repairs each time, the rest less often, each peer in its own turn:
        all of a large meeting at once would keep its packets waiting. One peer's trouble is not that of the others.
        """
        for turn, peer in enumerate(list(self.peers.values()), number):
            try:
                self._beat_peer(peer, turn, now)
            except Exception as error:
                peer.faults.tell("peer_beat_failed", error, {"router": self.id, "peer": peer.id})
        if number % CHECK_BEATS == 0:
            self._tell_speakers(now)

    def _beat_peer(self, peer: Peer, turn: int, now: float) -> None:
        if peer.publishing is not None:
            peer.publishing.repair(now)
        if peer.subscribing is not None:
            peer.subscribing.beat(now)
        if turn % CHECK_BEATS == 0:
            peer.check(now)
        if turn % TICK_BEATS == 0 and not peer.tick(now):
            self.close_peer(peer, "media_timeout")
            return
        if turn % QUALITY_BEATS == 0:
            peer.judge_quality()
            peer.repeat_requirements()

    def _tell_speakers(self, now: float) -> None:
        heard = self.speakers.update(now)
        if heard is None:
            return
        event = {
            "type": "speakers",
            "router": self.id,
            "speakers": [{"participant": speaker.participant, "level": speaker.level} for speaker in heard.speakers],
            "dominant": heard.dominant,
        }
        for link in {peer.link for peer in self.peers.values() if peer.link is not None}:
            link.send(event)


class Bars:
    """Who is kept out of which router, for 12 h, whether the router exists or not."""

    SECONDS = 12 * 3600.0
    MAX_ROUTERS = 10_000

    def __init__(self) -> None:
        self._until: dict[str, dict[str, float]] = {}

    def add(self, router: str, subjects: Iterable[str]) -> None:
        until = time.monotonic() + self.SECONDS
        barred = self._until.pop(router, {})
        barred.update(dict.fromkeys(subjects, until))
        self._until[router] = barred
        if len(self._until) > self.MAX_ROUTERS:
            del self._until[next(iter(self._until))]

    def remove(self, router: str, subjects: Iterable[str]) -> None:
        for subject in subjects:
            self._until.get(router, {}).pop(subject, None)

    def holds(self, router: str, subjects: Iterable[str]) -> bool:
        barred, now = self._until.get(router, {}), time.monotonic()
        return any(barred.get(subject, 0.0) > now for subject in subjects)

    def forget_old(self) -> None:
        """Called now and then."""
        now = time.monotonic()
        for router, barred in list(self._until.items()):
            self._until[router] = {subject: until for subject, until in barred.items() if until > now}
            if not self._until[router]:
                del self._until[router]
