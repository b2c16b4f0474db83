"""Damaged and random packets: only the documented error comes out, in under a millisecond."""

import pytest
from hypothesis import given

from media_sfu.codecs import CodecError, vp8
from media_sfu.rtp.extensions import find, read_all
from media_sfu.rtp.packet import RtpError, is_rtcp, parse
from tests.media_sfu.pure import packets
from tests.media_sfu.pure.fuzzing import CPU_LIMIT, cpu_seconds, damaged, many

pytestmark = pytest.mark.fuzz

ELEMENTS = (1, b"mid"), (3, b"abc"), (5, b"\x12\x34"), (10, b"high"), (14, b"0123456789abcdef")
PACKETS = [
    packets.rtp(b"sound", payload_type=111),
    packets.rtp(
        packets.vp8(keyframe=True, picture=9, level=3, key_index=1), marker=True, extension=packets.one_byte(*ELEMENTS)
    ),
    packets.rtp(packets.vp8(picture=9, bits=7), csrc=(1, 2, 3), extension=packets.two_byte(*ELEMENTS), padding=7),
    packets.rtp(padding=255, extension=packets.one_byte((3, b"abc"))),
]
PAYLOADS = [
    packets.vp8(keyframe=True, picture=9, level=3, key_index=1),
    packets.vp8(picture=9, bits=7),
    packets.vp8(starts=False, level=200),
]


def read_packet(data: bytes) -> None:
    is_rtcp(data)
    try:
        *_, profile, first, last, start, end = parse(data)
    except RtpError:
        return
    assert 12 <= start <= end <= len(data)
    for number in (1, 5, 15, 255):
        place = find(data, profile, first, last, number)
        assert place is None or first <= place[0] <= place[0] + place[1] <= last
    read_all(data, profile, first, last)
    read_payload(data[start:end])


def read_payload(payload: bytes) -> None:
    try:
        _, _, fields = vp8.describe(payload, 0, len(payload))
        vp8.frame_size(payload, 0, len(payload))
    except CodecError:
        return
    if payload:
        continuity = vp8.Vp8Continuity()
        continuity.switch(payload, 0, fields)
        assert len(continuity.rewrite(payload, 0, fields)) in (0, fields[0])


@many
@given(damaged(PACKETS))
def test_packet(data: bytes):
    assert cpu_seconds(lambda: read_packet(data)) < CPU_LIMIT


@many
@given(damaged(PAYLOADS))
def test_vp8_payload(payload: bytes):
    assert cpu_seconds(lambda: read_payload(payload)) < CPU_LIMIT
