"""The media side of the meetings that this web process holds.

Each participant with an open socket here is *wanted*: a `Peer` on the router that its meeting is placed on. `attach`
makes it so for one participant; `restore`, several times a second, for everybody whose worker died, restarted or
drains. What counts is in the database (`services/placement.py`) and in the worker; what is here can be made again from
both.
"""

import asyncio
import time
from collections.abc import Collection
from pathlib import Path

import structlog

from conferences.errors import Barred, MediaRefused, MediaUnavailable, MeetingError
from conferences.models import Meeting
from conferences.moving import Departures
from conferences.placing import placement_of, required
from conferences.rates import Rates
from conferences.routed import Json, MediaEvents, Peer, RoutedMeeting
from conferences.routers import GONE, Routers
from conferences.services.placement import Placement
from conferences.sfu import Worker, Workers
from conferences.signalling.data import SOURCES
from conferences.silence import mute_absent, tell_muted
from conferences.tally import Tally
from tenants.models import Tenant

log = structlog.get_logger(__name__)

MOST_REBUILDS = 3  # of one peer whose media timed out


class Media:
    def __init__(self, directory: Path, events: MediaEvents) -> None:
        self.workers = Workers(directory, on_event=self._take, on_up=self._link_again, on_dead=self._worker_died)
        self.tally = Tally()
        self.rates = Rates()
        self.departures = Departures(self.workers, self.tally)
        self.routers = Routers(self.workers, self.departures)
        self.stirred = asyncio.Event()
        self._events = events
        self._meetings: dict[str, RoutedMeeting] = {}

    def epoch_of(self, meeting_id: str, participant_id: str) -> int | None:
        """The epoch that the participant has a peer in, or None while there is none."""
        peer = self._peer(meeting_id, participant_id)
        return peer.epoch if peer is not None and peer.is_placed else None

    def peers_of(self, meeting_id: str) -> list[str]:
        """The participants of the meeting with a peer that this process owns or wants."""
        meeting = self._meetings.get(meeting_id)
        return list(meeting.peers) if meeting is not None else []

    def passed_on(self, meeting_id: str, participant_id: str) -> list[str]:
        """The sources that the participant's peer here, if it has one, does not mute."""
        peer = self._peer(meeting_id, participant_id)
        return sorted(set(SOURCES) - peer.muted) if peer is not None else []

    async def silence(self, meeting_id: str, participant_id: str, sources: list[str]) -> None:
        """Mute somebody whose socket is lost; see `silence.mute_absent`."""
        meeting, peer = self._meetings.get(meeting_id), self._peer(meeting_id, participant_id)
        if meeting is not None and peer is not None:
            await mute_absent(self.workers, self.departures, meeting, peer, sources)

    async def attach(
        self,
        tenant: Tenant,
        meeting: Meeting,
        participant_id: str,
        subjects: list[str],
        *,
        muted: Collection[str],
        is_back: bool,
        goes_on: bool,
    ) -> bool:
        """Give a participant a peer. Returns whether the one from before goes on, which takes `goes_on`.

        `is_back`: the participant may have a peer on the worker from before. Raises MediaUnavailable when there is no
        worker; the participant stays wanted and `restore` tells when there is one. Raises Barred. `muted` sources are
        not forwarded until they are switched on.
        """
        routed = self._meetings.setdefault(meeting.public_id, RoutedMeeting(tenant, meeting.pk, meeting.public_id))
        peer = routed.peers.setdefault(participant_id, Peer(participant_id, subjects))
        peer.muted, peer.awaits_rebuild = set(muted), False  # `joined` says whether to build
        async with routed.lock:
            try:
                await self._route(routed)
                if is_back:
                    self._forget_quality(routed, peer)
                if is_back and await self._take_over(routed, peer):
                    if goes_on:
                        return True
                    await self._close_peer(routed, peer, reason="left")
                await self._create(routed, peer)
            except MediaUnavailable:
                self.stirred.set()
                raise
        return False

    def owe_rebuild(self, meeting_id: str, participant_id: str) -> None:
        """The client was told that there is no media."""
        peer = self._peer(meeting_id, participant_id)
        if peer is not None:
            peer.awaits_rebuild = True

    def standing_events(self, meeting_id: str, participant_id: str) -> list[Json]:
        """What the client may have missed while its socket was lost: what holds, and the offer it has not answered."""
        peer = self._peer(meeting_id, participant_id)
        return [*peer.standing.values(), *peer.offers.values()] if peer is not None else []

    async def negotiate(self, meeting_id: str, participant_id: str, kind: str, /, **fields: object) -> Json:
        """Make a request of the participant's own peer. Raises MediaUnavailable, MediaRefused."""
        meeting, peer = self._meetings.get(meeting_id), self._peer(meeting_id, participant_id)
        if meeting is None or peer is None:
            raise MediaUnavailable
        if kind == "set_muted":
            return await self._mute(meeting, peer, **fields)
        try:
            answer = await self._ask(meeting, peer, kind, **fields)
        except MediaUnavailable:
            peer.awaits_rebuild |= kind in ("publish", "subscribe")  # the client does not ask again
            raise
        if kind == "subscribe_answer":
            offer = peer.offers.get(str(fields["transport_id"]))
            if offer is not None and offer["revision"] == fields["revision"]:
                del peer.offers[str(fields["transport_id"])]
        return answer

    async def _mute(self, meeting: RoutedMeeting, peer: Peer, **fields: object) -> Json:
        """The old place hears it even while there is no peer at the new one, which will be told by `tell_muted`."""
        peer.note_muted(str(fields["source"]), muted=bool(fields["muted"]))
        try:
            return await self._ask(meeting, peer, "set_muted", **fields)
        finally:
            await self.departures.tell(meeting, peer.participant_id, "set_muted", **fields)

    async def _ask(self, meeting: RoutedMeeting, peer: Peer, kind: str, /, **fields: object) -> Json:
        if meeting.router is None or not peer.is_placed:
            raise MediaUnavailable
        where = {"router": meeting.public_id, "peer": peer.participant_id}
        try:
            return await self.workers.request(meeting.router.worker, kind, **where, **fields)
        except MediaRefused as error:
            if error.worker_code in GONE:
                peer.is_placed = False
                self.stirred.set()
                raise MediaUnavailable from error
            raise

    async def detach(self, meeting_id: str, participant_id: str, *, reason: str) -> None:
        """The participant has left: close the peer and count what it used."""
        meeting = self._meetings.get(meeting_id)
        peer = meeting.peers.pop(participant_id, None) if meeting is not None else None
        if meeting is None or peer is None:
            return
        self.rates.forget(participant_id)
        async with meeting.lock:
            await self.departures.close_peer(meeting, participant_id, reason=reason)
            await self._close_peer(meeting, peer, reason=reason)
        self._forget_empty(meeting)

    def let_go(self, meeting_id: str, participant_id: str) -> None:
        """Another web process has taken the peer over: forget it, and leave the worker alone."""
        meeting = self._meetings.get(meeting_id)
        if meeting is not None:
            meeting.peers.pop(participant_id, None)
            self._forget_empty(meeting)

    async def restore(self) -> None:
        """Place again what is wanted and not placed, and move what is on a draining worker."""
        self.stirred.clear()
        homeless = [meeting for meeting in self._meetings.values() if self._needs_placing(meeting)]
        departing = [meeting for meeting in self._meetings.values() if self.departures.is_due(meeting)]
        await asyncio.gather(*map(self._restore, homeless), *map(self._depart, departing))

    async def _depart(self, meeting: RoutedMeeting) -> None:
        async with meeting.lock:
            await self.departures.finish(meeting)
        self._forget_empty(meeting)

    def _needs_placing(self, meeting: RoutedMeeting) -> bool:
        if not meeting.peers:
            return False
        if any(not peer.is_placed for peer in meeting.peers.values()):
            return True
        draining = self.workers.draining()
        could_move = len(draining) < len(self.workers.live)
        return meeting.router is not None and meeting.router.worker in draining and could_move

    async def _restore(self, meeting: RoutedMeeting) -> None:
        rebuilt: list[str] = []
        async with meeting.lock:
            try:
                await self._route(meeting)
                for peer in [each for each in list(meeting.peers.values()) if not each.is_placed]:
                    if not await self._place_again(meeting, peer):
                        rebuilt.append(peer.participant_id)
                meeting.told_unavailable = False
            except MediaUnavailable:
                is_certain = not self.workers.live and not self.workers.in_doubt()
                if is_certain and meeting.goes_without():
                    self._events.unavailable(list(meeting.peers))
            except MeetingError as error:
                log.warning("media_not_restored", meeting=meeting.public_id, code=error.code)
        if rebuilt and meeting.router is not None:
            self._events.rebuild(rebuilt, meeting.router.epoch, meeting.departure is not None)

    async def _place_again(self, meeting: RoutedMeeting, peer: Peer) -> bool:
        """Take the peer over or make it. Returns whether the client may go on as if nothing had been."""
        self._forget_quality(meeting, peer)
        try:
            goes_on = await self._take_over(meeting, peer)
            if not goes_on:
                await self._create(meeting, peer)
        except Barred:
            del meeting.peers[peer.participant_id]  # the rows say so too: the socket ends with them
            return True
        awaited, peer.awaits_rebuild = peer.awaits_rebuild, False
        return goes_on and not awaited

    async def _route(self, meeting: RoutedMeeting) -> None:
        """See to it that the meeting's router exists on a live worker, with its bars. Raises MediaUnavailable."""
        before, draining = meeting.router, self.workers.draining()
        if before is not None and self._is_there(before) and before.worker not in draining:
            return
        placement = required(await placement_of(meeting, self.workers.reports()))
        if before is not None and placement.epoch == before.epoch and self._is_there(before):
            return
        placement = await self._make_router(meeting, placement)
        self.departures.forget(meeting, placement.worker, placement.worker_epoch)  # it may have come back
        if before is not None and self._is_there(before):
            await self.departures.begin(meeting, before)
        for peer in meeting.peers.values():
            peer.is_placed = False
        meeting.router = placement

    async def _make_router(self, meeting: RoutedMeeting, placement: Placement) -> Placement:
        """Make the router as the rows have it: what changed while there was none could not be told to it."""
        while True:
            await self.routers.create(meeting.public_id, placement)
            latest = await placement_of(meeting, self.workers.reports())
            if latest == placement:
                return placement
            await self.routers.take_back(meeting.public_id, placement, latest)
            placement = required(latest)

    def _is_there(self, router: Placement) -> bool:
        return self.workers.starts().get(router.worker) == router.worker_epoch

    async def _take_over(self, meeting: RoutedMeeting, peer: Peer) -> bool:
        """Whether the worker still has the peer in the present epoch; it is ours then."""
        assert meeting.router is not None
        if peer.epoch not in (0, meeting.router.epoch):
            return False
        try:
            answer = await self.workers.request(
                meeting.router.worker, "take_over", router=meeting.public_id, peer=peer.participant_id
            )
            peer.is_placed, peer.epoch = True, meeting.router.epoch
            await tell_muted(self.workers, meeting.public_id, meeting.router, peer)
        except MediaRefused:
            peer.is_placed = False
            return False
        except MediaUnavailable:
            peer.is_placed = False
            raise
        self._count(meeting, peer.participant_id, answer.get("statistics", {}))
        return True

    async def _create(self, meeting: RoutedMeeting, peer: Peer) -> None:
        """Make the peer. Raises MediaUnavailable, Barred."""
        assert meeting.router is not None
        router = meeting.router
        where = {"router": meeting.public_id, "epoch": router.epoch, "peer": peer.participant_id}
        try:
            await self.workers.request(router.worker, "create_peer", **where, subjects=peer.subjects)
            await tell_muted(self.workers, meeting.public_id, router, peer, known=set())
        except MediaRefused as error:
            if error.worker_code == "barred":
                raise Barred from error
            log.warning("peer_refused", meeting=meeting.public_id, code=error.worker_code)
            meeting.router = None
            raise MediaUnavailable from error
        peer.is_placed, peer.epoch = True, router.epoch
        peer.offers.clear()
        peer.standing.clear()

    def _forget_quality(self, meeting: RoutedMeeting, peer: Peer) -> None:
        """Before a peer is made or taken over: its worker tells from then on what is not good."""
        self._events.quality(meeting.public_id, peer.participant_id, "good")

    async def _close_peer(self, meeting: RoutedMeeting, peer: Peer, *, reason: str) -> None:
        """Close a peer that is there and count what it used; the others' final counters came with `peer_closed`."""
        if meeting.router is None or not peer.is_placed:
            return
        peer.is_placed = False
        where = {"router": meeting.public_id, "peer": peer.participant_id}
        try:
            answer = await self.workers.request(meeting.router.worker, "close_peer", **where, reason=reason)
        except (MediaRefused, MediaUnavailable) as error:
            log.info("peer_not_closed", participant=peer.participant_id, code=error.code)
            return
        self._count(meeting, peer.participant_id, answer.get("statistics", {}), final=True)

    def _forget_empty(self, meeting: RoutedMeeting) -> None:
        """A meeting without peers of ours that is still leaving a worker is kept until it has left it."""
        is_over = not meeting.peers and meeting.departure is None
        if is_over and self._meetings.get(meeting.public_id) is meeting:
            del self._meetings[meeting.public_id]

    def _count(self, meeting: RoutedMeeting, participant_id: str, counts: Json, *, final: bool = False) -> None:
        if meeting.router is not None:
            self.tally.take(meeting.tenant, meeting.router, participant_id, counts, final=final)

    def _peer(self, meeting_id: str, participant_id: str) -> Peer | None:
        meeting = self._meetings.get(meeting_id)
        return meeting.peers.get(participant_id) if meeting is not None else None

    # What the workers tell

    def _link_again(self, worker: Worker) -> None:
        """The link is new: peers of before must be taken over, within the worker's grace time."""
        for meeting in self._meetings.values():
            if meeting.router is not None and meeting.router.worker == worker.name:
                for peer in meeting.peers.values():
                    peer.is_placed = False
        self.stirred.set()

    def _worker_died(self, name: str, start: str) -> None:
        for meeting in list(self._meetings.values()):
            self.departures.forget(meeting, name, start)
            self._forget_empty(meeting)
            if meeting.router is not None and (meeting.router.worker, meeting.router.worker_epoch) == (name, start):
                for peer in meeting.peers.values():
                    peer.is_placed = False
        self.stirred.set()

    def _take(self, worker: Worker, event: Json) -> None:
        meeting = self._meetings.get(str(event.get("router")))
        if meeting is None or meeting.router is None or meeting.router.worker != worker.name:
            return
        take = {
            "subscribe_offer": self._take_offer,
            "transport_state": self._take_transport_state,
            "speakers": lambda meeting, event: self._events.speakers(meeting.public_id, event),
            "paused": self._take_standing,
            "codec_required": self._take_standing,
            "layers_wanted": self._take_standing,
            "policed": self._take_standing,
            "delivery": lambda _, event: self._events.tell(event["peer"], event),
            "quality": lambda meeting, event: self._events.quality(meeting.public_id, event["peer"], event["level"]),
            "statistics": self._take_statistics,
            "peer_closed": self._take_closed_peer,
        }.get(str(event["type"]))
        if take is not None:
            take(meeting, event)

    def _take_offer(self, meeting: RoutedMeeting, event: Json) -> None:
        peer = meeting.peers.get(event["peer"])
        if peer is not None:
            peer.offers = {event["transport_id"]: event}  # a new transport replaces the old one
            self._events.tell(peer.participant_id, event)

    def _take_transport_state(self, meeting: RoutedMeeting, event: Json) -> None:
        """A browser whose answer was refused or lost sees nobody, and takes its connection for a good one."""
        peer = meeting.peers.get(event["peer"])
        is_unanswered = peer is not None and event["transport_id"] in peer.offers
        if event["state"] == "failed" and is_unanswered and meeting.router is not None:
            self._events.rebuild([event["peer"]], meeting.router.epoch, meeting.departure is not None)

    def _take_standing(self, meeting: RoutedMeeting, event: Json) -> None:
        peer = meeting.peers.get(event["peer"])
        if peer is not None:
            self._events.tell(peer.participant_id, event)
            peer.standing[event["type"], event.get("source", "")] = event  # until the next of its kind

    def _take_statistics(self, meeting: RoutedMeeting, event: Json) -> None:
        for participant_id, counts in event["peers"].items():
            self._count(meeting, participant_id, counts)
            self.rates.take(participant_id, counts, at=time.monotonic())

    def _take_closed_peer(self, meeting: RoutedMeeting, event: Json) -> None:
        self._count(meeting, event["peer"], event.get("statistics", {}), final=True)
        peer = meeting.peers.get(event["peer"])
        if peer is None:
            return
        peer.is_placed = False
        if event["reason"] == "barred":
            del meeting.peers[peer.participant_id]  # the rows say so too: the socket ends with them
            self._forget_empty(meeting)
        elif event["reason"] == "protocol_violation" or peer.rebuilds >= MOST_REBUILDS:
            self._events.failed(meeting.tenant, peer.participant_id)
        else:
            peer.rebuilds += event["reason"] == "media_timeout"
            self.stirred.set()
