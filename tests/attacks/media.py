"""Attacks on the media server by somebody in the meeting, with keys."""

import random
import secrets
import struct
from collections.abc import Callable
from typing import Any

from media_sfu.rtp import rtcp
from tests.attacks.attack import Attack, Attacker, steadily
from tests.attacks.strangers import dtls_packets, srtp_packets

RECORDED = 400


async def random_srtp(attacker: Attacker, seconds: float) -> int:
    """From an address that is known, on SSRCs that are known and others."""
    person = attacker.person
    own = person.camera.layers[0].stream.ssrc.to_bytes(4, "big")
    packets = [packet[:8] + secrets.choice((own, packet[8:12])) + packet[12:] for packet in srtp_packets(attacker)]
    return await steadily(lambda number: person.publishing.send(packets[number % len(packets)]), seconds)


async def replayed_srtp(attacker: Attacker, seconds: float) -> int:
    """What the attacker itself sent, again and again."""
    connection: Any = attacker.person.publishing
    recorded: list[bytes] = []
    send = connection.send

    def record(data: bytes) -> None:
        if 127 < data[0] < 192 and not 191 < data[1] < 224 and len(recorded) < RECORDED:
            recorded.append(data)
        send(data)

    connection.send = record
    try:
        return await steadily(lambda number: recorded and send(recorded[number % len(recorded)]), seconds)
    finally:
        connection.send = send


async def truncated_dtls(attacker: Attacker, seconds: float) -> int:
    """And whole records that are none, within an existing connection."""
    whole = [bytes([23, 254, 253]) + secrets.token_bytes(8) + b"\x00\x64" + secrets.token_bytes(100) for _ in range(16)]
    packets = [*dtls_packets(attacker), *whole]
    connections = attacker.person.publishing, attacker.person.subscribing
    return await steadily(lambda number: connections[number % 2].send(packets[number % len(packets)]), seconds)


def absurd_rtcp() -> bytes:
    """A compound whose lengths and counts do not fit."""
    kind, count = random.randrange(192, 224), random.randrange(32)
    body = secrets.token_bytes(4 * random.randrange(1, 40))
    head = struct.pack("!BBH", 0x80 | random.choice((0, 0x20)) | count, kind, random.choice((0, 1, 0x7FFF, 0xFFFF)))
    return head + body


async def absurd_lengths(attacker: Attacker, seconds: float) -> int:
    return await storm(attacker, seconds, [absurd_rtcp() for _ in range(256)])


async def keyframe_storm(attacker: Attacker, seconds: float) -> int:
    """PLI and FIR for every picture that the attacker is sent."""
    return await storm(
        attacker,
        seconds,
        [
            packet
            for ssrc in pictures(attacker)
            for packet in (rtcp.picture_loss_indication(1, ssrc), full_intra_request(ssrc, secrets.randbits(8)))
        ],
    )


async def nack_storm(attacker: Attacker, seconds: float) -> int:
    """Two hundred and fifty numbers in each of four blocks."""
    blocks = [
        rtcp.nack(1, ssrc, range(start, start + 250)) for ssrc in pictures(attacker) for start in range(0, 65000, 250)
    ]
    return await storm(attacker, seconds, [b"".join(random.sample(blocks, 4)) for _ in range(256)])


async def storm(attacker: Attacker, seconds: float, compounds: list[bytes]) -> int:
    send: Callable[[bytes], None] = attacker.person.subscribing.send_rtcp
    return await steadily(lambda number: send(compounds[number % len(compounds)]), seconds)


def pictures(attacker: Attacker) -> list[int]:
    tracks = attacker.person.incoming.tracks.values()
    return [track.ssrc for track in tracks if track.repair_ssrc is not None]


def full_intra_request(ssrc: int, number: int) -> bytes:
    """RFC 5104 section 4.3.1."""
    return struct.pack("!BBHIIII", 0x84, rtcp.PAYLOAD_SPECIFIC, 4, 1, 0, ssrc, number << 24)


ATTACKS: dict[str, Attack] = {
    "random_srtp": random_srtp,
    "replayed_srtp": replayed_srtp,
    "truncated_dtls": truncated_dtls,
    "absurd_lengths": absurd_lengths,
    "keyframe_storm": keyframe_storm,
    "nack_storm": nack_storm,
}
