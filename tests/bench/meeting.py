"""One meeting on one worker, signalled over the control link."""

import asyncio
import secrets

from media_sfu.control.client import WorkerLink
from media_sfu.control.messages import Json
from tests.bench.participants import Participant, PublishingParticipant, SubscribingParticipant
from tests.bench.reception import Receivers
from tests.media_sfu.peer_transport import Remote

JOIN_AT_ONCE = 5
TILE = {"source": "camera", "width": 640, "height": 360}


class Meeting:
    """Opens a link to the worker at `socket_path`; `lags_ms` are the worst loop lags that its heartbeats tell."""

    def __init__(self, socket_path: str, receivers: Receivers) -> None:
        self.publishing: list[PublishingParticipant] = []
        self.subscribing: list[SubscribingParticipant] = []
        self.lags_ms: list[float] = []
        self._receivers = receivers
        self._router = secrets.token_hex(8)
        self._offers: dict[str, asyncio.Future[Json]] = {}
        self._link = WorkerLink(socket_path, secrets.token_hex(8), self._on_event)

    @property
    def participants(self) -> list[Participant]:
        return [*self.publishing, *self.subscribing]

    async def open(self, participants: int) -> None:
        await self._link.connect()
        limits = {"participants": participants, "publications_per_peer": 2}
        await self._link.request("create_router", router=self._router, epoch=1, bars=[], limits=limits)

    async def publish(self, count: int) -> None:
        """Let `count` participants connect their publish transports."""
        for _ in range(count):
            joining = PublishingParticipant()
            await self._create(joining.id)
            sources = {"0": "microphone", "1": "camera"}
            answer = await self._request("publish", joining, sdp=joining.offer(), sources=sources)
            await self._connect(joining, answer["sdp"])
            self.publishing.append(joining)

    async def subscribe(self, count: int, *, seen: int) -> None:
        """Let `count` participants connect their subscribe transports and look at `seen` of the publishers."""
        names = [secrets.token_hex(8) for _ in range(count)]
        for name in names:
            await self._create(name)
        await self._subscribe_all(names, seen=seen)

    async def subscribe_each_other(self) -> None:
        """Let the publishers take all the others."""
        await self._subscribe_all([each.id for each in self.publishing], seen=len(self.publishing) - 1)

    async def statistics(self) -> Json:
        """The worker's own, among them `drops`: what it has dropped, by reason."""
        return await self._link.request("get_statistics")

    async def close(self) -> None:
        await self._link.close()
        for participant in self.participants:
            await participant.connection.close()

    async def _subscribe_all(self, names: list[str], *, seen: int) -> None:
        for start in range(0, len(names), JOIN_AT_ONCE):
            await asyncio.gather(*(self._subscribe(name, seen) for name in names[start : start + JOIN_AT_ONCE]))

    async def _subscribe(self, name: str, seen: int) -> None:
        joining = SubscribingParticipant(name)
        others = [each.id for each in self.publishing if each.id != name]
        tiles = [{"participant": other, **TILE} for other in others[:seen]]
        await self._link.request("set_view", router=self._router, peer=name, tiles=tiles)
        offered = self._offers[name] = asyncio.get_running_loop().create_future()
        await self._request("subscribe", joining)
        offer = await offered
        answer = joining.answer(offer["sdp"])
        await self._request("subscribe_answer", joining, revision=offer["revision"], sdp=answer)
        await self._connect(joining, offer["sdp"])
        self.subscribing.append(joining)

    async def _connect(self, joining: Participant, sdp: str) -> None:
        await joining.connection.connect(Remote.of(sdp))
        self._receivers.add(joining.connection.udp, joining.receiver)

    async def _create(self, name: str) -> None:
        await self._link.request("create_peer", router=self._router, epoch=1, peer=name, subjects=[])

    async def _request(self, kind: str, joining: Participant, **fields: object) -> Json:
        names = {"router": self._router, "peer": joining.id, "transport_id": joining.transport_id}
        return await self._link.request(kind, **names, **fields)

    def _on_event(self, event: Json) -> None:
        if event["type"] == "subscribe_offer":
            offered = self._offers[event["peer"]]
            if not offered.done():
                offered.set_result(event)
        elif event["type"] == "heartbeat":
            self.lags_ms.append(event["load"]["loop_lag_ms"])
