"""Who attacks, and how often."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.load.generator import Generator
from tests.load.participant import Participant

PACKETS_PER_SECOND = 5000
"""What one attacker sends, if the attack is one of packets: a fifth of a core of this machine's for the attacker."""
TURN_SECONDS = 0.005


@dataclass
class Attacker:
    """Somebody in the meeting, and what strangers know of it: where the media port is."""

    person: Participant
    generator: Generator
    media_port: int

    @property
    def media_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.media_port


Attack = Callable[[Attacker, float], Awaitable[int]]


async def steadily(send: Callable[[int], None], seconds: float, rate: int = PACKETS_PER_SECOND) -> int:
    """Call `send(number)` `rate` times a second; how often it was called. What is far behind is left out."""
    began = time.monotonic()
    count = skipped = 0
    while (now := time.monotonic() - began) < seconds:
        due = int(now * rate) - skipped
        if due - count > rate // 10:
            skipped += due - count - rate // 10
            due = count + rate // 10
        while count < due:
            send(count)
            count += 1
        await asyncio.sleep(TURN_SECONDS)
    return count
