"""The client's end of a meeting's WebSocket (docs/signalling.md)."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ANSWER_SECONDS = 60.0
Message = dict[str, Any]


class Refused(Exception):
    """The server answered `error`; the text is its code."""


class Signalling:
    """`on_message` gets what is no answer. `errors` are the codes of errors that answer no request of ours."""

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self.errors: list[str] = []
        self.closed_with: int | None = None
        self._on_message = on_message
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._count = 0
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, url: str, room_id: str, *, identity: str, cookies: str) -> None:
        """`url` is the product's; `identity` is `user` or `guest`."""
        address = f"{url.replace('http', 'ws', 1)}/ws/meetings/{room_id}/?as={identity}"
        self._socket = await connect(
            address, additional_headers={"Cookie": cookies}, origin=url, open_timeout=ANSWER_SECONDS, compression=None
        )
        self._reading = asyncio.create_task(self._read(self._socket))

    async def ask(self, kind: str, **fields: Any) -> Message:
        """Send a request and wait for its answer. Raises Refused, TimeoutError, ConnectionError."""
        self._count += 1
        name = f"r{self._count}"
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        await self.tell(kind, request=name, **fields)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    async def tell(self, kind: str, **fields: Any) -> None:
        """Raises ConnectionError."""
        if self._socket is None:
            raise ConnectionError("signalling is not open")
        try:
            await self._socket.send(json.dumps({"type": kind, **fields}))
        except ConnectionClosed as closed:
            raise ConnectionError(f"signalling closed with {self.closed_with}") from closed

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            await self._reading

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                self._take(json.loads(frame))
        except ConnectionClosed:
            pass
        self.closed_with = socket.close_code
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError(f"signalling closed with {self.closed_with}"))

    def _take(self, message: Message) -> None:
        answer = self._answers.pop(message.get("request", ""), None)
        if answer is None or answer.done():
            if message["type"] == "error":
                self.errors.append(message["code"])
            self._on_message(message)
        elif message["type"] == "error":
            answer.set_exception(Refused(message["code"]))
        else:
            answer.set_result(message)
