"""Moving without a gap: a meeting that leaves a draining worker stays there too until the browsers have switched.

The browsers build their new connections beside the old ones. What is decided meanwhile (mute, removal, freeze) holds in
both places: `Media` says it to the new worker, this file to the old one.
"""

import asyncio
import time

import structlog

from conferences.errors import MediaRefused, MediaUnavailable
from conferences.routed import Departure, Json, RoutedMeeting
from conferences.services.placement import Placement
from conferences.sfu import Workers
from conferences.tally import Tally

log = structlog.get_logger(__name__)

KEEP_SECONDS = 15.0
"""The client gives its old connections up after the same time (`media/handover.js`)."""

MEMORY_SECONDS = KEEP_SECONDS + 15.0  # a meeting may have moved some seconds after its worker was last heard to drain


class Departures:
    """The routers that meetings are leaving; `tally` gets what was counted there."""

    def __init__(self, workers: Workers, tally: Tally) -> None:
        self._workers, self._tally = workers, tally

    async def begin(self, meeting: RoutedMeeting, router: Placement) -> None:
        """The meeting's new router stands; `router` is the one before."""
        await self.finish(meeting)
        placed = {peer.participant_id for peer in meeting.peers.values() if peer.is_placed}
        meeting.departure = Departure(router, time.monotonic() + KEEP_SECONDS, placed)

    def is_due(self, meeting: RoutedMeeting) -> bool:
        return meeting.departure is not None and time.monotonic() >= meeting.departure.until

    async def finish(self, meeting: RoutedMeeting) -> None:
        """Close our peers at the old place. A draining worker closes the empty router; other processes may be in it."""
        departure = meeting.departure
        if departure is None:
            return
        for participant_id in list(departure.participants):
            await self.close_peer(meeting, participant_id, reason="moved")
        meeting.departure = None
        if departure.router.worker not in self._workers.draining():
            await self._ask(departure.router, "close_router", router=meeting.public_id, reason="moved")

    async def close_peer(self, meeting: RoutedMeeting, participant_id: str, *, reason: str) -> None:
        """End what a participant still has at the old place, and count it."""
        departure = meeting.departure
        if departure is None or participant_id not in departure.participants:
            return
        departure.participants.discard(participant_id)
        where = {"router": meeting.public_id, "peer": participant_id}
        answer = await self._ask(departure.router, "close_peer", **where, reason=reason)
        counts = answer.get("statistics", {})
        self._tally.take(meeting.tenant, departure.router, participant_id, counts, final=True)

    async def tell(self, meeting: RoutedMeeting, participant_id: str, kind: str, **fields: object) -> None:
        """Say to the participant's old peer what the new one was told."""
        departure = meeting.departure
        if departure is not None and participant_id in departure.participants:
            await self._ask(departure.router, kind, router=meeting.public_id, peer=participant_id, **fields)

    async def everywhere(self, worker: str, kind: str, /, **fields: object) -> None:
        """Say it too to the workers that drain or did: the meeting, now on `worker`, may still be on one of them."""
        names = [name for name in self._workers.drained_within(MEMORY_SECONDS) if name != worker]
        await asyncio.gather(*(self._try(name, kind, **fields) for name in names))

    def forget(self, meeting: RoutedMeeting, name: str, start: str) -> None:
        """Nothing is left of the router of before: its worker has died, or holds the new one."""
        departure = meeting.departure
        if departure is not None and (departure.router.worker, departure.router.worker_epoch) == (name, start):
            meeting.departure = None

    async def _ask(self, router: Placement, kind: str, /, **fields: object) -> Json:
        if self._workers.starts().get(router.worker) != router.worker_epoch:
            return {}
        return await self._try(router.worker, kind, **fields)

    async def _try(self, name: str, kind: str, /, **fields: object) -> Json:
        try:
            return await self._workers.request(name, kind, **fields)
        except (MediaRefused, MediaUnavailable) as error:
            log.info("old_place_not_told", worker=name, request=kind, code=error.code)
            return {}
