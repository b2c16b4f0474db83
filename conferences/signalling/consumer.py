"""The WebSocket of one browser: frames in, frames out, limits. What a message does is in `actions.py`.

Receiving only checks and queues, so that a client cannot fill the memory while one of its messages waits for a worker:
what arrives faster than the limits is refused on the spot.
"""

import asyncio
from contextlib import AbstractContextManager
from typing import Any

import structlog
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from structlog.contextvars import bound_contextvars

from accounts.network import client_ip
from conferences import metrics, runtime
from conferences.errors import LoginRequired, MeetingError
from conferences.services.identity import Visitor, identify_guest, identify_user
from conferences.signalling.actions import perform
from conferences.signalling.connection import Close, Connection, Stage
from conferences.signalling.frames import BadMessage, read_frame
from conferences.signalling.hub import Hub
from conferences.signalling.limits import MOST_BAD_FRAMES, RateLimit
from conferences.signalling.messages import base, client, server

log = structlog.get_logger(__name__)

JOIN_SECONDS = 10.0


class MeetingConsumer(AsyncWebsocketConsumer):
    """`/ws/meetings/<room id>/?as=user|guest`. Refusals close after the handshake: only so a browser sees the code."""

    connection: Connection | None = None
    channel_layer_alias = ""  # none: the hub listens, for all of them

    async def dispatch(self, message: Any) -> None:
        """Channels goes to the database's thread and back before each frame, to close old connections: whoever asks the
        database does that anyway, and a frame need not wait for it.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        hub = runtime.hub()
        if hub is None:
            await self.close(1012)
            return
        try:
            visitor = await database_sync_to_async(_identify)(self.scope)
        except MeetingError as error:
            metrics.JOINS.labels(error.code).inc()
            await self.send(text_data=server.Error(code=error.code, fatal=True).frame)
            await self.close(error.close_code)
            return
        self._open(hub, Connection(visitor))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        connection = self.connection
        if connection is None or connection.stage is Stage.OVER:
            return
        now = asyncio.get_running_loop().time()
        if not self._limit.admits(now):
            self._refuse_fast(connection, now)
            return
        try:
            message = _read(text_data)
            connection.inbox.put_nowait(message)
            metrics.RECEIVED.labels(message.type).inc()
        except BadMessage as error:
            self._refuse_bad(connection, error)
        except asyncio.QueueFull:
            metrics.QUEUE_DROPS.labels("inbox").inc()
            connection.send(server.Error(code="too_fast", fatal=False, request=message.request))

    async def disconnect(self, code: int) -> None:
        if self.connection is None:
            return
        with _about(self.connection):
            log.info("socket_closed", code=code)
        self._deadline.cancel()
        self._writer.cancel()
        self._hub.closed(self.connection)

    def _open(self, hub: Hub, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self._hub, self.connection = hub, connection
        self._limit, self._bad_frames = RateLimit(loop.time()), 0
        self._writer = asyncio.create_task(self._write(connection))
        self._deadline = loop.call_later(JOIN_SECONDS, self._miss_deadline)
        hub.opened(connection)
        hub.spawn(_work(hub, connection))

    def _miss_deadline(self) -> None:
        if self.connection is not None and self.connection.stage is Stage.NEW:
            self.connection.finish(None, code=4408)

    def _refuse_fast(self, connection: Connection, now: float) -> None:
        connection.send(server.Error(code="too_fast", fatal=False))
        if self._limit.is_exhausted(now):
            self._drop(connection, 4429)

    def _refuse_bad(self, connection: Connection, error: BadMessage) -> None:
        self._bad_frames += 1
        is_last = self._bad_frames >= MOST_BAD_FRAMES
        connection.send(server.Error(code=error.code, fatal=is_last, request=error.request))
        if is_last:
            self._drop(connection, 4400)

    def _drop(self, connection: Connection, code: int) -> None:
        self._hub.closed(connection)
        connection.outbox.close(code)

    async def _write(self, connection: Connection) -> None:
        while True:
            item = await connection.outbox.take()
            if isinstance(item, Close):
                metrics.CLOSED.labels(str(item.code)).inc()
                await self.close(item.code)
                return
            await self.send(text_data=item.frame)


async def _work(hub: Hub, connection: Connection) -> None:
    """Carry out a client's messages one after the other, until the socket is gone."""
    while (message := await connection.inbox.get()) is not None:
        with _about(connection):
            outcome = await _carry_out(hub, connection, message)
        if isinstance(message, client.Join):
            _note_join(connection, outcome or connection.stage.name.lower())


def _about(connection: Connection) -> AbstractContextManager[None]:
    """Every line logged meanwhile, by whatever part, says which stay it is about."""
    ids = {"meeting": connection.meeting_id, "participant": connection.participant_id}
    return bound_contextvars(**{name: value for name, value in ids.items() if value})


def _note_join(connection: Connection, outcome: str) -> None:
    metrics.JOINS.labels(outcome).inc()
    with _about(connection):
        log.info("join", outcome=outcome)


async def _carry_out(hub: Hub, connection: Connection, message: base.ClientMessage) -> str:
    """The code of what went wrong, or nothing."""
    try:
        with metrics.CARRIED_OUT.time():
            await perform(hub, connection, message)
    except MeetingError as error:
        _refuse(connection, message, error)
        return error.code
    except Exception:
        log.exception("message_failed", type=message.type)
        _fail(hub, connection, message)
        return "internal"
    return ""


def _refuse(connection: Connection, message: base.ClientMessage, error: MeetingError) -> None:
    """A refused `join` ends the socket; anything else is only answered."""
    if isinstance(message, client.Join) and error.close_code is not None:
        refusal = server.Error(code=error.code, fatal=True, request=message.request)
        connection.finish(refusal, code=error.close_code)
        return
    connection.send(server.Error(code=error.code, fatal=False, request=message.request))


def _fail(hub: Hub, connection: Connection, message: base.ClientMessage) -> None:
    """Our own fault. A socket that is half-way in is closed: the client comes back and tries again."""
    is_join = isinstance(message, client.Join)
    connection.send(server.Error(code="internal", fatal=is_join, request=message.request))
    if is_join:
        hub.closed(connection)
        connection.outbox.close(1012)


def _read(text_data: str | None) -> base.ClientMessage:
    if text_data is None:
        raise BadMessage("bad_message")
    return read_frame(text_data)


def _identify(scope: Any) -> Visitor:
    room_id = scope["url_route"]["kwargs"]["room_id"]
    headers = dict(scope["headers"])
    who = {
        "cookies": scope["cookies"],
        "ip_address": client_ip(scope) or None,
        "user_agent": headers.get(b"user-agent", b"").decode("latin-1")[:300],
    }
    if scope["query_string"] == b"as=guest":
        return identify_guest(room_id, **who)
    if scope["query_string"] == b"as=user":
        return identify_user(room_id, session=scope["session"], **who)
    raise LoginRequired
