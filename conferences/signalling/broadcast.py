"""Talking to the other web processes over the channel layer: wake-ups, and the few facts that are in no table.

The layer may lose messages. Wake-ups may: everybody looks once a second. Chat and quality marks may too, which is why
nothing else goes this way. Every process hears its own words; `origin` tells.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from channels.layers import get_channel_layer

from conferences.wake import WEB_GROUP
from tenants.ids import new_public_id

log = structlog.get_logger(__name__)

Json = dict[str, Any]

RETRY_SECONDS = 1.0


class Broadcast:
    """`on_changed(meeting id)` and `on_relayed(meeting id, content)` are called on the event loop."""

    def __init__(self, *, on_changed: Callable[[str], None], on_relayed: Callable[[str, Json], None]) -> None:
        self.origin = new_public_id()
        self._on_changed, self._on_relayed = on_changed, on_relayed
        self._followed: set[str] = set()
        self._channel = ""
        self._sending: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Receive until cancelled; a layer that fails is tried again every second."""
        while True:
            try:
                await self._listen_once()
            except Exception as error:
                if _is_cancelled():  # the Redis layer may turn a cancellation into an error of its own
                    return
                log.warning("channel_layer_failed", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def follow(self, meeting_id: str) -> None:
        """Hear what the other processes say of this meeting."""
        if meeting_id not in self._followed:
            self._followed.add(meeting_id)
            if self._channel:
                self._spawn(self._layer().group_add(_group(meeting_id), self._channel))

    def unfollow(self, meeting_id: str) -> None:
        if meeting_id in self._followed:
            self._followed.discard(meeting_id)
            if self._channel:
                self._spawn(self._layer().group_discard(_group(meeting_id), self._channel))

    def tell_changed(self, meeting_id: str) -> None:
        self._send(meeting_id, {"type": "meeting.changed", "meeting": meeting_id})

    def relay(self, meeting_id: str, content: Json) -> None:
        self._send(meeting_id, {"type": "meeting.relayed", "meeting": meeting_id, "content": content})

    async def _listen_once(self) -> None:
        layer = self._layer()
        self._channel = await layer.new_channel()
        for group in (WEB_GROUP, *map(_group, self._followed)):
            await layer.group_add(group, self._channel)
        while True:
            self._take(await layer.receive(self._channel))

    def _take(self, message: Json) -> None:
        if message.get("origin") == self.origin:
            return
        if message["type"] == "meeting.changed":
            self._on_changed(message["meeting"])
        elif message["type"] == "meeting.relayed":
            self._on_relayed(message["meeting"], message["content"])

    def _send(self, meeting_id: str, message: Json) -> None:
        self._spawn(self._layer().group_send(_group(meeting_id), {**message, "origin": self.origin}))

    def _spawn(self, action: Any) -> None:
        task = asyncio.create_task(_logged(action))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _layer(self) -> Any:
        return get_channel_layer()


def _group(meeting_id: str) -> str:
    return f"liveon.meeting.{meeting_id}"


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _logged(action: Any) -> None:
    try:
        await action
    except Exception as error:
        log.warning("channel_layer_failed", error=str(error))
