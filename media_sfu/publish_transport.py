"""A peer's publish transport: the browser offers, we answer; sources are found by MID and RID (RFC 8843, RFC 8852)."""

import time
from typing import TYPE_CHECKING

from media_sfu.bandwidth.policing import TokenBucket
from media_sfu.codecs import FALLBACK, Codec
from media_sfu.control.messages import Json
from media_sfu.endpoint import MAX_SSRCS
from media_sfu.errors import RequestRefused, SdpError
from media_sfu.net.transport import Network, Transport
from media_sfu.plane import Ingress, Source
from media_sfu.publication import KINDS, Publication
from media_sfu.rtp import rtcp
from media_sfu.rtp.extensions import (
    AUDIO_LEVEL,
    MID,
    REPAIRED_RTP_STREAM_ID,
    RTP_STREAM_ID,
    TRANSPORT_SEQUENCE,
)
from media_sfu.sdp.choice import Chosen, choose_codec
from media_sfu.sdp.model import Description, Section
from media_sfu.sdp.reader import read_description
from media_sfu.sdp.writer import AnsweredSection, write_answer
from media_sfu.showing import require_published

if TYPE_CHECKING:
    from media_sfu.peer import Peer

BINDINGS_PER_SECOND = 10  # of SSRCs to layers: each has all subscriptions choose anew
ROUND_TRIP = 0.1  # assumed towards a publisher, who sends no reports that would tell it
EXTENSIONS = {
    "audio": (MID, AUDIO_LEVEL, TRANSPORT_SEQUENCE),
    "video": (MID, RTP_STREAM_ID, REPAIRED_RTP_STREAM_ID, TRANSPORT_SEQUENCE),
}


