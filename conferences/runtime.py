"""The meetings' part of a web process: started once on its event loop, stopped before the sockets close.

Each duty is a loop of its own that survives its errors: a database that is away for a moment costs a round, not the
server.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from conferences import metrics, wake
from conferences.errors import MeetingError
from conferences.media import Media
from conferences.routed import Json, MediaEvents
from conferences.services.placement import note_workers
from conferences.services.presence import end_lost_presences, orphan_presences
from conferences.sfu import Workers
from conferences.signalling import queries
from conferences.signalling.broadcast import Broadcast
from conferences.signalling.facts import message_of, speakers_of
from conferences.signalling.hub import WELCOME_SECONDS, Hub
from conferences.signalling.ice import ice_servers, renewed_after
from conferences.signalling.messages import server
from conferences.signalling.orders import carry_out_orders
from tenants.models import Tenant

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 1.0
LOOK_SECONDS = 1.0
LONGEST_REST_SECONDS = 0.2
SCAN_SECONDS = 0.3
RESTORE_SECONDS = 0.5
TALLY_SECONDS = 0.5
PULSE_SECONDS = 2.0
CLOCK_SECONDS = 1.0
SWEEP_SECONDS = 5.0
SEEN_SECONDS = 20.0

_running: "Runtime | None" = None


async def start() -> None:
    """Begin to hold meetings. Waits for the database; again is nothing."""
    global _running
    if _running is not None:
        return
    runtime = Runtime()
    while not await _is_ready():  # noqa: ASYNC110 (nobody tells when a database is back)
        await asyncio.sleep(1)
    runtime.run()
    await runtime.media.workers.settle(seconds=SETTLE_SECONDS)
    _running = runtime


async def stop() -> None:
    """Close the sockets so that the clients come back to the successor, and write what is still in memory."""
    global _running
    if _running is not None:
        runtime, _running = _running, None
        await runtime.stop()


def hub() -> Hub | None:
    """The hub of this process, or None before the start and after the stop."""
    return _running.hub if _running is not None else None


def workers() -> Workers | None:
    """The links of this process to the media workers, as long as there is a hub."""
    return _running.media.workers if _running is not None else None


class Runtime:
    """The hub, the media side, and the loops that keep them true."""

    def __init__(self) -> None:
        self.media = Media(
            settings.SFU_DIR,
            MediaEvents(
                tell=self._tell,
                speakers=self._speakers,
                quality=self._quality,
                rebuild=self._rebuild,
                unavailable=self._unavailable,
                failed=lambda tenant, participant_id: self.hub.spawn(_fail(tenant, participant_id)),
            ),
        )
        self.broadcast = Broadcast(
            on_changed=self._wake, on_relayed=lambda meeting_id, content: self.hub.take_relayed(meeting_id, content)
        )
        self.hub = Hub(self.media, self.broadcast)
        self._ordered = asyncio.Event()
        self._judged: dict[Tenant, int] = {}  # the minute in which the restrictions were last looked at
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []

    def run(self) -> None:
        wake.add_listener(self._committed)
        self._tasks = [
            asyncio.create_task(self.broadcast.listen(), name="broadcast"),
            asyncio.create_task(metrics.watch_loop(), name="loop-lag"),
            self._every(SCAN_SECONDS, self._scan),
            self._every(RESTORE_SECONDS, self.media.restore, sooner=self.media.stirred),
            self._every(LOOK_SECONDS, self._look_around, sooner=self.hub.woken),
            self._every(LOOK_SECONDS, self._carry_out_orders, sooner=self._ordered),
            self._every(PULSE_SECONDS, self._pulse),
            self._every(PULSE_SECONDS, self._check_welcome),
            self._every(PULSE_SECONDS, self._renew_ice_servers),
            self._every(CLOCK_SECONDS, self._follow_the_clock),
            self._every(SWEEP_SECONDS, self._sweep),
            self._every(SEEN_SECONDS, self._note_seen),
            self._every(TALLY_SECONDS, self._flush),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.hub.close_all()
        await self.hub.finish_tasks()
        await self.media.tally.flush(now=timezone.now(), everything=True)
        await self.media.workers.stop()
        wake.remove_listener(self._committed)

    def _every(
        self, seconds: float, step: Callable[[], Awaitable[None]], *, sooner: asyncio.Event | None = None
    ) -> asyncio.Task[None]:
        return asyncio.create_task(_repeat(seconds, step, sooner or asyncio.Event()), name=step.__name__)

    def _committed(self, meeting_id: str) -> None:
        """Called on whichever thread committed."""
        self._loop.call_soon_threadsafe(self._wake_everybody, meeting_id)

    def _wake_everybody(self, meeting_id: str) -> None:
        self._wake(meeting_id)
        self.broadcast.tell_changed(meeting_id)

    def _wake(self, meeting_id: str) -> None:
        self.hub.wake(meeting_id)
        self._ordered.set()

    async def _look_around(self) -> None:
        """Look, and rest for twice as long as that took: a crowd that comes in, each of whom changes a large roster, is
        seen in a few looks instead of in one each.
        """
        began = time.monotonic()
        await self.hub.look_around()
        await asyncio.sleep(min(LONGEST_REST_SECONDS, 2 * (time.monotonic() - began)))

    async def _carry_out_orders(self) -> None:
        self._ordered.clear()
        await carry_out_orders(self.media)

    async def _scan(self) -> None:
        self.media.workers.scan()

    async def _pulse(self) -> None:
        """Write the workers' heartbeats; tell those to drain that an operator has ordered to."""
        reports = self.media.workers.reports()
        if not reports:
            return
        for order in await database_sync_to_async(note_workers)(reports, now=timezone.now()):
            await self.media.workers.request(order.worker, "drain" if order.drain else "undrain")

    async def _check_welcome(self) -> None:
        now = time.monotonic()
        for local in list(self.hub.meetings.values()):
            for connection in list(local.connections.values()):
                if connection.next_check <= now:
                    connection.next_check = now + WELCOME_SECONDS
                    check = database_sync_to_async(queries.check_welcome)
                    await check(connection.visitor, connection.participant_id)

    async def _renew_ice_servers(self) -> None:
        """A meeting may outlast its credentials for TURN."""
        now = time.monotonic()
        due = [each for local in self.hub.meetings.values() for each in local.joined() if each.renew_ice_at <= now]
        for connection in due if settings.TURN_URLS else ():
            connection.renew_ice_at = now + renewed_after()
            servers = ice_servers(connection.participant_id, now=timezone.now())
            connection.send(server.IceServers(ice_servers=servers))

    async def _follow_the_clock(self) -> None:
        """Restrictions begin and end with a full minute: look at the rules once in each."""
        now = timezone.now()
        minute = int(now.timestamp() // 60)
        judged, self._judged = self._judged, {}
        for tenant in {local.tenant for local in self.hub.meetings.values()}:
            if judged.get(tenant) != minute:
                await database_sync_to_async(queries.enforce_by_the_clock)(tenant, now=now)
            self._judged[tenant] = minute

    async def _sweep(self) -> None:
        await database_sync_to_async(end_lost_presences)(now=timezone.now())

    async def _note_seen(self) -> None:
        seen = database_sync_to_async(queries.see)
        for local in list(self.hub.meetings.values()):
            if local.connections:
                await seen(local.tenant, list(local.connections), now=timezone.now())

    async def _flush(self) -> None:
        await self.media.tally.flush(now=timezone.now())
        await self.media.rates.publish()

    # What the media side tells

    def _tell(self, participant_id: str, event: Json) -> None:
        connection = self.hub.connection_of(participant_id)
        if event["type"] == "delivery" and (connection is None or not connection.watches_delivery):
            self.hub.spawn(self._end_watch(event["router"], participant_id))
        elif connection is not None:
            connection.send(message_of(event))

    async def _end_watch(self, meeting_id: str, participant_id: str) -> None:
        """The socket that asked for `delivery` is gone, and nobody has asked again."""
        connection = self.hub.connection_of(participant_id)
        if connection is None or not connection.watches_delivery:
            with suppress(MeetingError):  # the peer is gone too
                await self.media.negotiate(meeting_id, participant_id, "watch_delivery", on=False)

    def _speakers(self, meeting_id: str, event: Json) -> None:
        local = self.hub.meetings.get(meeting_id)
        if local is not None:
            local.tell(speakers_of(event))

    def _quality(self, meeting_id: str, participant_id: str, level: str) -> None:
        self.media.rates.judge(participant_id, level)
        self.hub.note_quality(meeting_id, participant_id, level)

    def _rebuild(self, participant_ids: list[str], epoch: int, keep: bool) -> None:  # noqa: FBT001 (a callback)
        metrics.REBUILDS.inc(len(participant_ids))
        for connection in filter(None, map(self.hub.connection_of, participant_ids)):
            connection.send(server.Rebuild(epoch=epoch, keep=keep))

    def _unavailable(self, participant_ids: list[str]) -> None:
        for connection in filter(None, map(self.hub.connection_of, participant_ids)):
            connection.send(server.MediaUnavailable())


async def _is_ready() -> bool:
    """Whether the database answers. A single web process that starts knows that no socket has survived."""
    if settings.REDIS_URL:
        return True
    try:
        await database_sync_to_async(orphan_presences)(now=timezone.now())
    except Exception:
        log.warning("database_not_ready", exc_info=True)
        return False
    return True


async def _repeat(seconds: float, step: Callable[[], Awaitable[None]], sooner: asyncio.Event) -> None:
    while True:
        try:
            await step()
        except Exception:
            log.exception("duty_failed", duty=step.__name__)
        try:
            async with asyncio.timeout(seconds):
                await sooner.wait()
        except TimeoutError:
            continue


async def _fail(tenant: Tenant, participant_id: str) -> None:
    await database_sync_to_async(queries.fail_media)(tenant, participant_id)
