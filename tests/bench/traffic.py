"""The generator's clock: sends what is due, reads what has come, and keeps the connections alive."""

import asyncio
import time
from collections.abc import Sequence

from tests.bench.packets import FRAME_SECONDS, Publisher
from tests.bench.participants import Participant, SubscribingParticipant
from tests.bench.reception import Receivers

TICK_SECONDS = 0.002
FEEDBACK_SECONDS = 0.1
CHECK_EVERY = 5  # reports: browsers check each 2.5 to 5 s


async def pace(publishers: Sequence[Publisher], receivers: Receivers) -> None:
    """Run until cancelled. The publishers' frames are spread evenly over time."""
    for index, publisher in enumerate(publishers):
        publisher.start(time.monotonic() + index * FRAME_SECONDS / len(publishers))
    while True:
        now = time.monotonic()
        for publisher in publishers:
            publisher.send_due(now)
        receivers.drain()
        due = min((publisher.due for publisher in publishers), default=now + 1)
        await asyncio.sleep(max(0.0, min(due, now + TICK_SECONDS) - time.monotonic()))


async def report(participants: Sequence[Participant]) -> None:
    """Run until cancelled: each participant reports once a second, one after the other."""
    turn = 0
    while True:
        for index, participant in enumerate(participants):
            participant.report()
            if (turn + index) % CHECK_EVERY == 0:
                participant.connection.consent()
            await asyncio.sleep(1 / len(participants))
        turn += 1


async def acknowledge(participants: Sequence[SubscribingParticipant]) -> None:
    """Run until cancelled: each subscriber sends transport-wide feedback ten times a second."""
    while True:
        for participant in list(participants):
            participant.acknowledge()
            await asyncio.sleep(FEEDBACK_SECONDS / len(participants))
