"""Attacks over the WebSocket, by somebody in the meeting."""

import asyncio
import json
import secrets
import time
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from tests.attacks.attack import TURN_SECONDS, Attack, Attacker
from tests.load.participant import Participant
from tests.load.signalling import Refused

MESSAGES_PER_SECOND = 10_000
LONG_SDP = "v=0\r\n" + "\n" * 20_000
OFFERS_PER_SECOND = 20


async def long_sdp(attacker: Attacker, seconds: float) -> int:
    """20,000 lines in an offer."""
    until, sent = time.monotonic() + seconds, 0
    person = attacker.person
    while time.monotonic() < until:
        which = {"transport_id": secrets.token_hex(6), "sources": {"0": "microphone"}}
        with suppress(Refused):
            await person.signalling.ask("publish", sdp=LONG_SDP, **which)
        sent += 1
        await asyncio.sleep(1 / OFFERS_PER_SECOND)
    return sent


async def many_messages(attacker: Attacker, seconds: float) -> int:
    """As many as the server takes in, up to 10,000 a second; who is thrown out comes back."""
    until, sent = time.monotonic() + seconds, 0
    person = attacker.person
    while time.monotonic() < until:
        sent += await send_until_closed(person, until)
        if time.monotonic() < until:
            [number] = await attacker.generator.join(1, person.manner)
            person = attacker.generator.people[number]
    return sent


async def send_until_closed(person: Participant, until: float) -> int:
    socket = person.signalling._socket
    assert socket is not None
    frame = json.dumps({"type": "ping", "sent": 1})
    sent, began = 0, time.monotonic()
    with suppress(ConnectionClosed):
        while (now := time.monotonic()) < until:
            while sent < (now - began) * MESSAGES_PER_SECOND:
                await socket.send(frame)  # waits when the server does not read on
                sent += 1
            await asyncio.sleep(TURN_SECONDS)
    return sent


ATTACKS: dict[str, Attack] = {"long_sdp": long_sdp, "many_messages": many_messages}
