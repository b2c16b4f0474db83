"""What each request does (docs/control-protocol.md, "Requests"). Every method answers the fields besides `ok`."""

import logging
from typing import TYPE_CHECKING

from media_sfu.control.messages import PROTOCOL, Json, Request
from media_sfu.control.server import Link
from media_sfu.errors import RequestRefused
from media_sfu.stats import PeerCounters

if TYPE_CHECKING:
    from media_sfu.peer import Peer
    from media_sfu.router import Router
    from media_sfu.worker import Worker

log = logging.getLogger(__name__)


class Commands:
    """The requests of all links on one worker; a method per type, named after it."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def dispatch(self, link: Link, request: Request) -> Json:
        """Carry out one request. Raises RequestRefused."""
        if not link.id and request.type != "hello":
            raise RequestRefused("hello_first")
        method = getattr(self, request.type)
        answer: Json | None = method(link, **request.fields)
        return answer or {}

    def hello(self, connection: Link, /, protocol: int, link: str) -> Json:
        if protocol != PROTOCOL:
            raise RequestRefused("unsupported_protocol")
        connection.id = link
        worker = self._worker
        candidates = worker.network.candidates
        return {
            "protocol": PROTOCOL,
            "worker": worker.config.worker,
            "worker_epoch": worker.epoch,
            "draining": worker.draining,
            "routers": [{"router": router.id, "epoch": router.epoch} for router in worker.routers.values()],
            "announce": [{"address": host, "port": port, "protocol": kind} for host, port, kind in candidates],
        }

    def create_router(self, _: Link, /, router: str, epoch: int, bars: list[str], limits: dict[str, int]) -> None:
        worker = self._worker
        running = worker.routers.get(router)
        if running is not None and epoch < running.epoch:
            raise RequestRefused("stale_epoch")
        if worker.draining and running is None:
            raise RequestRefused("draining")
        if running is not None and epoch > running.epoch:
            worker.close_router(running)
        worker.bars.add(router, bars)
        if router in worker.routers:
            worker.routers[router].limits = limits
            worker.routers[router].close_subjects(bars)
        else:
            worker.add_router(router, epoch, limits)
            log.info("router_created", extra={"router": router, "epoch": epoch})

    def set_limits(self, _: Link, /, router: str, limits: dict[str, int]) -> None:
        self._router(router).limits = limits

    def close_router(self, _: Link, /, router: str, reason: str) -> Json:
        running = self._worker.routers.get(router)
        if running is None:
            return {"closed": []}
        log.info("router_closed", extra={"router": router, "reason": reason})
        return {"closed": self._worker.close_router(running)}

    def create_peer(self, link: Link, /, router: str, epoch: int, peer: str, subjects: list[str]) -> None:
        running = self._router(router)
        if epoch != running.epoch:
            raise RequestRefused("stale_epoch")
        if self._worker.bars.holds(router, subjects):
            raise RequestRefused("barred")
        running.create_peer(peer, subjects, link)

    def take_over(self, link: Link, /, router: str, peer: str) -> Json:
        taken = self._peer(router, peer)
        self._worker.take_over(taken, link)
        return {"statistics": taken.counters.as_json(), "transports": taken.states()}

    def close_peer(self, link: Link, /, router: str, peer: str, reason: str) -> Json:
        running = self._worker.routers.get(router)
        if running is None or peer not in running.peers:
            ended = self._worker.final.get((router, peer))
            return {"statistics": ended or PeerCounters().as_json()}
        return {"statistics": running.close_peer(self._own(link, router, peer), reason, asked_by=link)}

    def publish(
        self, link: Link, /, router: str, peer: str, transport_id: str, sdp: str, sources: dict[str, str]
    ) -> Json:
        return self._own(link, router, peer).publish(transport_id, sdp, sources)

    def subscribe(self, link: Link, /, router: str, peer: str, transport_id: str) -> None:
        self._own(link, router, peer).subscribe(transport_id)

    def subscribe_answer(
        self, link: Link, /, router: str, peer: str, transport_id: str, revision: int, sdp: str
    ) -> None:
        self._own(link, router, peer).subscribing_as(transport_id).answer(revision, sdp)

    def restart_ice(self, link: Link, /, router: str, peer: str, transport_id: str) -> None:
        self._own(link, router, peer).subscribing_as(transport_id).restart_ice()

    def set_view(self, link: Link, /, router: str, peer: str, tiles: list[Json]) -> None:
        self._own(link, router, peer).set_view(tiles)

    def set_muted(self, link: Link, /, router: str, peer: str, source: str, *, muted: bool) -> None:
        self._own(link, router, peer).set_muted(source, muted=muted)

    def watch_delivery(self, link: Link, /, router: str, peer: str, *, on: bool) -> None:
        self._own(link, router, peer).watch_delivery(on=on)

    def freeze(self, _: Link, /, router: str, *, frozen: bool) -> None:
        self._router(router).freeze(frozen=frozen)

    def bar(self, _: Link, /, router: str, subjects: list[str]) -> Json:
        self._worker.bars.add(router, subjects)
        running = self._worker.routers.get(router)
        return {"closed": running.close_subjects(subjects) if running is not None else []}

    def unbar(self, _: Link, /, router: str, subjects: list[str]) -> None:
        self._worker.bars.remove(router, subjects)

    def drain(self, _: Link) -> None:
        self._worker.draining = True
        log.info("draining")

    def undrain(self, _: Link) -> None:
        self._worker.draining = False
        log.info("in_service")

    def get_statistics(self, _: Link) -> Json:
        worker = self._worker
        routers = {
            router.id: {peer.id: peer.counters.as_json() for peer in router.peers.values()}
            for router in worker.routers.values()
        }
        estimates = {
            router.id: {
                peer.id: round(peer.subscribing.downlink.estimator.bits_per_second)
                for peer in router.peers.values()
                if peer.subscribing is not None
            }
            for router in worker.routers.values()
        }
        return {"load": worker.load, "drops": worker.drops(), "routers": routers, "estimates": estimates}

    def get_metrics(self, _: Link) -> Json:
        return self._worker.metrics.as_json(self._worker)

    def _router(self, router_id: str) -> "Router":
        router = self._worker.routers.get(router_id)
        if router is None:
            raise RequestRefused("unknown_router")
        return router

    def _peer(self, router_id: str, peer_id: str) -> "Peer":
        router = self._worker.routers.get(router_id)
        if router is None or peer_id not in router.peers:
            raise RequestRefused("unknown_peer")
        return router.peers[peer_id]

    def _own(self, link: Link, router_id: str, peer_id: str) -> "Peer":
        peer = self._peer(router_id, peer_id)
        if peer.link is not link:
            raise RequestRefused("not_owner")
        return peer
