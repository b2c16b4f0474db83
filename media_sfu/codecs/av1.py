"""AV1 over RTP (the AV1 RTP specification of AOMedia, version 1.0): keyframe test and frame size.

One spatial layer, main profile. Then the aggregation header says where a coded video sequence starts, and the
dependency descriptor is not needed.
"""

from collections.abc import Mapping

from media_sfu.codecs.bits import Bits
from media_sfu.codecs.codec import PADDING, Codec, CodecError, Description

_Z, _COUNT, _N = 0x80, 0x30, 0x08
_SEQUENCE_HEADER = 1
MAX_HEADER = 64
"""Octets of a sequence header that are read."""
MAX_ELEMENTS = 4
"""OBU elements that are looked at. The temporal delimiter stays off the wire: the sequence header is the first."""


def describe(data: bytes, start: int, end: int) -> Description:
    """Read the aggregation header (section 4.4) of the payload `data[start:end]`. Raises CodecError.

    `starts_frame` is true of each packet that does not go on with an OBU: one picture may have several.
    """
    if start == end:
        return PADDING
    head = data[start]
    keyframe = bool(head & _N)
    if keyframe and head & _Z:
        raise CodecError("a sequence that starts with a fragment")
    return not head & _Z, keyframe, ()


def frame_size(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give the `(width, height)` of the sequence header if the payload starts a coded video sequence."""
    if start == end or not data[start] & _N:
        return None
    at, count = start + 1, (data[start] & _COUNT) >> 4
    try:
        for element in range(1, MAX_ELEMENTS + 1):
            size, at = (end - at, at) if element == count else _leb128(data, at, end)
            if at >= end or at + size > end or not size:
                return None
            if data[at] >> 3 & 15 == _SEQUENCE_HEADER:
                return _size_of(_header_bits(data, at, at + size))
            at += size
    except CodecError:
        return None
    return None


def _leb128(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A length of at most four octets, and the place behind it."""
    value = 0
    for octet in range(4):
        if at + octet >= end:
            break
        value |= (data[at + octet] & 0x7F) << 7 * octet
        if not data[at + octet] & 0x80:
            return value, at + octet + 1
    raise CodecError("length beyond the end")


def _header_bits(data: bytes, at: int, end: int) -> Bits:
    """Behind the OBU header (AV1 section 5.3): an extension octet and a size of its own may be in it."""
    body = at + (2 if data[at] & 4 else 1)
    if data[at] & 2:
        _, body = _leb128(data, body, end)
    return Bits(data[body : min(end, body + MAX_HEADER)])


def _size_of(bits: Bits) -> tuple[int, int] | None:
    """AV1 section 5.5.1. None when it tells timing, which no browser does."""
    bits.take(4)  # seq_profile, still_picture
    if bits.take(1):  # reduced_still_picture_header
        bits.take(5)
    else:
        if bits.take(1):  # timing_info_present_flag
            return None
        delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            _skip_operating_point(bits, delays)
    widths, heights = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(widths) + 1, bits.take(heights) + 1


def _skip_operating_point(bits: Bits, delays: int) -> None:
    bits.take(12)
    if bits.take(5) > 7:  # a level that has tiers
        bits.take(1)
    if delays and bits.take(1):
        bits.take(4)


def _relays(parameters: Mapping[str, str]) -> bool:
    return parameters.get("profile", "0") == "0"


CODEC = Codec(
    "AV1", "video", 90000, 102, describe, frame_size, parameters="level-idx=5;profile=0;tier=0", relays=_relays
)
