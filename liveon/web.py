"""The web process: Daphne on one endpoint, and the meetings' runtime on the same event loop.

Daphne has no lifespan events and cancels nothing on SIGTERM: the runtime is started when it is ready and stopped by a
Twisted trigger before the reactor goes down.
"""

import asyncio
import os
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")

import structlog
from daphne import http_protocol
from daphne.server import Server, reactor  # installs the asyncio reactor
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet.defer import Deferred

from liveon.asgi import application  # loads the apps, which the next import needs

# isort: split
from audit.exports import sweep_scratch
from conferences import runtime
from liveon.metrics import HTTP

log = structlog.get_logger(__name__)

MAX_WEBSOCKET_BYTES = 64 * 1024  # a signalling message is at most 48 KiB; beyond this the connection is closed unread
MAX_REQUEST_BYTES = 64 * 1024
HTTP_TIMEOUT_S = 60
MAX_BODY_BYTES = 6 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # a file of users may have 5 MB
UNREAD_TIMEOUT_S = 30
# Frames of one WebSocket, pings and pieces too; five times the messages that the consumer still carries out.
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 250, 500
STOP_TIMEOUT_S = 8.0  # less than the parent waits before it kills


class AccessLog:
    """Daphne's action logger: one line per finished request or WebSocket, without the client's address, which belongs
    to the audit log. Paths are masked by `liveon.logs`.
    """

    FIELDS = ("method", "path", "status", "time_taken")

    def __call__(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        if (protocol, action) == ("http", "complete"):
            HTTP.labels(_known(str(details.get("method"))), str(details.get("status"))).inc()
        if action in ("complete", "connected", "disconnected", "rejected"):
            fields = {key: details[key] for key in self.FIELDS if key in details}
            log.info(f"{protocol}_{action}", **fields)


def _known(method: str) -> str:
    """A client may call its method as it likes."""
    return method if method in ("GET", "HEAD", "POST") else "other"


class BoundedRequest(http_protocol.WebRequest):
    """Daphne takes a body in whole, on disk and then in memory, before Django may refuse it: a long one is cut off.

    And it takes what the application answers into memory, as fast as that gives it, and ends every answer after its
    timeout as if it were whole. Here the application waits for a client that reads slowly, an answer may take as long
    as it is read, and one that is not read is broken off. As the channel's producer the request is told of both.
    """

    _paused_at: float | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    def handleContentChunk(self, data: bytes) -> None:
        if self.content.tell() + len(data) > MAX_BODY_BYTES:
            self.channel.transport.abortConnection()
        else:
            super().handleContentChunk(data)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and not self.finished and self.channel is not None:
            self.registerProducer(self, streaming=True)
        super().handle_reply(message)

    async def read_so_far(self) -> None:
        """Return when the client has taken all but the 64 KiB that may wait."""
        await self._may_go_on.wait()

    def pauseProducing(self) -> None:
        self._paused_at = time.monotonic()
        self._may_go_on.clear()

    def resumeProducing(self) -> None:
        self._paused_at = None
        self._may_go_on.set()

    stopProducing = resumeProducing

    def finish(self) -> None:
        self._leave_channel()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        self._leave_channel()
        super().connectionLost(reason)

    def _leave_channel(self) -> None:
        if self.producer is not None:
            self.unregisterProducer()
        self.resumeProducing()

    def check_timeouts(self) -> None:
        if not self._response_started:
            super().check_timeouts()
        elif self._paused_at is not None and time.monotonic() - self._paused_at > UNREAD_TIMEOUT_S:
            self.channel.transport.abortConnection()


class PatientServer(Server):
    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if isinstance(protocol, BoundedRequest):
            await protocol.read_so_far()


class BoundedWebSocket(WebSocketProtocol):
    """Daphne never waits for a client to read, and pings only who is silent: who sends but does not read is dropped.

    As the transport's streaming producer it is told when 64 KiB wait there, and when they are gone. Daphne also reads
    on whatever comes: here who sends too much is not read for a while, so that refusing costs the others little.
    """

    maxMessagePayloadSize: int
    _unread: Any = None  # Twisted's delayed call
    _resting: Any = None  # another
    _allowance = float(FRAMES_AT_ONCE)
    _counted_at = 0.0

    def onOpen(self) -> None:
        super().onOpen()
        self.unregisterProducer()  # HTTP's, from before the upgrade
        self.registerProducer(self, streaming=True)

    def onFrameBegin(self) -> None:
        super().onFrameBegin()
        now = time.monotonic()
        earned = (now - self._counted_at) * FRAMES_PER_SECOND
        self._allowance, self._counted_at = min(FRAMES_AT_ONCE, self._allowance + earned) - 1, now
        if self._allowance < 0 and self._resting is None:
            self.transport.pauseProducing()
            self._rest()

    def _rest(self) -> None:
        """What has been read already goes on coming meanwhile, at most 64 KiB."""
        owed = -self._allowance - (time.monotonic() - self._counted_at) * FRAMES_PER_SECOND
        if owed > 0:
            self._resting = reactor.callLater(owed / FRAMES_PER_SECOND, self._rest)
        else:
            self._resting = None
            self.transport.resumeProducing()

    def connectionLost(self, reason: Any) -> None:
        if self._resting is not None and self._resting.active():
            self._resting.cancel()
        super().connectionLost(reason)

    def serverClose(self, code: int | None = None) -> None:
        """Autobahn takes a client's codes only; a server also says "restart" and "try again later" (1012, 1013)."""
        self.sendCloseFrame(code or 1000)

    def sendMessage(self, *message: Any, **options: Any) -> None:
        """The limit is for what comes in: `joined` of a large room is longer."""
        limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().sendMessage(*message, **options)
        finally:
            self.maxMessagePayloadSize = limit

    def pauseProducing(self) -> None:
        if self._unread is None:
            self._unread = reactor.callLater(UNREAD_TIMEOUT_S, self.transport.abortConnection)

    def resumeProducing(self) -> None:
        if self._unread is not None and self._unread.active():
            self._unread.cancel()
        self._unread = None

    stopProducing = resumeProducing


def _run_meetings() -> None:
    """Start the runtime when the loop runs; stop it first thing on shutdown, while the sockets are still open."""
    loop = reactor._asyncioEventloop
    starting = loop.create_task(runtime.start(), name="runtime-start")

    def stop() -> Any:
        starting.cancel()
        return Deferred.fromFuture(loop.create_task(_stop_meetings()))

    reactor.addSystemEventTrigger("before", "shutdown", stop)


async def _stop_meetings() -> None:
    """A process that its parent no longer watches must end all the same."""
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await runtime.stop()
    except TimeoutError:
        log.error("runtime_did_not_stop")


def serve(description: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    sweep_scratch()
    _run_meetings()
    http_protocol.WebRequest = BoundedRequest  # what Daphne makes requests of; there is no setting
    WebSocketFactory.protocol = BoundedWebSocket
    PatientServer(
        application,
        endpoints=[description],
        action_logger=AccessLog(),
        http_timeout=HTTP_TIMEOUT_S,
        request_buffer_size=MAX_REQUEST_BYTES,
        websocket_timeout=-1,
        ping_interval=20,
        ping_timeout=30,
        websocket_max_message_size=MAX_WEBSOCKET_BYTES,
        websocket_max_frame_size=MAX_WEBSOCKET_BYTES,
        server_name="liveon",
    ).run()


if __name__ == "__main__":
    serve(sys.argv[1])
