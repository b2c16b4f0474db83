"""RTP header extensions, one-byte and two-byte form (RFC 8285), and the values we stamp into them."""

ONE_BYTE = 0xBEDE

TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RTP_STREAM_ID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RTP_STREAM_ID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"


def find(data: bytes, profile: int, start: int, end: int, extension_id: int) -> tuple[int, int] | None:
    """Give `(offset, length)` of one element's value, None if it is absent or runs over the end.

    `profile`, `start` and `end` come from `packet.parse`. At most `end - start` octets are looked at.
    """
    if profile == ONE_BYTE:
        while start < end:
            octet = data[start]
            if octet == 0:
                start += 1
                continue
            length = (octet & 15) + 1
            if octet >> 4 == extension_id:
                return (start + 1, length) if extension_id != 15 and start + 1 + length <= end else None
            if octet >= 0xF0:
                return None
            start += 1 + length
        return None
    if profile & 0xFFF0 == 0x1000:
        return _find_two_byte(data, start, end, extension_id)
    return None


def _find_two_byte(data: bytes, start: int, end: int, extension_id: int) -> tuple[int, int] | None:
    while start + 1 < end:
        if data[start] == 0:
            start += 1
            continue
        length = data[start + 1]
        if data[start] == extension_id:
            return (start + 2, length) if start + 2 + length <= end else None
        start += 2 + length
    return None


def read_all(data: bytes, profile: int, start: int, end: int) -> dict[int, bytes]:
    """Read every element into `{id: value}` (first one wins); an element that runs over the end closes the list.

    For the slow paths (learning a new SSRC); the hot path uses `find`.
    """
    one_byte = profile == ONE_BYTE
    if not one_byte and profile & 0xFFF0 != 0x1000:
        return {}
    values: dict[int, bytes] = {}
    while start < end:
        octet = data[start]
        if octet == 0:
            start += 1
            continue
        if one_byte:
            identifier, length, start = octet >> 4, (octet & 15) + 1, start + 1
        elif start + 1 < end:
            identifier, length, start = octet, data[start + 1], start + 2
        else:
            break
        if start + length > end or (one_byte and identifier == 15):
            break
        values.setdefault(identifier, data[start : start + length])
        start += length
    return values
