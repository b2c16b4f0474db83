"""Video of real encoders in RTP payloads, as browsers packetize it: `payloads("h264")` gives frames, each a list."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import av
from aiortc.codecs.h264 import H264Encoder

WIDTH, HEIGHT = 322, 182  # no multiples of 16: cropped in H.264
FRAMES, KEYFRAMES = 8, (0, 5)
MAX_PAYLOAD = 1000

ENCODERS = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "h264": ("libx264", {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency"}),
    "av1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1:lookahead=0:rc=2:rtc=1"}),
}


@cache
def payloads(name: str) -> list[list[bytes]]:
    """`FRAMES` frames of a moving picture; those of `KEYFRAMES` can be started at."""
    pack = {"vp8": _vp8, "vp9": _vp9, "h264": _h264, "av1": _av1}[name]
    return [list(pack(frame, keyframe=index in KEYFRAMES)) for index, frame in enumerate(_encoded(name))]


def _encoded(name: str) -> list[bytes]:
    encoder, options = ENCODERS[name]
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 15), Fraction(15)
    context.bit_rate, context.options = 400_000, options
    pictures = [_picture(number) for number in range(FRAMES)]
    packets = [packet for picture in [*pictures, None] for packet in context.encode(picture)]
    return [bytes(packet) for packet in packets]


def _picture(number: int) -> av.VideoFrame:
    picture = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for index, plane in enumerate(picture.planes):
        plane.update(bytes((at * (index + 3) ^ number * 40) & 255 for at in range(plane.buffer_size)))
    picture.pts = number
    if number in KEYFRAMES:
        picture.pict_type = av.video.frame.PictureType.I
    return picture


def _cut(frame: bytes) -> Iterator[tuple[bytes, bool, bool]]:
    """(piece, is first, is last)."""
    for at in range(0, len(frame), MAX_PAYLOAD):
        yield frame[at : at + MAX_PAYLOAD], at == 0, at + MAX_PAYLOAD >= len(frame)


def _vp8(frame: bytes, *, keyframe: bool) -> Iterator[bytes]:
    for piece, first, _ in _cut(frame):
        yield bytes([0x10 if first else 0]) + piece


def _vp9(frame: bytes, *, keyframe: bool) -> Iterator[bytes]:
    """As libwebrtc does in its non-flexible mode, with a scalability structure in keyframes (RFC 9628 section 4.2)."""
    structure = bytes([0b000_1_1_000, *WIDTH.to_bytes(2, "big"), *HEIGHT.to_bytes(2, "big"), 1, 0b000_0_01_00, 1])
    for piece, first, last in _cut(frame):
        has_structure = keyframe and first
        head = 0xA0 | (0 if keyframe else 0x40) | 0x08 * first | 0x04 * last | 0x02 * has_structure
        yield bytes([head, 0x92, 0x34, 0, 7]) + (structure if has_structure else b"") + piece


def _h264(frame: bytes, *, keyframe: bool) -> Iterator[bytes]:
    return iter(H264Encoder._packetize(H264Encoder._split_bitstream(frame)))


def _av1(frame: bytes, *, keyframe: bool) -> Iterator[bytes]:
    """One OBU element after the other, in as many packets as it takes (section 4.4 of the RTP specification)."""
    elements = b"".join(_leb128(len(obu)) + obu for obu in _obus(frame))
    assert len(elements) <= MAX_PAYLOAD or len(_obus(frame)) <= 2
    if len(elements) <= MAX_PAYLOAD:
        yield bytes([0x08 * keyframe]) + elements
        return
    *small, large = _obus(frame)
    head = b"".join(_leb128(len(obu)) + obu for obu in small)
    for piece, first, last in _cut(large):
        count = (len(small) + 1 if first else 1) << 4
        yield (
            bytes([0x80 * (not first) | 0x40 * (not last) | count | 0x08 * (keyframe and first)])
            + (head if first else b"")
            + piece
        )


def _obus(frame: bytes) -> list[bytes]:
    """Of a temporal unit, without the delimiter and without the sizes of their own."""
    found, at = [], 0
    while at < len(frame):
        size, body, shift = 0, at + 1, 0
        while True:
            size |= (frame[body] & 0x7F) << shift
            shift, body = shift + 7, body + 1
            if not frame[body - 1] & 0x80:
                break
        if frame[at] >> 3 & 15 != 2:
            found.append(bytes([frame[at] & ~2]) + frame[body : body + size])
        at = body + size
    return found


def _leb128(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _leb128(rest) if rest else bytes([low])
