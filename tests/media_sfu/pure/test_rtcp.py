import struct

import pytest

from media_sfu.rtp import rtcp
from media_sfu.rtp.rtcp import (
    Bye,
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
    ReceiverReport,
    ReportBlock,
    RtcpError,
    SenderReport,
    SourceDescription,
    TransportFeedback,
    parse_compound,
)

REPORT = ReportBlock(7, 128, -3, 0x10005, 90, 0xAABBCCDD, 65536)


def block(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def test_sender_report_round_trip():
    data = rtcp.sender_report(1, ntp=2**63 + 5, rtp_timestamp=9, packets=2**32 + 3, octets=4, reports=(REPORT, REPORT))
    assert parse_compound(data) == [SenderReport(1, 2**63 + 5, 9, 3, 4, (REPORT, REPORT))]


def test_receiver_report_round_trip():
    assert parse_compound(rtcp.receiver_report(1, [REPORT] * 31)) == [ReceiverReport(1, (REPORT,) * 31)]


@pytest.mark.parametrize("cname", [b"", b"a", b"ab", b"abc", b"abcd", b"x" * 255])
def test_source_description_round_trip(cname: bytes):
    assert parse_compound(rtcp.source_description(5, cname)) == [SourceDescription(((5, cname),))]


def test_source_description_with_several_chunks_and_items():
    chunk = struct.pack("!I", 1) + b"\x02\x03bob" + b"\x01\x01a" + b"\0\0\0\0"
    other = struct.pack("!I", 2) + b"\x01\x02xy\0\0\0\0"
    assert parse_compound(block(202, 2, chunk + other)) == [SourceDescription(((1, b"a"), (2, b"xy")))]


def test_bye_round_trip():
    assert parse_compound(rtcp.bye((1, 2))) == [Bye((1, 2))]


def test_bye_with_a_reason():
    assert parse_compound(block(203, 1, struct.pack("!I", 9) + b"\x03bye")) == [Bye((9,))]


def test_picture_loss_round_trip():
    assert parse_compound(rtcp.picture_loss_indication(1, 2)) == [PictureLossIndication(1, 2)]


def test_full_intra_request():
    body = struct.pack("!IIIBBH", 1, 0, 77, 3, 0, 0)
    assert parse_compound(block(206, 4, body)) == [FullIntraRequest(1, ((77, 3),))]


def test_estimated_bitrate():
    body = struct.pack("!II", 1, 0) + b"REMB" + struct.pack("!III", 2 << 24 | 3 << 18 | 1000, 5, 6)
    assert parse_compound(block(206, 15, body)) == [ReceiverEstimatedBitrate(1, 8000, (5, 6))]


def test_other_application_feedback_is_skipped():
    assert parse_compound(block(206, 15, struct.pack("!II", 1, 0) + b"ABCDabcd")) == []


def test_transport_feedback_keeps_its_octets():
    assert parse_compound(rtcp.transport_feedback(1, 2, b"12345678")) == [TransportFeedback(1, 2, b"12345678")]


@pytest.mark.parametrize(
    "sequences",
    [(5,), (5, 6, 21), (5, 22), (65534, 65535, 0, 3), tuple(range(100, 200)), tuple(range(0, 3000, 17))],
)
def test_nack_round_trip(sequences: tuple[int, ...]):
    [parsed] = parse_compound(rtcp.nack(1, 2, sequences))
    assert parsed == Nack(1, 2, sequences)


def test_nack_packs_seventeen_numbers_into_one_item():
    assert len(rtcp.nack(1, 2, range(100, 117))) == 16


def test_nack_list_is_bounded():
    body = struct.pack("!II", 1, 2) + struct.pack("!HH", 0, 0xFFFF) * 300
    [parsed] = parse_compound(block(205, 1, body))
    assert isinstance(parsed, Nack)
    assert len(parsed.sequences) == rtcp.MAX_NACKED


def test_compound_is_read_in_order_and_unknown_blocks_are_skipped():
    data = rtcp.receiver_report(1, ()) + block(207, 0, b"extended") + block(205, 3, b"tmmbrxyz") + rtcp.bye((1,))
    assert parse_compound(data) == [ReceiverReport(1, ()), Bye((1,))]


@pytest.mark.parametrize(
    "inside",
    [
        block(200, 0, bytes(20)),
        block(200, 1, bytes(24)),
        block(201, 0, b""),
        block(201, 2, bytes(4 + 24)),
        block(202, 1, b"\0\0\0\1\1\7ab"),
        block(202, 1, b"\0\0\0\1\1\2ab"),
        block(202, 3, b"\0\0\0\1\0\0\0\0"),
        block(203, 2, bytes(4)),
        block(205, 1, bytes(4)),
        block(205, 15, b""),
        block(206, 1, bytes(4)),
        block(206, 4, bytes(4)),
        block(206, 15, bytes(8) + b"REMB"),
        block(206, 15, bytes(8) + b"REMB" + struct.pack("!I", 255 << 24)),
    ],
)
def test_malformed_block_is_skipped_and_the_next_is_read(inside: bytes):
    assert parse_compound(inside + rtcp.bye((3,))) == [Bye((3,))]


def test_padding_of_the_last_block_is_ignored():
    data = rtcp.receiver_report(1, ()) + struct.pack("!BBHII", 0x80 | 0x20 | 1, 203, 2, 9, 4)
    assert parse_compound(data) == [ReceiverReport(1, ()), Bye((9,))]


@pytest.mark.parametrize("count", [0, 9])
def test_block_with_impossible_padding_is_skipped(count: int):
    assert parse_compound(struct.pack("!BBHII", 0x80 | 0x20 | 1, 203, 2, 9, count)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\xc8\x00",
        rtcp.bye((1,))[:-1],
        rtcp.bye((1,)) + b"\0",
        rtcp.bye((1,)) + b"\0\0\0\0",
        b"\x40" + rtcp.bye((1,))[1:],
        block(203, 0, b"") * (rtcp.MAX_BLOCKS + 1),
        block(204, 0, bytes(1500)),
    ],
)
def test_broken_framing_is_refused(data: bytes):
    with pytest.raises(RtcpError):
        parse_compound(data)


def test_most_blocks_of_a_compound_are_read():
    assert parse_compound(block(203, 0, b"") * rtcp.MAX_BLOCKS) == [Bye(())] * rtcp.MAX_BLOCKS
