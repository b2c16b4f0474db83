"""STUN for an ICE-lite agent (RFC 8445, RFC 8489): binding requests in, success responses out.

`peek_ufrag` is the cheap, bounded look at an unauthenticated datagram that comes before anything else; only a
request that names a live ufrag reaches `parse_message` and the HMAC of aioice.
"""

import ipaddress
import struct

from aioice import stun

BINDING_REQUEST = 0x0001
MAX_REQUEST = 576  # browsers send 80 to 160 bytes; longer ones are not worth an attribute walk
MAX_RESPONSE_GROWTH = 8  # bytes a response may exceed its request: no amplification
_MAX_ATTRIBUTES = 24
_USERNAME = 0x0006
_HEADER = struct.Struct("!HHI12x")
_ATTRIBUTE = struct.Struct("!HH")

Address = tuple[str, int]


def peek_ufrag(data: bytes) -> bytes | None:
    """The receiver's ufrag (left of the colon in USERNAME) of a binding request, or None when it is none."""
    size = len(data)
    if not 20 < size <= MAX_REQUEST or size & 3:
        return None
    kind, length, cookie = _HEADER.unpack_from(data)
    if kind != BINDING_REQUEST or cookie != stun.COOKIE or length != size - 20:
        return None
    position = 20
    for _ in range(_MAX_ATTRIBUTES):
        if position + 4 > size:
            return None
        attribute, length = _ATTRIBUTE.unpack_from(data, position)
        position += 4
        if position + length > size:
            return None
        if attribute == _USERNAME:
            return data[position : position + length].partition(b":")[0]
        position += length + 3 & ~3
    return None


def authenticate(data: bytes, password: bytes) -> stun.Message | None:
    """The parsed request, or None when its integrity check fails. Raises ValueError and others on malformed input."""
    message = stun.parse_message(data)
    return message if message.check_message_integrity(password) else None


def success_response(request: stun.Message, source: Address, password: bytes) -> bytes:
    """A success response with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT."""
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    response.attributes["XOR-MAPPED-ADDRESS"] = plain_address(source)
    response.add_message_integrity(password)
    return bytes(response)


def plain_address(source: Address) -> Address:
    """An IPv4 address seen on a dual-stack socket in its IPv4 form, an IPv6 one without its zone."""
    host = source[0].partition("%")[0]
    if ":" in host:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        host = str(mapped) if mapped else host
    return host, source[1]
