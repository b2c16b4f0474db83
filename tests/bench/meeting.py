"""One meeting on one worker, signalled over the control link."""

import asyncio
import secrets

from media_sfu.control.client import WorkerLink
from media_sfu.control.messages import Json
from tests.bench.participants import Participant, PublishingParticipant, SubscribingParticipant
from tests.bench.reception import Receivers
from tests.media_sfu.peer_transport import Remote

JOIN_AT_ONCE = 5


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
            await self._create(joining)
            sources = {"0": "microphone", "1": "camera"}
            answer = await self._request("publish", joining, sdp=joining.offer(), sources=sources)
            await self._connect(joining, answer["sdp"])
            self.publishing.append(joining)

    async def subscribe(self, count: int) -> None:
        """Let `count` participants connect their subscribe transports."""
        for start in range(0, count, JOIN_AT_ONCE):
            await asyncio.gather(*(self._subscribe() for _ in range(start, min(count, start + JOIN_AT_ONCE))))

    async def drops(self) -> dict[str, int]:
        """What the worker has dropped, by reason."""
        return dict((await self._link.request("get_statistics"))["drops"])

    async def close(self) -> None:
        await self._link.close()
        for participant in self.participants:
            await participant.connection.close()

    async def _subscribe(self) -> None:
        joining = SubscribingParticipant()
        await self._create(joining)
        offered = self._offers[joining.id] = asyncio.get_running_loop().create_future()
        await self._request("subscribe", joining)
        offer = await offered
        if len(offer["tracks"]) != 2 * len(self.publishing):
            raise RuntimeError(f"{len(offer['tracks'])} tracks offered by {len(self.publishing)} publishers")
        answer = joining.answer(offer["sdp"])
        await self._request("subscribe_answer", joining, revision=offer["revision"], sdp=answer)
        await self._connect(joining, offer["sdp"])
        self.subscribing.append(joining)

    async def _connect(self, joining: Participant, sdp: str) -> None:
        await joining.connection.connect(Remote.of(sdp))
        self._receivers.add(joining.connection.udp, joining.receiver)

    async def _create(self, joining: Participant) -> None:
        await self._link.request("create_peer", router=self._router, epoch=1, peer=joining.id, subjects=[])

    async def _request(self, kind: str, joining: Participant, **fields: object) -> Json:
        names = {"router": self._router, "peer": joining.id, "transport_id": joining.transport_id}
        return await self._link.request(kind, **names, **fields)

    def _on_event(self, event: Json) -> None:
        if event["type"] == "subscribe_offer":
            self._offers[event["peer"]].set_result(event)
        elif event["type"] == "heartbeat":
            self.lags_ms.append(event["load"]["loop_lag_ms"])
