"""RTP fixed header (RFC 3550 section 5.1) read from bytes, and the RTP/RTCP distinction (RFC 5761)."""

from struct import Struct

MAX_PAYLOAD = 1300
"""Longest accepted payload in octets: a rewritten packet must still fit the SRTP buffer and a path MTU of 1400."""

# marker (0x80 or 0), payload type, sequence, timestamp, SSRC, extension profile (-1: no extension),
# extension start, extension end, payload start, payload end
Header = tuple[int, int, int, int, int, int, int, int, int, int]

_FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")


class RtpError(ValueError):
    """A packet that is not well-formed RTP, or longer than we forward."""


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP on one port: the second octet is 192…223 (RFC 5761 section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def parse(data: bytes) -> Header:
    """Read the header of an RTP packet.

    Gives `(marker, payload_type, sequence, timestamp, ssrc, ext_profile, ext_start, ext_end, payload_start,
    payload_end)`: marker is 0x80 or 0, the last five are offsets into `data`. Without an extension `ext_profile`
    is -1 and both its offsets equal `payload_start`. A padding-only packet has `payload_start == payload_end`.
    Raises RtpError.
    """
    size = len(data)
    if size < 12:
        raise RtpError("short packet")
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first & 0xC0 != 0x80:
        raise RtpError("version")
    start = ext_start = ext_end = 12 + 4 * (first & 15)
    profile = -1
    if first & 16:
        if start + 4 > size:
            raise RtpError("extension beyond the end")
        profile, words = _EXTENSION.unpack_from(data, start)
        ext_start = start + 4
        start = ext_end = ext_start + 4 * words
    end = size - _padding(data) if first & 32 else size
    if not 0 <= end - start <= MAX_PAYLOAD:
        raise RtpError("header beyond the end" if end < start else "payload too long")
    return second & 0x80, second & 0x7F, sequence, timestamp, ssrc, profile, ext_start, ext_end, start, end


def _padding(data: bytes) -> int:
    count = data[-1]
    if not count:
        raise RtpError("empty padding")
    return count
