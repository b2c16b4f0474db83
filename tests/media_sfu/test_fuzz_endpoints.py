"""Authenticated nonsense on the packet path: nothing escapes, nothing costs much, and the packets next door go on."""

import secrets
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from media_sfu.bandwidth.policing import TokenBucket, TrackPolicer
from media_sfu.codecs import CODECS
from media_sfu.egress import Egress
from media_sfu.endpoint import MAX_SSRCS
from media_sfu.forwarding.retransmission import RetransmissionBuffer
from media_sfu.forwarding.rewriter import Rewriter
from media_sfu.plane import UNKNOWN_PER_SECOND, Forward, Ingress, Source, Track
from media_sfu.rtp import rtcp
from media_sfu.stats import PeerCounters
from tests.media_sfu.pure.fuzzing import CASES, CPU_LIMIT, cpu_seconds, damaged
from tests.media_sfu.pure.packets import one_byte, rtp, vp8

PATH = ("198.51.100.7", 50000)
MEDIA, REPAIR = 1111, 2222


class Unencrypted:
    """An SRTP session that trusts everybody."""

    def unprotect(self, data: bytes) -> bytes:
        return data

    protect = protect_rtcp = unprotect_rtcp = unprotect

    def remove_stream(self, ssrc: int) -> None:
        pass


class Plane:
    """One publisher with one video, forwarded to one subscriber."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.drops: Counter[str] = Counter()
        session: Any = Unencrypted()
        transport: Any = SimpleNamespace(heard=lambda path: None)
        ends = (transport, PeerCounters(), self._send, self.drops)
        self.ingress, self.egress = Ingress(*ends), Egress(*ends)
        self.blocks: list[rtcp.Block] = []
        for end in (self.ingress, self.egress):
            end._rx = end._tx = session
            end.path = PATH
            end._rtcp_rate = TokenBucket(1e9, 1e9)
            end.on_rtcp = lambda blocks, now: self.blocks.extend(blocks)
        self.egress.pacer.follow(1e12)  # no event loop, so nothing can wait
        self.ingress.transport_sequence_id, self.ingress.audio_level_id = 3, 1
        self.track = Track()
        policer = TrackPolicer(packets_per_second=10**9, bits_per_second=10**12)
        self.source = Source(MEDIA, self.track, 0, CODECS["vp8"], (96, 97), policer)
        self.ingress.add_source(MEDIA, self.source)
        self.ingress.add_source(REPAIR, self.source)
        self._subscribe()

    def _send(self, data: bytes, path: Any) -> bool:
        self.sent.append(data)
        return True

    def _subscribe(self) -> None:
        history = RetransmissionBuffer(9, 5000)
        rewriter = Rewriter(7, CODECS["vp8"], 5000, stamp_element=0x12, history=history)
        self.forward = Forward(self.track, self.egress, rewriter, history)
        self.forward.want(0)


def vectors() -> list[bytes]:
    elements = one_byte((3, b"\x00\x01"), (4, b"1"), (10, b"low"))
    video = [
        rtp(vp8(keyframe=True, picture=5, level=1, key_index=2), sequence=1, ssrc=MEDIA, extension=elements),
        rtp(vp8(picture=6, bits=7), sequence=2, ssrc=MEDIA, marker=True, extension=elements),
        rtp(b"\x00\x03" + vp8(picture=7), sequence=1, ssrc=REPAIR, payload_type=97, extension=elements),
        rtp(b"", sequence=4, ssrc=MEDIA, padding=200),
        rtp(b"stranger", ssrc=3333, extension=elements),
    ]
    reports = [
        rtcp.sender_report(MEDIA, ntp=1 << 40, rtp_timestamp=1, packets=1, octets=1),
        rtcp.nack(1, 7, [5000, 5001, 5002]) + rtcp.picture_loss_indication(1, 7),
        rtcp.receiver_report(1, [rtcp.ReportBlock(7, 1, 2, 3, 4, 5, 6)]) + rtcp.source_description(1, b"cname"),
        rtcp.transport_feedback(1, 7, bytes(8)),
    ]
    return video + reports


VECTORS = vectors()
FUZZED = Plane()


@pytest.mark.fuzz
@given(data=damaged(VECTORS))
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_packets_are_dropped_or_forwarded_and_never_raise(data):
    if len(data) <= 1500:
        for end in (FUZZED.ingress, FUZZED.egress):
            assert cpu_seconds(lambda end=end: end.receive(data, PATH)) < CPU_LIMIT
    assert len(FUZZED.ingress._seen) <= MAX_SSRCS
    assert all(len(sent) <= 1400 for sent in FUZZED.sent[-2:])


def test_good_packets_pass_after_all_that():
    plane = Plane()
    for _ in range(2000):
        plane.ingress.receive(secrets.token_bytes(100), PATH)
        plane.ingress.receive(b"\x80" + secrets.token_bytes(100), PATH)
    plane.sent.clear()
    plane.ingress.receive(VECTORS[0], PATH)
    plane.ingress.receive(VECTORS[1], PATH)
    assert [sent[1] & 0x7F for sent in plane.sent] == [96, 96]
    assert plane.forward.source is plane.source


def test_repaired_packet_is_forwarded_in_its_place():
    plane = Plane()
    for vector in (VECTORS[0], VECTORS[1], VECTORS[2]):
        plane.ingress.receive(vector, PATH)
    numbers = [int.from_bytes(sent[2:4], "big") for sent in plane.sent]
    assert numbers == [5000, 5001, 5002]
    plane.ingress.receive(VECTORS[2], PATH)
    assert plane.drops["duplicate"] == 1


def test_removed_source_and_closed_endpoint_forward_nothing():
    plane = Plane()
    plane.ingress.receive(VECTORS[0], PATH)
    plane.ingress.remove_source(plane.source)
    plane.ingress.receive(VECTORS[1], PATH)
    assert (len(plane.sent), plane.drops["unknown_ssrc"]) == (1, 1)
    plane.egress.close()
    plane.ingress.close()
    plane.ingress.receive(VECTORS[0], PATH)
    assert not plane.egress.send_rtp(VECTORS[0], 0.0)
    assert len(plane.sent) == 1


def test_packets_that_belong_to_nothing_are_not_decrypted_for_ever():
    plane = Plane()
    decrypted = []
    plane.ingress._rx.unprotect = lambda data: decrypted.append(data) or data
    for number in range(5000):
        plane.ingress.receive(rtp(b"stranger", ssrc=3333, sequence=number), PATH)
    assert plane.drops["unknown_ssrc"] == 5000
    assert UNKNOWN_PER_SECOND <= len(decrypted) < 2 * UNKNOWN_PER_SECOND
    plane.ingress.receive(VECTORS[0], PATH)
    assert len(plane.sent) == 1
