"""VP8 payload descriptor (RFC 7741 section 4.2): keyframe test, frame size, continuous PictureID and TL0PICIDX."""

from operator import itemgetter

from media_sfu.codecs.codec import PADDING, Codec, CodecError, Description, Fields
from media_sfu.codecs.thinning import HIGHEST, Thinning

# Fields: descriptor size, PictureID mask (0: absent), PictureID, offset of TL0PICIDX (0: absent), offset of KEYIDX
# (0: absent), temporal layer, whether it depends on the lowest one only. Offsets count from the start of the payload;
# the PictureID is always at 2.
_NOTHING: Fields = (1, 0, 0, 0, 0, 0, 0)


def describe(data: bytes, start: int, end: int) -> Description:
    """Read the descriptor of the payload `data[start:end]`. Raises CodecError."""
    if start == end:
        return PADDING
    first = data[start]
    fields = _extended(data, start, end) if first & 0x80 else _NOTHING
    at = start + fields[0]
    if at > end:
        raise CodecError("descriptor beyond the end")
    starts = first & 0x17 == 0x10  # S=1, PID=0
    return starts, starts and at < end and not data[at] & 1, fields


def _extended(data: bytes, start: int, end: int) -> Fields:
    if start + 2 > end:
        raise CodecError("descriptor beyond the end")
    flags = data[start + 1]
    at, mask, picture = 2, 0, 0
    if flags & 0x80:
        if start + 4 > end:
            raise CodecError("descriptor beyond the end")
        picture = data[start + 2]
        if picture & 0x80:
            at, mask, picture = 4, 0x7FFF, (picture & 0x7F) << 8 | data[start + 3]
        else:
            at, mask = 3, 0x7F
    level = key_index = temporal = sync = 0
    if flags & 0x40:
        level = at
        at += 1
    if flags & 0x30:
        key_index = at if flags & 0x10 else 0
        if flags & 0x20 and start + at < end:
            temporal, sync = data[start + at] >> 6, data[start + at] >> 5 & 1
        at += 1
    return at, mask, picture, level, key_index, temporal, sync


def frame_size(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give `(width, height)` if the payload starts a keyframe with its uncompressed header (RFC 6386 section 9.1)."""
    _, keyframe, fields = describe(data, start, end)
    if not keyframe:
        return None
    at = start + fields[0]
    if at + 10 > end or data[at + 3 : at + 6] != b"\x9d\x01\x2a":
        return None
    width = int.from_bytes(data[at + 6 : at + 8], "little") & 0x3FFF
    height = int.from_bytes(data[at + 8 : at + 10], "little") & 0x3FFF
    return (width, height) if width and height else None


class Vp8Continuity:
    """Adds one offset each to PictureID, TL0PICIDX and KEYIDX, set anew at every layer switch.

    The offset belongs to the whole layer, so packets of one layer may come in any order. Only pictures that were left
    out shift those that follow.
    """

    __slots__ = (
        "_key_index",
        "_key_index_offset",
        "_level",
        "_level_offset",
        "_mask",
        "_picture",
        "_picture_offset",
        "_thinning",
        "_unthinned_offset",
    )

    def __init__(self) -> None:
        self._picture = self._level = self._key_index = self._mask = 0
        self._picture_offset = self._level_offset = self._key_index_offset = self._unthinned_offset = 0
        self._thinning: Thinning | None = None

    def switch(self, data: bytes, start: int, fields: Fields) -> None:
        """Number the picture at `start` one after the newest picture sent; likewise TL0PICIDX and KEYIDX."""
        _, self._mask, picture, level_at, key_index_at, _, _ = fields
        self._picture_offset = self._unthinned_offset = self._picture + 1 - picture
        self._thinning = None
        if level_at:
            self._level_offset = self._level + 1 - data[start + level_at]
        if key_index_at:
            self._key_index_offset = self._key_index + 1 - data[start + key_index_at]

    def rewrite(self, data: bytes, start: int, fields: Fields) -> bytes | bytearray:
        """Give the descriptor with its counters moved; it keeps its length and every other bit."""
        size, mask, picture, level_at, key_index_at, _, _ = fields
        if size == 1:
            return b""
        descriptor = bytearray(data[start : start + size])
        if mask:
            picture = picture + self._picture_offset & mask
            if (picture - self._picture & mask) <= mask >> 1:
                self._picture = picture
            if mask == 0x7F:
                descriptor[2] = picture
            else:
                descriptor[2] = 0x80 | picture >> 8
                descriptor[3] = picture & 255
        if level_at:
            level = descriptor[level_at] = descriptor[level_at] + self._level_offset & 255
            if (level - self._level & 255) < 128:
                self._level = level
        if key_index_at:
            self._rewrite_key_index(descriptor, key_index_at)
        return descriptor

    def thin(self, level: int) -> bool:
        """Without PictureIDs nothing can be left out: the receiver would wait for it."""
        if self._thinning is None and level < HIGHEST and self._mask:
            self._thinning = Thinning(self._picture - self._unthinned_offset & self._mask, self._mask)
        if self._thinning is None:
            return False
        self._thinning.level = level
        return True

    def passes(self, description: Description) -> bool:
        _, keyframe, (_, _, picture, _, _, temporal, sync) = description
        if self._thinning is None:
            return True
        shift = self._thinning.judge(picture, temporal, sync=bool(sync), keyframe=keyframe)
        if shift is None:
            return False
        self._picture_offset = self._unthinned_offset - shift
        return True

    def _rewrite_key_index(self, descriptor: bytearray, at: int) -> None:
        octet = descriptor[at]
        key_index = octet + self._key_index_offset & 31
        descriptor[at] = octet & 0xE0 | key_index
        if (key_index - self._key_index & 31) < 16:
            self._key_index = key_index


CODEC = Codec("VP8", "video", 90000, 96, describe, frame_size, Vp8Continuity, temporal=itemgetter(5))
