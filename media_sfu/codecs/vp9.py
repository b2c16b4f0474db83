"""VP9 payload descriptor (RFC 9628 section 4.2): keyframe test and frame size. One spatial layer, profile 0."""

from collections.abc import Mapping

from media_sfu.codecs.bits import Bits
from media_sfu.codecs.codec import PADDING, Codec, CodecError, Description

_I, _P, _L, _F, _B, _V = 0x80, 0x40, 0x20, 0x10, 0x08, 0x02
_SYNC_CODE, _SRGB = 0x498342, 7
_HEADER = 10
"""Octets of the uncompressed header up to the frame size."""


def describe(data: bytes, start: int, end: int) -> Description:
    """Read the descriptor of the payload `data[start:end]`. Raises CodecError."""
    if start == end:
        return PADDING
    first = data[start]
    starts = bool(first & _B)
    if not starts or first & _P:
        return starts, False, ()
    return True, _spatial_layer(data, start, end) == 0, ()


def _spatial_layer(data: bytes, start: int, end: int) -> int:
    """SID, 0 without layer indices."""
    first = data[start]
    if not first & _L:
        return 0
    at = _after_picture(data, start, end)
    if at >= end:
        raise CodecError("descriptor beyond the end")
    return data[at] >> 1 & 7


def _after_picture(data: bytes, start: int, end: int) -> int:
    if not data[start] & _I:
        return start + 1
    if start + 1 >= end:
        raise CodecError("descriptor beyond the end")
    return start + (3 if data[start + 1] & 0x80 else 2)


def frame_size(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give `(width, height)` if the payload starts a keyframe, from its uncompressed header (VP9 section 6.2)."""
    if not describe(data, start, end)[1]:
        return None
    at = _after_descriptor(data, start, end)
    if at + _HEADER > end:
        return None
    bits = Bits(data[at : at + _HEADER])
    if bits.take(4) != 0b1000 or bits.take(2):  # marker 2 and profile 0; neither an existing frame nor another kind
        return None
    bits.take(2)  # show_frame, error_resilient_mode
    if bits.take(24) != _SYNC_CODE or bits.take(3) == _SRGB:
        return None
    bits.take(1)  # color_range
    return bits.take(16) + 1, bits.take(16) + 1


def _after_descriptor(data: bytes, start: int, end: int) -> int:
    """The first octet of the frame behind the descriptor of a picture that refers to no other one."""
    first = data[start]
    at = _after_picture(data, start, end)
    if first & _L:
        at += 1 if first & _F else 2
    return _after_structure(data, at, end) if first & _V else at


def _after_structure(data: bytes, at: int, end: int) -> int:
    """Behind the scalability structure (section 4.2.1)."""
    if at >= end:
        return end
    head = data[at]
    at += 1
    if head & 0x10:
        at += 4 * ((head >> 5) + 1)
    if not head & 0x08 or at >= end:
        return at
    pictures = data[at]
    at += 1
    for _ in range(pictures):
        if at >= end:
            break
        at += 1 + (data[at] >> 2 & 3)
    return at


def _relays(parameters: Mapping[str, str]) -> bool:
    return parameters.get("profile-id", "0") == "0"


CODEC = Codec("VP9", "video", 90000, 98, describe, frame_size, parameters="profile-id=0", relays=_relays)
