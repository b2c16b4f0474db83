"""A media worker without media: it speaks the control protocol on a unix socket and remembers what it was asked."""

import asyncio
import json
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from media_sfu.control.messages import MAX_FRAME, encode, parse_request
from tenants.ids import new_public_id

ZERO = {"bytes_in": 0, "bytes_out": 0, "packets_in": 0, "packets_out": 0}


class FakeWorker:
    """`routers`: router → {"epoch", "bars", "peers": {peer: subjects}}. `refuse`: request type → code."""

    def __init__(self, directory: Path, name: str = "sfu-0") -> None:
        self.name = name
        self.path = directory / f"{name}.sock"
        self.epoch = new_public_id()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.refuse: dict[str, str] = {}
        self.routers: dict[str, dict[str, Any]] = {}
        self.counters: dict[str, dict[str, int]] = {}
        self.draining = False
        self.load = 0
        self._links: set[ServerConnection] = set()
        self._server: Server | None = None
        self._arrived = asyncio.Condition()

    async def start(self) -> "FakeWorker":
        self._server = await unix_serve(self._serve, str(self.path), compression=None, max_size=MAX_FRAME)
        return self

    async def stop(self) -> None:
        """End like a process that is killed: links drop, the socket file goes, everything is forgotten."""
        await self.vanish()
        self.routers.clear()

    async def vanish(self) -> None:
        """Answer nobody until `start`, like a process that hangs. It forgets nothing."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    async def restart(self) -> None:
        """A new process with the same name."""
        await self.stop()
        self.epoch = new_public_id()
        await self.start()

    async def drop_links(self) -> None:
        for link in list(self._links):
            await link.close()

    async def emit(self, kind: str, **fields: Any) -> None:
        for link in list(self._links):
            await link.send(encode({"type": kind, **fields}))

    async def beat(self) -> None:
        load = {"packets_out_per_second": self.load}
        await self.emit("heartbeat", worker_epoch=self.epoch, load=load, draining=self.draining)

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [fields for asked, fields in self.requests if asked == kind]

    async def wait_for(self, kind: str, count: int = 1, **wanted: Any) -> dict[str, Any]:
        """The `count`th request of a kind with these fields, once it has come."""

        def found() -> list[dict[str, Any]]:
            return [fields for fields in self.asked(kind) if wanted.items() <= fields.items()]

        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]

    async def _serve(self, link: ServerConnection) -> None:
        self._links.add(link)
        try:
            async for frame in link:
                request = parse_request(frame)
                self.requests.append((request.type, request.fields))
                answer = self._answer(request.type, request.fields)
                await link.send(json.dumps({"id": request.id, **answer}))
                async with self._arrived:
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass
        finally:
            self._links.discard(link)

    def _answer(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        if kind in self.refuse:
            return {"ok": False, "code": self.refuse[kind]}
        act = getattr(self, f"_{kind}", None)
        found = act(**fields) if act is not None else {}
        return found if "ok" in found else {"ok": True, **found}

    def _hello(self, **fields: Any) -> dict[str, Any]:
        routers = [{"router": each, "epoch": router["epoch"]} for each, router in self.routers.items()]
        known = {"protocol": 1, "worker": self.name, "worker_epoch": self.epoch, "announce": []}
        return {**known, "draining": self.draining, "routers": routers}

    def _create_router(self, router: str, epoch: int, bars: list[str], **fields: Any) -> dict[str, Any]:
        running = self.routers.get(router)
        if running is None or epoch > running["epoch"]:
            self.routers[router] = {"epoch": epoch, "bars": set(), "peers": {}}
        self.routers[router]["bars"] |= set(bars)
        return {}

    def _close_router(self, router: str, **fields: Any) -> dict[str, Any]:
        return {"closed": list(self.routers.pop(router, {"peers": {}})["peers"])}

    def _create_peer(self, router: str, epoch: int, peer: str, subjects: list[str]) -> dict[str, Any]:
        running = self.routers.get(router)
        if running is None:
            return {"ok": False, "code": "unknown_router"}
        if running["bars"] & set(subjects):
            return {"ok": False, "code": "barred"}
        running["peers"][peer] = subjects
        return {}

    def _take_over(self, router: str, peer: str) -> dict[str, Any]:
        if peer not in self.routers.get(router, {"peers": {}})["peers"]:
            return {"ok": False, "code": "unknown_peer"}
        return {"statistics": self.counters.get(peer, ZERO), "transports": {"publish": None, "subscribe": None}}

    def _close_peer(self, router: str, peer: str, **fields: Any) -> dict[str, Any]:
        self.routers.get(router, {"peers": {}})["peers"].pop(peer, None)
        return {"statistics": self.counters.get(peer, ZERO)}

    def _publish(self, transport_id: str, **fields: Any) -> dict[str, Any]:
        return {"sdp": f"answer to {transport_id}", "publications": []}

    def _bar(self, router: str, subjects: list[str]) -> dict[str, Any]:
        running = self.routers.setdefault(router, {"epoch": 0, "bars": set(), "peers": {}})
        running["bars"] |= set(subjects)
        closed = [peer for peer, names in running["peers"].items() if set(names) & set(subjects)]
        for peer in closed:
            del running["peers"][peer]
        return {"closed": closed}

    def _unbar(self, router: str, subjects: list[str]) -> dict[str, Any]:
        if router in self.routers:
            self.routers[router]["bars"] -= set(subjects)
        return {}
