"""Attacks on the media port by somebody without keys."""

import asyncio
import random
import secrets
import socket
import struct
import time
from contextlib import ExitStack, suppress

from aioice import stun

from tests.attacks.attack import Attack, Attacker, steadily

ADDRESSES = [f"127.0.{number // 200}.{number % 200 + 2}" for number in range(64)]
VARIETY = 256  # packets made beforehand
SLOW_CONNECTIONS = 500
SLOW_SECONDS = 0.5


def binding_request(username: str, password: str) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = username
    request.attributes["PRIORITY"] = 1845501695
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(password.encode())
    return bytes(request)


def stun_packets(attacker: Attacker) -> list[bytes]:
    """Of names that are unknown, of a name that is in use with a wrong password, and broken ones."""
    name = f"{attacker.person.publishing.remote.ufrag}:abcd"
    unknown = [binding_request(f"{secrets.token_hex(6)}:abcd", secrets.token_hex(16)) for _ in range(VARIETY // 2)]
    wrong = [binding_request(name, secrets.token_hex(16)) for _ in range(VARIETY // 4)]
    broken = [secrets.choice(wrong)[: random.randrange(4, 60) * 2] for _ in range(VARIETY // 8)]
    broken += [bytes([0, 1]) + secrets.token_bytes(random.randrange(1, 500)) for _ in range(VARIETY // 8)]
    return [*unknown, *wrong, *broken]


def srtp_packets(attacker: Attacker) -> list[bytes]:
    return [
        struct.pack("!BBHII", 0x80, 96, number, number * 3000, secrets.randbits(32)) + secrets.token_bytes(1000)
        for number in range(VARIETY)
    ]


def dtls_packets(attacker: Attacker) -> list[bytes]:
    """Records that say they are longer than they are, of all content types."""
    heads = [bytes([kind, 254, 253]) + secrets.token_bytes(8) + b"\x05\x00" for kind in (20, 21, 22, 23)]
    return [secrets.choice(heads) + secrets.token_bytes(random.randrange(0, 400)) for _ in range(VARIETY)]


async def flood(attacker: Attacker, seconds: float, packets: list[bytes]) -> int:
    """From 64 addresses."""
    random.shuffle(packets)
    with ExitStack() as opened:
        sockets = []
        for address in ADDRESSES:
            udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            udp.setblocking(False)
            udp.bind((address, 0))
            udp.connect(attacker.media_address)
            sockets.append(udp)

        def send(number: int) -> None:
            with suppress(OSError):
                sockets[number % len(sockets)].send(packets[number % len(packets)])

        return await steadily(send, seconds)


async def stun_flood(attacker: Attacker, seconds: float) -> int:
    return await flood(attacker, seconds, stun_packets(attacker))


async def srtp_of_strangers(attacker: Attacker, seconds: float) -> int:
    return await flood(attacker, seconds, srtp_packets(attacker))


async def dtls_of_strangers(attacker: Attacker, seconds: float) -> int:
    return await flood(attacker, seconds, dtls_packets(attacker))


async def slow_tcp(attacker: Attacker, seconds: float) -> int:
    """Connections that send a frame's octets one by one, each begun anew when it is closed; how many there were."""
    until, opened = time.monotonic() + seconds, 0

    async def dawdle(number: int) -> None:
        nonlocal opened
        while time.monotonic() < until:
            local = ADDRESSES[number % len(ADDRESSES)], 0
            with suppress(OSError):
                _, writer = await asyncio.open_connection(*attacker.media_address, local_addr=local)
                opened += 1
                with suppress(OSError):
                    while time.monotonic() < until and not writer.is_closing():
                        writer.write(b"\x01")
                        await writer.drain()
                        await asyncio.sleep(SLOW_SECONDS)
                writer.close()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(dawdle(number) for number in range(SLOW_CONNECTIONS)))
    return opened


ATTACKS: dict[str, Attack] = {
    "stun_flood": stun_flood,
    "srtp_of_strangers": srtp_of_strangers,
    "dtls_of_strangers": dtls_of_strangers,
    "slow_tcp": slow_tcp,
}
