"""The hub: which sockets this web process has, and what their meetings look like.

The database is the truth. The hub reads the rosters of its meetings after every commit that changed one (`wake`) and
once a second, compares, and tells its clients the difference. So a fact reaches every client no matter which process
wrote it, and a removal closes the socket even if every message about it was lost.

A meeting's state belongs here and to the media worker, never to a consumer: what a consumer starts outlives it.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from dataclasses import replace as altered
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.utils import timezone

from conferences.errors import AlreadyJoined, Duplicate, MeetingError, MeetingFrozen
from conferences.media import Media
from conferences.models import ParticipantState
from conferences.services.joining import Entrance
from conferences.signalling import queries
from conferences.signalling.broadcast import Broadcast
from conferences.signalling.changes import farewell, host_changes, roster_changes
from conferences.signalling.connection import Connection, Stage
from conferences.signalling.data import ParticipantView, RoomView
from conferences.signalling.facts import message_of
from conferences.signalling.ice import ice_servers, renewed_after
from conferences.signalling.local import LocalMeeting, role_of
from conferences.signalling.messages import client, server
from conferences.signalling.roster import Roster, iso
from tenants.models import Tenant

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
WELCOME_SECONDS = 60.0
RESTART = 1012
STOP_SECONDS = 5.0
ELSEWHERE_SECONDS = 5.0  # until the loss of a socket here has surely been written


class Hub:
    """The sockets of one web process and their meetings."""

    def __init__(self, media: Media, broadcast: Broadcast) -> None:
        self.media = media
        self.broadcast = broadcast
        self.meetings: dict[str, LocalMeeting] = {}
        self._open: set[Connection] = set()  # joined or not
        self.woken = asyncio.Event()
        self._dirty: set[str] = set()
        self._looked_at_all = 0.0
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # Sockets come and go

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def sockets(self) -> list[Connection]:
        """All that are open here, joined or not."""
        return list(self._open)

    async def join(self, connection: Connection, message: client.Join) -> None:
        """A client asks to come in. Raises MeetingError; the refused socket is the caller's to close."""
        if connection.stage is not Stage.NEW:
            raise AlreadyJoined
        connection.stage = Stage.JOINING
        connection.join_request = message.request
        try:
            entrance = await database_sync_to_async(queries.enter)(connection.visitor, message, now=timezone.now())
        except Duplicate:
            connection.finish(server.Removed(reason="duplicate", request=message.request), code=4409)
            return
        local = self._register(connection, entrance)
        if connection.stage is Stage.OVER:
            self.closed(connection)
        elif entrance.participant.state == ParticipantState.WAITING:
            connection.stage = Stage.WAITING
            self.wake(local.public_id)
        else:
            await self._complete(connection, local)

    def closed(self, connection: Connection) -> None:
        """The socket is gone. Who was in may come back within 60 s, unless a `leave` was the last thing they said."""
        leaving = connection.give_up()
        self._open.discard(connection)
        local = self.meetings.get(connection.meeting_id)
        if local is None or local.connections.get(connection.participant_id) is not connection:
            return
        del local.connections[connection.participant_id]
        end = database_sync_to_async(queries.leave if leaving else queries.lose_socket)
        self.spawn(end(local.tenant, connection.participant_id, now=timezone.now()))

    def connection_of(self, participant_id: str) -> Connection | None:
        """The participant's socket, when it is here and joined."""
        found = (local.connections.get(participant_id) for local in self.meetings.values())
        return next((each for each in found if each is not None and each.stage is Stage.JOINED), None)

    def end(self, connection: Connection, reason: str) -> None:
        """The participant has left for `reason`: say so and close."""
        local = self.meetings.get(connection.meeting_id)
        if local is not None and local.connections.get(connection.participant_id) is connection:
            del local.connections[connection.participant_id]
        last, code = farewell(reason, was_waiting=connection.stage is Stage.WAITING)
        connection.finish(last, code=code)

    def close_all(self) -> None:
        """The server goes down: every client comes back to its successor."""
        for connection in list(self._open):
            connection.finish(None, code=RESTART)
            self.closed(connection)

    def _register(self, connection: Connection, entrance: Entrance) -> LocalMeeting:
        participant, tenant = entrance.participant, connection.visitor.tenant
        local = self.meetings.get(participant.meeting.public_id)
        if local is None:
            local = LocalMeeting(tenant, participant.meeting)
            self.meetings[local.public_id] = local
            self.broadcast.follow(local.public_id)
        connection.entrance = entrance
        connection.participant_id, connection.meeting_id = participant.public_id, local.public_id
        connection.subjects, connection.muted = participant.subjects, dict(participant.muted)
        connection.next_check = time.monotonic() + WELCOME_SECONDS
        older = local.connections.get(participant.public_id)
        if older is not None:  # the same stay from a newer tab
            self.end(older, "duplicate")
        local.connections[participant.public_id] = connection
        return local

    async def _complete(self, connection: Connection, local: LocalMeeting) -> None:
        """From the database's yes to `READY`: a peer on a worker and a resume token."""
        entrance = connection.entrance
        assert entrance is not None
        try:
            connection.media_goes_on = await self.media.attach(
                local.tenant,
                local.meeting,
                connection.participant_id,
                connection.subjects,
                muted=[source for source, muted in connection.muted.items() if muted],
                is_back=entrance.is_back,
                goes_on=entrance.media_goes_on,
            )
        except MeetingError as error:  # without media there is still a meeting; a bar shows in the roster
            log.info("joined_without_media", participant=connection.participant_id, code=error.code)
        self.meetings.setdefault(local.public_id, local)  # it holds a peer again, even if everybody has left meanwhile
        connection.token = entrance.token or await database_sync_to_async(queries.new_token)(local.tenant, entrance)
        if connection.stage is Stage.JOINING:
            connection.stage = Stage.READY
        self.wake(local.public_id)

    async def _complete_admitted(self, connection: Connection, local: LocalMeeting) -> None:
        """The same for somebody who waited. If it fails the client comes back: the database has let them in."""
        try:
            await self._complete(connection, local)
        except Exception:
            self.closed(connection)
            connection.outbox.close(RESTART)
            raise

    def _welcome(self, connection: Connection, local: LocalMeeting) -> None:
        """Say `joined`, with the roster as of now: from here on the client hears every change."""
        assert local.roster is not None
        participant_id, room, now = connection.participant_id, local.meeting.room, timezone.now()
        role = role_of(local.roster, participant_id)
        epoch = self.media.epoch_of(local.public_id, participant_id)
        connection.stage = Stage.JOINED
        connection.renew_ice_at = time.monotonic() + renewed_after()
        self._tell_mutes(connection, local.roster.participants[participant_id])
        connection.send(
            server.Joined(
                request=connection.join_request,
                you=participant_id,
                meeting=local.public_id,
                room=RoomView(id=room.public_id, name=room.name),
                role=role,
                epoch=epoch or local.roster.epoch,
                resume=connection.token,
                resumed=connection.media_goes_on,
                participants=tuple(local.view(each) for each in local.roster.participants),
                waiting=local.roster.waiting if role == "host" else (),
                barred=local.roster.barred if role == "host" else (),
                ice_servers=ice_servers(participant_id, now=now),
                chat=True,
                frozen=local.roster.is_frozen,
                started_at=iso(local.meeting.started_at),
                server_time=iso(now),
            )
        )
        if epoch is None:
            connection.send(server.MediaUnavailable())
            self.media.owe_rebuild(local.public_id, participant_id)
        for event in self.media.standing_events(local.public_id, participant_id):
            connection.send(message_of(event))

    # Looking at the database

    def wake(self, meeting_id: str) -> None:
        """Something about the meeting changed: look soon."""
        self._dirty.add(meeting_id)
        self.woken.set()

    async def look_around(self) -> None:
        """Look at the meetings that were woken, and once a second at all."""
        self.woken.clear()
        dirty, self._dirty = self._dirty, set()
        if time.monotonic() - self._looked_at_all >= POLL_SECONDS:
            self._looked_at_all = time.monotonic()
            dirty = set(self.meetings)
        await self.look(*dirty)

    async def look(self, *meeting_ids: str) -> None:
        """Read the rosters of these meetings, as far as they are local, and act on what is different."""
        async with self._looking:
            await self._look([self.meetings[each] for each in meeting_ids if each in self.meetings])

    async def _look(self, chosen: list[LocalMeeting]) -> None:
        by_tenant: dict[Tenant, dict[str, LocalMeeting]] = {}
        for local in chosen:
            by_tenant.setdefault(local.tenant, {})[local.public_id] = local
        for tenant, locals_ in by_tenant.items():
            known = [each for local in locals_.values() for each in self._known_in(local)]
            rosters = await database_sync_to_async(queries.rosters)(tenant, list(locals_), known)
            for meeting_id, roster in rosters.items():
                self._take(locals_[meeting_id], roster)

    def _known_in(self, local: LocalMeeting) -> Iterable[str]:
        before = local.roster.participants if local.roster is not None else {}
        return {*local.connections, *before, *self.media.peers_of(local.public_id)}

    def _take(self, local: LocalMeeting, roster: Roster) -> None:
        before, local.roster = local.roster, roster
        old_hosts = [each for each in local.joined() if role_of(before, each.participant_id) == "host"]
        for message in roster_changes(before, roster, local.view) if before is not None else ():
            local.tell(message)
        for host in local.hosts():
            for message in host_changes(before if host in old_hosts else None, roster):
                host.send(message)
        for connection in list(local.connections.values()):
            self._check(connection, local, roster)
        for participant_id in self.media.peers_of(local.public_id):
            self._check_peer(local, participant_id, roster)
        if not local.connections and not self.media.peers_of(local.public_id):
            self.meetings.pop(local.public_id, None)
            self.broadcast.unfollow(local.public_id)

    def _check_peer(self, local: LocalMeeting, participant_id: str, roster: Roster) -> None:
        """Close the peer of somebody who has left; let go of one whose participant came back at another process."""
        if participant_id in roster.left:
            reason = roster.left[participant_id] or "left"
            self.spawn(self.media.detach(local.public_id, participant_id, reason=reason))
            return
        view = roster.participants.get(participant_id)
        if view is not None and not view.connected and participant_id not in local.connections:
            self._silence(local, view)
        is_elsewhere = view is not None and view.connected and participant_id not in local.connections
        if not is_elsewhere:
            local.elsewhere_since.pop(participant_id, None)
        elif time.monotonic() - local.elsewhere_since.setdefault(participant_id, time.monotonic()) > ELSEWHERE_SECONDS:
            del local.elsewhere_since[participant_id]
            self.media.let_go(local.public_id, participant_id)

    def _silence(self, local: LocalMeeting, view: ParticipantView) -> None:
        """The socket is lost and the media flow on: what a host switches off meanwhile, only the worker can stop.

        Nothing is switched on here: the row of somebody who has just muted themselves may not be written yet.
        """
        to_mute = [each for each in self.media.passed_on(local.public_id, view.id) if view.muted.get(each)]
        if to_mute:
            self.spawn(self.media.silence(local.public_id, view.id, to_mute))

    def _check(self, connection: Connection, local: LocalMeeting, roster: Roster) -> None:
        """Bring one socket to what the roster says of its participant."""
        participant_id = connection.participant_id
        if participant_id in roster.participants:
            if connection.stage is Stage.WAITING:
                connection.stage = Stage.JOINING
                connection.muted = dict(roster.participants[participant_id].muted)  # a camera too many was let in off
                self.spawn(self._complete_admitted(connection, local))
            elif connection.stage is Stage.READY:
                self._welcome(connection, local)
            elif connection.stage is Stage.JOINED:
                self._check_joined(connection, roster.participants[participant_id])
        elif participant_id in roster.left:
            self.end(connection, roster.left[participant_id])
        elif connection.stage is Stage.WAITING:
            self._tell_why_waiting(connection, "lobby" if roster.host_is_in else "no_host")

    def _check_joined(self, connection: Connection, view: ParticipantView) -> None:
        if not view.connected:  # the loss of an older socket was noted after this one had joined
            regain = database_sync_to_async(queries.regain_socket)
            self.spawn(regain(connection.visitor.tenant, connection.participant_id))
        if not connection.writes_under_way:
            self._follow_mutes(connection, view)

    def _tell_mutes(self, connection: Connection, view: ParticipantView) -> None:
        """Before `joined`: a client that finds itself muted there, and is not, puts that right.

        Told is what a host did while there was no socket, and since the peer was made.
        """
        assert connection.entrance is not None
        for source in connection.entrance.participant.muted_by_host:
            self._tell_muted(connection, source)
        self._follow_mutes(connection, view)

    def _follow_mutes(self, connection: Connection, view: ParticipantView) -> None:
        """What the rows mute and the client has on is a host's doing."""
        for source, muted in view.muted.items():
            if muted and not connection.muted.get(source, True):
                self._tell_muted(connection, source)
                self.spawn(self.mute_media(connection, source, muted=True))
        connection.muted = dict(view.muted)

    def _tell_muted(self, connection: Connection, source: str) -> None:
        if source != "screen_audio":  # it goes with the screen
            connection.send(server.MutedByHost(source=source))

    def _tell_why_waiting(self, connection: Connection, reason: str) -> None:
        if connection.waiting_reason != reason:
            is_first = not connection.waiting_reason
            connection.waiting_reason = reason
            connection.send(server.Waiting(reason=reason, request=connection.join_request if is_first else None))

    def say(self, speaker: Connection, said: server.ChatMessage, *, request: str | None) -> None:
        """A chat message to everybody: here at once, elsewhere over the channel layer; kept nowhere.

        Raises MeetingFrozen.
        """
        local = self.meetings[speaker.meeting_id]
        if local.roster is not None and local.roster.is_frozen:
            raise MeetingFrozen
        for connection in local.joined():
            connection.send(altered(said, request=request) if connection is speaker else said)
        self.broadcast.relay(local.public_id, {"chat_message": said.plain()})

    def note_quality(self, meeting_id: str, participant_id: str, level: str) -> None:
        """A worker judged a participant's network: everybody's mark changes."""
        self._mark(meeting_id, participant_id, level)
        self.broadcast.relay(meeting_id, {"quality": [participant_id, level]})

    def take_relayed(self, meeting_id: str, content: dict[str, Any]) -> None:
        """What another web process said of a meeting."""
        local = self.meetings.get(meeting_id)
        if local is not None and "chat_message" in content:
            local.tell(server.ChatMessage.read(content["chat_message"]))
        elif "quality" in content:
            self._mark(meeting_id, *content["quality"])

    def _mark(self, meeting_id: str, participant_id: str, level: str) -> None:
        local = self.meetings.get(meeting_id)
        if local is None or local.roster is None or participant_id not in local.roster.participants:
            return
        if local.quality.get(participant_id, "good") == level:
            return  # so it is for every peer that is made anew
        local.quality[participant_id] = level
        local.tell(server.ParticipantUpdated(participant=local.view(participant_id)))

    async def mute_media(self, connection: Connection, source: str, *, muted: bool) -> None:
        """Tell the worker to stop or resume forwarding; one that has no such publication has nothing to stop."""
        where = (connection.meeting_id, connection.participant_id)
        try:
            await self.media.negotiate(*where, "set_muted", source=source, muted=muted)
        except MeetingError as error:
            log.debug("mute_not_forwarded", participant=connection.participant_id, code=error.code)

    def spawn(self, action: Coroutine[Any, Any, None]) -> None:
        """Run something that outlives whoever asked for it."""
        task = asyncio.create_task(_logged(action))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish_tasks(self) -> None:
        """Let what is under way come to its end; what takes longer than 5 s is dropped."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()


async def _logged(action: Coroutine[Any, Any, None]) -> None:
    try:
        await action
    except Exception:
        log.exception("hub_task_failed")
