"""A browser's call with itself: a router with two peers, the sender and the receiver, on the least loaded worker."""

import secrets
from collections.abc import Callable

from django.conf import settings

from conferences.errors import MediaFull, MediaRefused, MediaUnavailable
from conferences.routed import Json
from conferences.sfu import Workers
from tenants.ids import new_public_id

EPOCH = 1
PACKETS_PER_SECOND = 300
LIMITS = {"participants": 2, "publications_per_peer": 2, "publishers": 1}
PICTURE = {"source": "camera", "width": 1280, "height": 720}


class Call:
    """`on_offer(event)` is called for each subscribe offer to the receiver."""

    def __init__(self, workers: Workers, on_offer: Callable[[Json], None]) -> None:
        self._workers, self._on_offer = workers, on_offer
        self._worker = ""
        self._router = f"test-{new_public_id()}"
        self._sender, self._receiver = (f"{role}-{secrets.token_hex(8)}" for role in ("sender", "receiver"))

    async def begin(self) -> None:
        """Raises MediaUnavailable, MediaFull, MediaRefused."""
        open_to_new = [each for each in self._workers.live.values() if not each.draining]
        if not open_to_new:
            raise MediaUnavailable
        worker = min(open_to_new, key=lambda each: each.load)
        if worker.load + PACKETS_PER_SECOND > settings.MEDIA_CAPACITY:
            raise MediaFull
        self._worker = worker.name
        self._workers.listeners[self._router] = self._hear
        await self._ask("create_router", epoch=EPOCH, bars=[], limits=LIMITS)
        for peer in (self._sender, self._receiver):
            await self._ask("create_peer", epoch=EPOCH, peer=peer, subjects=[])
        tile = {"participant": self._sender, **PICTURE}
        await self._ask("set_view", peer=self._receiver, tiles=[tile])

    async def publish(self, **fields: object) -> str:
        """The worker's answer. Raises MediaUnavailable, MediaRefused."""
        return str((await self._ask("publish", peer=self._sender, **fields))["sdp"])

    async def subscribe(self, **fields: object) -> None:
        await self._ask("subscribe", peer=self._receiver, **fields)

    async def answer(self, **fields: object) -> None:
        await self._ask("subscribe_answer", peer=self._receiver, **fields)

    async def end(self) -> None:
        """Leave nothing behind. A worker that is gone has nothing of it either."""
        self._workers.listeners.pop(self._router, None)
        try:
            await self._ask("close_router", reason="test_over")
        except (MediaRefused, MediaUnavailable):
            return

    async def _ask(self, kind: str, **fields: object) -> Json:
        return await self._workers.request(self._worker, kind, router=self._router, **fields)

    def _hear(self, event: Json) -> None:
        if event["type"] == "subscribe_offer" and event["peer"] == self._receiver:
            self._on_offer(event)