class PublishTransport:
    """Transport, packet input and negotiation of what one peer sends."""

    kind = "publish"

    def __init__(self, peer: "Peer", network: Network, transport_id: str) -> None:
        self.peer = peer
        self.transport = Transport(network, transport_id)
        self.endpoint = Ingress(self.transport, peer.counters, network.port.send, network.port.drops)
        self.endpoint.learn = self._learn
        self.endpoint.on_rtcp = self._on_rtcp
        self.by_mid: dict[str, Publication] = {}
        self._extensions: dict[str, int] = {}
        self._bindings = TokenBucket(BINDINGS_PER_SECOND, MAX_SSRCS)
        self._remote_ufrag = ""
        self._revision = 0
        self._quality = (0, 0)  # expected and received packets when the quality was judged last

    def answer(self, sdp: str, sources: dict[str, str]) -> str:
        """Answer an offer. Raises SdpError or RequestRefused (one too many of something); nothing has changed then."""
        offer = read_description(sdp)
        accepted = {section.mid: self._source_of(section, sources) for section in offer.sections}
        wanted = [source for source in accepted.values() if source]
        if len(set(wanted)) != len(wanted) or offer.setup not in ("actpass", "active"):
            raise SdpError("bad_sdp")
        if len(wanted) > self.peer.router.limits["publications_per_peer"]:
            raise RequestRefused("too_many_publications")
        require_published(self.peer.router, self.peer.id, wanted)
        self._restart_ice(offer)
        self._read_extensions(offer)
        answered = [self._place(section, accepted[section.mid]) for section in offer.sections]
        self._end_others(set(wanted))
        self.transport.start(offer.fingerprints)
        self._revision += 1
        return write_answer(self.transport.parameters(), self._revision, answered)

    def publications(self) -> list[Json]:
        return [publication.describe() for publication in self.by_mid.values()]

    def repair(self, now: float) -> None:
        """Ask for missing packets and keyframes that are due; every 20 ms."""
        for publication in self.by_mid.values():
            if publication.kind == "video":
                for source in publication.sources:
                    if source is not None:
                        self.endpoint.ask_due(source, now, ROUND_TRIP)

    def send_feedback(self) -> None:
        """Transport-wide feedback, every 100 ms: the browser's congestion control works by it."""
        media = next((source.ssrc for source in self._sources()), 0)  # libwebrtc wants the name of one of its SSRCs
        for message in self.endpoint.feedback.build():
            self.endpoint.send_rtcp(rtcp.transport_feedback(self.endpoint.ssrc, media, message))

    def send_reports(self, now: float) -> None:
        """Receiver reports, each second."""
        reports = [source.reception.report(now) for source in self._sources()]
        blocks = [report for report in reports if report is not None][:31]
        if blocks:
            self.endpoint.send_rtcp(rtcp.receiver_report(self.endpoint.ssrc, blocks))

    def take_arrival(self) -> tuple[int, int]:
        """Packets expected and received since the last call; (0, 0) when streams have ended meanwhile."""
        expected = sum(source.reception.expected_packets for source in self._sources())
        received = sum(source.reception.received_packets for source in self._sources())
        before, self._quality = self._quality, (expected, received)
        if expected <= before[0]:
            return 0, 0
        return expected - before[0], received - before[1]

    def close(self) -> None:
        self.endpoint.close()
        self.transport.on_state = None  # whoever closes knows
        self.transport.close()

    def _sources(self) -> list[Source]:
        return [source for publication in self.by_mid.values() for source in publication.sources if source is not None]

    def _source_of(self, section: Section, sources: dict[str, str]) -> str | None:
        """What a section publishes, None when it is to be answered inactive. Raises SdpError when it contradicts."""
        source = sources.get(section.mid)
        if source is None or not section.sends or section.kind == "application":
            return None
        if KINDS[source] != section.kind:
            raise SdpError("bad_sdp")
        return source if choose_codec(section, _any_codec) else None

    def _restart_ice(self, offer: Description) -> None:
        if self._remote_ufrag and self._remote_ufrag != offer.ice_ufrag:
            self.transport.agent.renew_credentials()
        self._remote_ufrag = offer.ice_ufrag

    def _read_extensions(self, offer: Description) -> None:
        """One numbering for the whole bundle (RFC 8843 §9.1); ids beyond 14 would need two-byte headers."""
        for section in offer.sections:
            for uri in EXTENSIONS.get(section.kind, ()):
                number = section.extensions.get(uri, 0)
                if 1 <= number <= 14:
                    self._extensions.setdefault(uri, number)
        self.endpoint.transport_sequence_id = self._extensions.get(TRANSPORT_SEQUENCE, 0)
        self.endpoint.audio_level_id = self._extensions.get(AUDIO_LEVEL, 0)

    def _place(self, section: Section, source: str | None) -> AnsweredSection:
        chosen = None if source is None else self._choose(section, source)
        if source is None or chosen is None:
            return AnsweredSection(section, None, None, ())
        offered, codec = chosen
        repair = section.repair_of(offered.payload_type)
        publication = self._publication(source, codec)
        publication.place(self.endpoint, section.mid, section.rids, codec, (offered.payload_type, repair))
        self.by_mid[section.mid] = publication
        if not section.rids:
            self._bind_signalled(publication, section)
        extensions = tuple(
            (self._extensions[uri], uri)
            for uri in EXTENSIONS[section.kind]
            if uri in self._extensions and uri in section.extensions
        )
        return AnsweredSection(section, offered, repair, extensions, source == "screen_audio")

    def _choose(self, section: Section, source: str) -> Chosen | None:
        """The codec to answer with. A browser that must fall back is told: in that codec it is to send layers."""
        chosen = choose_codec(section, lambda codec: self.peer.may_send(source, codec))
        must_fall_back = chosen is None or chosen[1] is FALLBACK
        if must_fall_back and chosen != choose_codec(section, _any_codec):
            self.peer.require_fallback(source)
        return chosen

    def _publication(self, source: str, codec: Codec) -> Publication:
        publication = self.peer.publications.get(source)
        if publication is None:
            policers = self.peer.policers.setdefault(source, {})
            publication = self.peer.publications[source] = Publication(self.peer, source, codec, policers)
            self.peer.router.published(publication)
        return publication

    def _bind_signalled(self, publication: Publication, section: Section) -> None:
        """Without simulcast the SSRCs may be in the SDP."""
        ssrc = next(iter(section.repairs), next(iter(section.ssrcs), None))
        if ssrc is None or publication.sources[0] is not None:
            return
        source = publication.source_at(0, ssrc)
        self.endpoint.add_source(ssrc, source)
        if ssrc in section.repairs:
            self.endpoint.add_source(section.repairs[ssrc], source)

    def _end_others(self, wanted: set[str]) -> None:
        for mid, publication in list(self.by_mid.items()):
            if publication.source not in wanted or publication.mid != mid:
                del self.by_mid[mid]
        for source in self.peer.publications.keys() - wanted:
            self.peer.end_publication(source)

    def _learn(self, ssrc: int, payload_type: int, values: dict[int, bytes]) -> Source | None:
        """The source of an unknown SSRC, from the MID, RID or repaired RID in its header extensions."""
        publication = self.by_mid.get(self._text(values, MID))
        if publication is None:
            return None
        layer = 0
        rid = self._text(values, REPAIRED_RTP_STREAM_ID) or self._text(values, RTP_STREAM_ID)
        if publication.rids:
            if rid not in publication.rids:
                return None
            layer = publication.rids.index(rid)
        if payload_type == publication.repair_payload_type:
            return publication.sources[layer]
        if payload_type != publication.payload_type or not self._bindings.take(1, time.monotonic()):
            return None
        return publication.source_at(layer, ssrc)

    def _text(self, values: dict[int, bytes], uri: str) -> str:
        return values.get(self._extensions.get(uri, 0), b"").decode("ascii", "replace")

    def _on_rtcp(self, blocks: list[rtcp.Block], now: float) -> None:
        for block in blocks:
            if isinstance(block, rtcp.SenderReport):
                self._on_sender_report(block, now)

    def _on_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        source = next((source for source in self._sources() if source.ssrc == report.ssrc), None)
        if source is None:
            return
        first = not source.clock.known
        source.clock.update(report.ntp, report.rtp_timestamp, now)
        if first:
            for publication in self.by_mid.values():
                for subscription in publication.subscriptions:
                    subscription.send_report(now)


def _any_codec(_codec: Codec) -> bool:
    return True
