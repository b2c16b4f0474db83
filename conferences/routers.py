"""What is asked of a meeting's router. Of a meeting that has just moved, the place of before hears it too."""

import asyncio

import structlog

from conferences.errors import MediaRefused, MediaUnavailable
from conferences.moving import Departures
from conferences.routed import worker_limits
from conferences.services.limits import RouterLimits
from conferences.services.placement import Placement
from conferences.sfu import Workers

log = structlog.get_logger(__name__)

GONE = frozenset(("unknown_peer", "unknown_router", "not_owner", "stale_epoch"))


class Routers:
    """All methods raise MediaUnavailable and, but for `create`, MediaRefused. Each may be repeated."""

    def __init__(self, workers: Workers, departures: Departures) -> None:
        self._workers, self._departures = workers, departures

    async def create(self, meeting_id: str, placement: Placement) -> None:
        """Make the router as `placement` has it."""
        worker, limits = placement.worker, worker_limits(placement.limits)
        where = {"router": meeting_id, "epoch": placement.epoch}
        try:
            await self._workers.request(worker, "create_router", **where, bars=placement.bars, limits=limits)
            await self.bar(worker, meeting_id, placement.bars)  # a router from before learns them too
            await self.freeze(worker, meeting_id, frozen=placement.frozen)
        except MediaRefused as error:
            log.warning("router_refused", meeting=meeting_id, code=error.worker_code)
            raise MediaUnavailable from error

    async def take_back(self, meeting_id: str, made: Placement, latest: Placement | None) -> None:
        """The rows are no longer as `made`. What was lifted or ended meanwhile found nothing to lift or end then.

        `latest` is None when the meeting is over, or has no worker any more: then it may go on where it was before.
        """
        if latest is None:
            await self._workers.request(made.worker, "close_router", router=meeting_id, reason="meeting_ended")
        else:
            await self.unbar(made.worker, meeting_id, sorted(set(made.bars) - set(latest.bars)))

    async def bar(self, worker: str, meeting_id: str, subjects: list[str]) -> None:
        """Drop the media of these subjects and refuse them from now on."""
        if subjects:
            await self._everywhere(worker, "bar", meeting_id, subjects=subjects)

    async def unbar(self, worker: str, meeting_id: str, subjects: list[str]) -> None:
        if subjects:
            await self._everywhere(worker, "unbar", meeting_id, subjects=subjects)

    async def freeze(self, worker: str, meeting_id: str, *, frozen: bool) -> None:
        """Stop or resume all forwarding of the meeting."""
        await self._where_it_is(worker, "freeze", meeting_id, frozen=frozen)

    async def set_limits(self, worker: str, meeting_id: str, limits: RouterLimits) -> None:
        """Hold the meeting to these limits from now on. Who is in and what is on stays."""
        await self._where_it_is(worker, "set_limits", meeting_id, limits=worker_limits(limits))

    async def close(self, worker: str, meeting_id: str, *, reason: str) -> None:
        await self._where_it_is(worker, "close_router", meeting_id, reason=reason)

    async def _where_it_is(self, worker: str, kind: str, meeting_id: str, **fields: object) -> None:
        """Ask for something that is done already where the router is gone; it is made anew as the rows say."""
        try:
            await self._everywhere(worker, kind, meeting_id, **fields)
        except MediaRefused as error:
            if error.worker_code not in GONE:
                raise

    async def _everywhere(self, worker: str, kind: str, meeting_id: str, **fields: object) -> None:
        """At once: an old place that hangs lets nobody wait."""
        await asyncio.gather(
            self._departures.everywhere(worker, kind, router=meeting_id, **fields),
            self._workers.request(worker, kind, router=meeting_id, **fields),
        )
