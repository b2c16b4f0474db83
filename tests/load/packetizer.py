"""VP8 frames as RTP payloads (RFC 7741)."""

PAYLOAD_OCTETS = 1100


def split(frame: bytes, most: int = PAYLOAD_OCTETS) -> list[bytes]:
    """Parts of nearly equal size, none longer than `most`."""
    count = -(-len(frame) // most)
    size = -(-len(frame) // count)
    return [frame[start : start + size] for start in range(0, len(frame), size)]


def descriptors(*, picture: int, level: int, temporal: int, synchronised: bool) -> tuple[bytes, bytes]:
    """Payload descriptor of a frame's first packet and of the others: a 15-bit PictureID, TL0PICIDX, TID and Y."""
    rest = bytes((0xE0, 0x80 | picture >> 8, picture & 255, level, temporal << 6 | synchronised << 5))
    return b"\x90" + rest, b"\x80" + rest
