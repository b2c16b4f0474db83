"""Damaged and random RTCP: only the documented error comes out, in under a millisecond."""

import struct

import pytest
from hypothesis import given

from media_sfu.bandwidth.feedback import FeedbackGenerator, parse_feedback
from media_sfu.rtp import rtcp
from media_sfu.rtp.rtcp import ReportBlock, RtcpError, TransportFeedback, parse_compound
from tests.media_sfu.pure.fuzzing import CPU_LIMIT, cpu_seconds, damaged, many

pytestmark = pytest.mark.fuzz

REPORT = ReportBlock(7, 128, -3, 0x10005, 90, 0xAABBCCDD, 65536)


def feedback() -> bytes:
    generator = FeedbackGenerator()
    for sequence in range(0, 300, 3):
        generator.arrived(sequence, 1.0 + sequence % 7 * 0.03)
    return generator.build()[0]


def application(form: int, body: bytes) -> bytes:
    return struct.pack("!BBHII", 0x80 | form, 206, 2 + len(body) // 4, 1, 2) + body


VECTORS = [
    rtcp.sender_report(1, ntp=2**40, rtp_timestamp=9, packets=3, octets=4, reports=(REPORT,) * 3)
    + rtcp.source_description(1, b"someone"),
    rtcp.receiver_report(2, (REPORT,) * 31) + rtcp.bye((1, 2)),
    rtcp.receiver_report(2, ()) + rtcp.nack(1, 2, range(5, 400, 3)) + rtcp.picture_loss_indication(1, 2),
    rtcp.transport_feedback(1, 2, feedback()),
    application(4, struct.pack("!II", 5, 7 << 24))
    + application(15, b"REMB" + struct.pack("!III", 2 << 24 | 9999, 5, 6)),
]


def read(data: bytes) -> None:
    try:
        blocks = parse_compound(data)
    except RtcpError:
        return
    assert len(blocks) <= rtcp.MAX_BLOCKS
    for block in blocks:
        if isinstance(block, TransportFeedback):
            read_feedback(block.information)


def read_feedback(information: bytes) -> None:
    try:
        parsed = parse_feedback(information)
    except RtcpError:
        return
    assert len(parsed.arrivals) <= len(information)


@many
@given(damaged(VECTORS))
def test_compound(data: bytes):
    assert cpu_seconds(lambda: read(data)) < CPU_LIMIT


@many
@given(damaged([feedback()]))
def test_transport_feedback(information: bytes):
    assert cpu_seconds(lambda: read_feedback(information)) < CPU_LIMIT


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!BBHII", 0x81, 205, 373, 1, 2) + b"\xff" * 1484,
        (struct.pack("!BBHII", 0x81, 205, 17, 1, 2) + b"\xff" * 60) * 20,
        struct.pack("!BBHII", 0x8F, 205, 373, 1, 2) + struct.pack("!HHIH", 0, 1400, 0, 0x2000 | 1400) + bytes(1474),
        struct.pack("!BBHII", 0x8F, 205, 373, 1, 2) + struct.pack("!HHIH", 0, 65535, 0, 0x1FFF) + b"\xd5\x55" * 737,
        struct.pack("!BBHI", 0x80 | 31, 202, 374, 1) + b"\x02\x00" * 746,
        struct.pack("!BBHI", 0x9F, 202, 374, 1) + bytes(1492),
        rtcp.bye(range(31)) * 11,
    ],
)
def test_dearest_packets_we_could_think_of(data: bytes):
    assert cpu_seconds(lambda: read(data)) < CPU_LIMIT
