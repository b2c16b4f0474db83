"""RTP packets and VP8 payloads written out by hand: the counterpart of the parsers under test."""

import struct


def rtp(
    payload: bytes = b"",
    *,
    sequence: int = 1,
    timestamp: int = 0,
    ssrc: int = 0x1234,
    payload_type: int = 96,
    marker: bool = False,
    csrc: tuple[int, ...] = (),
    extension: tuple[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    first = 0x80 | len(csrc) | (0x10 if extension else 0) | (0x20 if padding else 0)
    packet = struct.pack("!BBHII", first, marker << 7 | payload_type, sequence, timestamp, ssrc)
    packet += b"".join(struct.pack("!I", source) for source in csrc)
    if extension:
        profile, elements = extension
        elements += bytes(-len(elements) % 4)
        packet += struct.pack("!HH", profile, len(elements) // 4) + elements
    return packet + payload + (bytes(padding - 1) + bytes((padding,)) if padding else b"")


def one_byte(*elements: tuple[int, bytes]) -> tuple[int, bytes]:
    return 0xBEDE, b"".join(bytes((number << 4 | len(value) - 1,)) + value for number, value in elements)


def two_byte(*elements: tuple[int, bytes]) -> tuple[int, bytes]:
    return 0x1000, b"".join(bytes((number, len(value))) + value for number, value in elements)


def vp8(
    *,
    starts: bool = True,
    keyframe: bool = False,
    picture: int | None = None,
    bits: int = 15,
    level: int | None = None,
    key_index: int | None = None,
    temporal: int | None = None,
    sync: bool = False,
    size: tuple[int, int] = (640, 360),
    body: bytes = b"body",
) -> bytes:
    """One VP8 payload (RFC 7741) with just the optional fields that are given."""
    flags, optional = 0, b""
    if picture is not None:
        flags |= 0x80
        optional += bytes((picture & 0x7F,)) if bits == 7 else struct.pack("!H", 0x8000 | picture)
    if level is not None:
        flags |= 0x40
        optional += bytes((level,))
    if key_index is not None or temporal is not None:
        flags |= (0x10 if key_index is not None else 0) | (0x20 if temporal is not None else 0)
        optional += bytes(((1 if temporal is None else temporal) << 6 | sync << 5 | (key_index or 0),))
    first = 0x10 if starts else 0
    descriptor = bytes((first | 0x80, flags)) + optional if flags else bytes((first,))
    header = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", *size) if keyframe else b"\x11"
    return descriptor + (header if starts else b"") + body
