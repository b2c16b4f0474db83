"""The web process's end of the control link.

    link = WorkerLink(path, link_id, on_event)
    hello = await link.connect()
    answer = await link.request("create_peer", router=…, epoch=1, peer=…, subjects=[…])
    await link.closed

`on_event(event)` is called on the event loop, in the order of arrival, and must not block.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from media_sfu.control.messages import (
    MAX_FRAME,
    PROTOCOL,
    REQUEST_DEADLINE_SECONDS,
    BadFrame,
    Json,
    encode,
    parse_answer,
)

SILENCE_SECONDS = 10.0  # a worker sends a heartbeat each second; one that hangs is as good as dead

log = logging.getLogger(__name__)


class LinkLost(Exception):
    """The link could not be opened, or it closed before the answer came."""


class WorkerError(Exception):
    """The worker refused a request; `code` is the protocol's, or `timeout` when no answer came within the deadline."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WorkerLink:
    """One connection to one worker; a worker that is silent for 10 s has lost it.

    It does not reconnect: make a new link when `closed` is done.
    """

    def __init__(self, socket_path: str, link_id: str, on_event: Callable[[Json], None]) -> None:
        self.socket_path = socket_path
        self.link_id = link_id
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self) -> Json:
        """Open the link and say hello. Returns the worker's `hello` answer. Raises LinkLost or WorkerError."""
        try:
            async with asyncio.timeout(REQUEST_DEADLINE_SECONDS):
                self._connection = await unix_connect(
                    self.socket_path, "ws://worker/", compression=None, max_size=MAX_FRAME, ping_interval=None
                )
        except (OSError, TimeoutError, WebSocketException) as error:
            self._finish()
            raise LinkLost(str(error)) from error
        self._reader = asyncio.create_task(self._read(self._connection))
        return await self.request("hello", protocol=PROTOCOL, link=self.link_id)

    async def request(self, kind: str, /, **fields: object) -> Json:
        """Send a request and return its answer without `id` and `ok`.

        Raises WorkerError when the worker refuses or is silent for 5 s, LinkLost when the link is or gets closed.
        """
        if self._connection is None or self.closed.done():
            raise LinkLost(self.socket_path)
        request_id = next(self._ids)
        answered: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        answered.add_done_callback(lambda future: future.cancelled() or future.exception())  # retrieved in any case
        self._waiting[request_id] = answered
        try:
            async with asyncio.timeout(REQUEST_DEADLINE_SECONDS):
                await self._connection.send(encode({"id": request_id, "type": kind, **fields}))
                return await answered
        except TimeoutError:
            raise WorkerError("timeout") from None
        except ConnectionClosed as error:
            raise LinkLost(self.socket_path) from error
        finally:
            self._waiting.pop(request_id, None)
            answered.cancel()

    async def close(self) -> None:
        """Close the link; the worker keeps its peers for the grace time."""
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            await self._reader
        self._finish()

    async def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    frame = await connection.recv()
                self._take(parse_answer(frame))
        except (ConnectionClosed, BadFrame, TimeoutError):
            connection.transport.abort()
        finally:
            self._finish()

    def _take(self, message: Json) -> None:
        request_id = message.pop("id", None)
        if request_id is None:
            self._tell(message)
            return
        answered = self._waiting.get(request_id)
        if answered is None or answered.done():
            return
        if message.pop("ok", False):
            answered.set_result(message)
        else:
            answered.set_exception(WorkerError(str(message.get("code", "internal"))))

    def _tell(self, event: Json) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("a control event could not be used")  # one bad event must not cost the link

    def _finish(self) -> None:
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(LinkLost(self.socket_path))
        if not self.closed.done():
            self.closed.set_result(None)
