"""The WebSocket of a network test: a signalling of its own, with the messages that a call needs and nothing else.

Receiving only checks and queues, as in a meeting; what is asked for is done by a task, one after the other.
"""

import asyncio
import time
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from accounts.network import client_ip
from conferences import runtime
from conferences.errors import AlreadyJoined, MeetingError, NotJoined
from conferences.network_test import messages
from conferences.network_test.admission import Admission
from conferences.network_test.call import Call
from conferences.network_test.testers import Tester, guest_tester, user_tester
from conferences.signalling.connection import Close, Outbox
from conferences.signalling.facts import message_of
from conferences.signalling.frames import BadMessage, read_frame
from conferences.signalling.hub import Hub
from conferences.signalling.ice import ice_servers
from conferences.signalling.limits import RateLimit
from conferences.signalling.messages import client, server
from conferences.signalling.messages.base import ClientMessage
from conferences.signalling.roster import iso

log = structlog.get_logger(__name__)

BEGIN_SECONDS, LONGEST_SECONDS = 10.0, 120.0  # from the opening to `begin`, and from there to the end
MOST_PENDING = 20

admission = Admission()  # of this web process


class NetworkTestConsumer(AsyncWebsocketConsumer):
    """`/ws/network-test/?as=user|guest`: one test, and then it closes."""

    hub: Hub | None = None
    tester: Tester | None = None
    call: Call | None = None

    async def connect(self) -> None:
        await self.accept()
        self.hub = runtime.hub()
        if self.hub is None:
            await self.close(1012)
            return
        loop = asyncio.get_running_loop()
        self._outbox, self._inbox = Outbox(), asyncio.Queue[ClientMessage](MOST_PENDING)
        self._limit = RateLimit(loop.time())
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._work())]
        self._deadline = loop.call_later(BEGIN_SECONDS, self._outbox.close, 4408)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.hub is None:
            return
        try:
            if not self._limit.admits(asyncio.get_running_loop().time()):
                raise BadMessage("too_fast")
            self._inbox.put_nowait(read_frame(text_data or "", messages.TESTER_MESSAGES))
        except (BadMessage, asyncio.QueueFull) as error:
            self._end(getattr(error, "code", "too_fast"), close_code=4400)

    async def disconnect(self, code: int) -> None:
        if self.hub is None:
            return
        self._deadline.cancel()
        for task in self._tasks:
            task.cancel()
        if self.tester is not None:
            admission.leave(self.tester.id)
        if self.call is not None:
            self.hub.spawn(self.call.end())

    async def _work(self) -> None:
        while True:
            message = await self._inbox.get()
            try:
                await self._carry_out(message)
            except MeetingError as error:
                self._refuse(message, error)
            except Exception:
                log.exception("network_test_failed", type=message.type)
                self._end("internal", close_code=1011, request=message.request)

    async def _carry_out(self, message: ClientMessage) -> None:
        """Raises MeetingError."""
        if isinstance(message, client.Ping):
            self._outbox.put(server.Pong(sent=message.sent, server_time=iso(timezone.now()), request=message.request))
        elif isinstance(message, client.Leave):
            self._outbox.close(1000)
        elif isinstance(message, messages.Begin):
            await self._begin(message)
        elif self.call is None:
            raise NotJoined
        else:
            await self._negotiate(self.call, message)

    async def _begin(self, message: messages.Begin) -> None:
        if self.tester is not None or self.hub is None:
            raise AlreadyJoined
        tester = await database_sync_to_async(self._identify)(message.ticket or "")
        admission.enter(tester.id, tester.ip_address, time.monotonic())
        self.tester = tester
        self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(LONGEST_SECONDS, self._outbox.close, 4408)
        workers = self.hub.media.workers
        self.call = Call(workers, lambda event: self._outbox.put(message_of(event)))
        await self.call.begin()
        reachable = {tuple(each.values()): each for worker in workers.live.values() for each in worker.announce}
        addresses = tuple(messages.Address.read(each) for each in reachable.values())
        relays = ice_servers("network-test", now=timezone.now())
        self._outbox.put(messages.Begun(addresses=addresses, ice_servers=relays, request=message.request))

    async def _negotiate(self, call: Call, message: ClientMessage) -> None:
        if isinstance(message, client.Publish):
            sdp = await call.publish(transport_id=message.transport_id, sdp=message.sdp, sources=message.sources)
            self._outbox.put(server.Published(transport_id=message.transport_id, sdp=sdp, request=message.request))
        elif isinstance(message, client.Subscribe):
            await call.subscribe(transport_id=message.transport_id)
        elif isinstance(message, client.SubscribeAnswer):
            await call.answer(transport_id=message.transport_id, revision=message.revision, sdp=message.sdp)

    def _identify(self, ticket: str) -> Tester:
        ip_address = client_ip(self.scope)
        if self.scope["query_string"] == b"as=guest":
            return guest_tester(ticket, ip_address=ip_address)
        return user_tester(self.scope["session"], ip_address=ip_address)

    def _refuse(self, message: ClientMessage, error: MeetingError) -> None:
        """A test that cannot begin is over; a call that fails is a result."""
        if isinstance(message, messages.Begin):
            self._end(error.code, close_code=error.close_code or 1013, request=message.request)
        else:
            self._outbox.put(server.Error(code=error.code, fatal=False, request=message.request))

    def _end(self, code: str, *, close_code: int, request: str | None = None) -> None:
        self._outbox.put(server.Error(code=code, fatal=True, request=request))
        self._outbox.close(close_code)

    async def _write(self) -> None:
        while True:
            item: Any = await self._outbox.take()
            if isinstance(item, Close):
                await self.close(item.code)
                return
            await self.send(text_data=item.frame)
