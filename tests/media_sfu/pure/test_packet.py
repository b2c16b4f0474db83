import pytest

from media_sfu.rtp.packet import RtpError, is_rtcp, parse
from tests.media_sfu.pure.packets import one_byte, rtp


def test_plain_header_is_read():
    data = rtp(b"abc", sequence=65535, timestamp=0xFFFFFFFF, ssrc=0xDEADBEEF, payload_type=111, marker=True)
    assert parse(data) == (0x80, 111, 65535, 0xFFFFFFFF, 0xDEADBEEF, -1, 12, 12, 12, 15)


def test_contributing_sources_and_extension_are_skipped():
    data = rtp(b"abc", csrc=(1, 2), extension=one_byte((3, b"xyz")))
    assert parse(data)[5:] == (0xBEDE, 24, 28, 28, 31)


def test_padding_is_left_out_of_the_payload():
    *_, start, end = parse(rtp(b"abc", padding=5))
    assert (start, end) == (12, 15)


def test_padding_only_packet_has_an_empty_payload():
    *_, start, end = parse(rtp(padding=255))
    assert start == end


def test_longest_payload_passes():
    assert parse(rtp(bytes(1300)))[9] == 1312


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        rtp()[:11],
        b"\x40" + rtp()[1:],
        b"\xc0" + rtp()[1:],
        rtp(csrc=(1,))[:15],
        b"\x8f" + rtp()[1:],
        b"\x90" + rtp()[1:],
        rtp(extension=one_byte((3, b"xyz")))[:18],
        rtp(b"abc", padding=1)[:-1] + b"\x00",
        rtp(b"abc", padding=1)[:-1] + b"\x05",
        rtp(bytes(1301)),
    ],
)
def test_malformed_packet_is_refused(data: bytes):
    with pytest.raises(RtpError):
        parse(data)


@pytest.mark.parametrize(
    ("second", "expected"), [(191, False), (192, True), (200, True), (223, True), (224, False), (96, False)]
)
def test_rtcp_is_told_by_its_second_octet(second: int, expected: bool):
    assert is_rtcp(bytes((0x80, second))) is expected


def test_one_octet_is_not_rtcp():
    assert not is_rtcp(b"\x80")
