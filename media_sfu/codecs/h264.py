"""H.264 over RTP (RFC 6184), packetization mode 1, constrained baseline: keyframe test and frame size.

A keyframe starts at its sequence parameter set. Browsers send one before every IDR picture (RFC 7742 section 6.2),
alone or at the head of an aggregation packet, and a receiver can do nothing with an IDR picture whose parameters it has
not; so the IDR slices do not count as starts, and a lost parameter set stays asked for while they arrive.
"""

from collections.abc import Mapping

from media_sfu.codecs.bits import Bits
from media_sfu.codecs.codec import PADDING, Codec, CodecError, Description

_SLICE, _IDR, _SPS, _DELIMITER, _STAP_A, _FU_A = 1, 5, 7, 9, 24, 28
_STARTS = frozenset((_SPS, _DELIMITER))
MAX_AGGREGATED = 16
"""NAL units of one aggregation packet that are looked at."""
MAX_SPS = 64
"""Octets of a parameter set that are read: the size comes within the first twenty."""
_PLAIN_PROFILES = frozenset((66, 77, 88))
"""Baseline, main and extended: their parameter sets have no chroma fields."""

_CONTINUES: Description = (False, False, ())
_STARTS_FRAME: Description = (True, False, ())
_KEYFRAME: Description = (True, True, ())


def describe(data: bytes, start: int, end: int) -> Description:
    """Read the NAL unit header of the payload `data[start:end]`. Raises CodecError.

    `starts_frame` is told by the first slice of a picture, or what only comes before one.
    """
    if start == end:
        return PADDING
    kind = data[start] & 0x1F
    if kind == _STAP_A:
        return _KEYFRAME if _aggregated_sps(data, start, end) is not None else _STARTS_FRAME
    at = start + 1
    if kind == _FU_A:
        if end - start < 3:
            raise CodecError("fragment beyond the end")
        if not data[at] & 0x80:
            return _CONTINUES
        kind, at = data[at] & 0x1F, at + 1
    if kind == _SPS:
        return _KEYFRAME
    first_slice = kind in (_SLICE, _IDR) and at < end and data[at] & 0x80  # first_mb_in_slice is 0
    return _STARTS_FRAME if first_slice or kind in _STARTS else _CONTINUES


def _aggregated_sps(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Where a STAP-A (section 5.7.1) has its sequence parameter set."""
    at = start + 1
    for _ in range(MAX_AGGREGATED):
        if at + 2 >= end:
            break
        size = data[at] << 8 | data[at + 1]
        at += 2
        if not size or at + size > end:
            raise CodecError("NAL unit beyond the end")
        if data[at] & 0x1F == _SPS:
            return at, at + size
        at += size
    return None


def frame_size(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give `(width, height)` from the parameter set that starts a keyframe; None where it is cut up or unusual."""
    if start == end:
        return None
    kind = data[start] & 0x1F
    place = _aggregated_sps(data, start, end) if kind == _STAP_A else (start, end) if kind == _SPS else None
    if place is None:
        return None
    try:
        return _size_of(Bits(_unescaped(data[place[0] + 1 : min(place[1], place[0] + MAX_SPS)])))
    except CodecError:
        return None


def _unescaped(data: bytes) -> bytes:
    """Without emulation prevention (ITU-T H.264 section 7.4.1)."""
    return data.replace(b"\x00\x00\x03", b"\x00\x00")


def _size_of(bits: Bits) -> tuple[int, int] | None:
    """ITU-T H.264 section 7.3.2.1.1."""
    if bits.take(8) not in _PLAIN_PROFILES:
        return None
    bits.take(16)  # constraints and level
    bits.exp_golomb()  # seq_parameter_set_id
    bits.exp_golomb()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.exp_golomb()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    columns, rows = bits.exp_golomb() + 1, bits.exp_golomb() + 1
    frames_only = bits.take(1)
    bits.take(1 if frames_only else 2)
    crop = [bits.exp_golomb() for _ in range(4)] if bits.take(1) else [0, 0, 0, 0]  # left, right, top, bottom
    width = columns * 16 - 2 * (crop[0] + crop[1])
    height = (rows * 16 - 2 * (crop[2] + crop[3])) * (2 - frames_only)
    return (width, height) if 0 < width <= 16384 and 0 < height <= 16384 else None


def _skip_picture_order(bits: Bits) -> None:
    kind = bits.exp_golomb()
    if kind == 0:
        bits.exp_golomb()
    elif kind == 1:
        bits.take(1)
        for _ in range(2):
            bits.exp_golomb()
        for _ in range(min(bits.exp_golomb(), 255)):
            bits.exp_golomb()


def _relays(parameters: Mapping[str, str]) -> bool:
    """Constrained baseline of any level (RFC 6184 section 8.1), in packetization mode 1."""
    profile = parameters.get("profile-level-id", "").lower()
    constrained = profile[:2] == "42" and profile[2:3] in tuple("4567cdef")  # constraint_set1_flag
    return constrained and parameters.get("packetization-mode") == "1"


CODEC = Codec(
    "H264",
    "video",
    90000,
    100,
    describe,
    frame_size,
    parameters="level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    relays=_relays,
)
