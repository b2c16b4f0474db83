"""The worker: routers, links, the port, and the clockwork that drives them."""

import asyncio
import gc
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from media_sfu import memory
from media_sfu.config import WorkerConfig
from media_sfu.control.commands import Commands
from media_sfu.control.messages import Json
from media_sfu.control.server import ControlServer, Link
from media_sfu.metrics import WorkerMetrics
from media_sfu.net.port import MediaPort
from media_sfu.net.transport import Candidates, Network
from media_sfu.peer import Peer
from media_sfu.router import Bars, Router
from media_sfu.stats import LoopLag, PacketRates

TICK_SECONDS = 0.02
COLLECT_YOUNG_BEATS, COLLECT_SECONDS = 5, 5  # young garbage often: all of some seconds at once stops the media
TIDY_SECONDS = 60
SAMPLE_SECONDS = 5
REMEMBERED_PEERS = 2000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Orphan:
    """A peer whose link dropped, and until when it may be taken over."""

    peer: Peer
    until: float


class Worker:
    """One worker process's state. `epoch` is random per start."""

    def __init__(self, config: WorkerConfig, epoch: str) -> None:
        self.config, self.epoch = config, epoch
        self.draining = False
        self.routers: dict[str, Router] = {}
        self.bars = Bars()
        self.media = MediaPort()
        self.network = Network(self.media, ())
        self.final: OrderedDict[tuple[str, str], Json] = OrderedDict()  # statistics of peers that have ended
        self.port = 0
        self.load: Json = {}
        self.metrics = WorkerMetrics()
        self._commands = Commands(self)
        self._control = ControlServer(config.socket, dispatch=self._commands.dispatch, on_lost=self._link_lost)
        self._lag = LoopLag()
        self._rates = PacketRates()
        self._orphans: list[_Orphan] = []

    async def start(self) -> None:
        """Bind the media port and the control socket. Raises ConfigError or OSError."""
        self.port = await self.media.open(self.config.listen, self.config.port)
        self.network.candidates = _candidates(self.config, self.port)
        self._measure()
        await self._control.start()

    async def run(self) -> None:
        """Drive everything by a clock of 20 ms, until cancelled."""
        started = time.monotonic()
        beat = 0
        while True:
            beat += 1
            await asyncio.sleep(max(0.0, started + beat * TICK_SECONDS - time.monotonic()))
            now = time.monotonic()
            late = now - started - beat * TICK_SECONDS
            self._lag.note(late)
            self.metrics.loop_lag.note(max(0.0, late))
            if late > 1:
                started = now - beat * TICK_SECONDS  # the process was stopped for a while: do not catch up
            self._beat(beat, now)

    async def close(self) -> None:
        """The links go first: a web process that sees its worker leave places the meetings elsewhere."""
        await self._control.close()
        for router in list(self.routers.values()):
            self.close_router(router)
        await self.media.close()

    @property
    def links(self) -> set[Link]:
        return self._control.links

    def add_router(self, router_id: str, epoch: int, limits: dict[str, int]) -> None:
        self.routers[router_id] = Router(router_id, epoch, limits, self.network, self._peer_ended)

    def close_router(self, router: Router) -> list[str]:
        del self.routers[router.id]
        return router.close()

    def take_over(self, peer: Peer, link: Link) -> None:
        """From now on `peer` belongs to `link`."""
        peer.link = link
        peer.quality.begin_anew()
        self._orphans = [orphan for orphan in self._orphans if orphan.peer is not peer]
        if peer.subscribing is not None:
            peer.subscribing.repeat_offer()
        for publication in peer.publications.values():
            publication.uplink.repeat()

    def drops(self) -> dict[str, int]:
        """Everything dropped since the start, by reason."""
        return {**self.media.drops, "kernel": self.media.kernel_drops()}

    def _link_lost(self, link: Link) -> None:
        until = time.monotonic() + self.config.link_grace_seconds
        for router in self.routers.values():
            for peer in router.peers.values():
                if peer.link is link:
                    peer.link = None
                    self._orphans.append(_Orphan(peer, until))

    def _peer_ended(self, peer: Peer, statistics: Json) -> None:
        self.metrics.ended.add(peer.counters)
        self.final[peer.router.id, peer.id] = statistics
        if len(self.final) > REMEMBERED_PEERS:
            self.final.popitem(last=False)

    def _beat(self, number: int, now: float) -> None:
        """One meeting's trouble is not that of the meeting next door."""
        for router in list(self.routers.values()):
            try:
                router.beat(number, now)
            except Exception as error:
                router.faults.tell("beat_failed", error, {"router": router.id})
        if number % COLLECT_YOUNG_BEATS == 0:
            gc.collect(0)
        if number % 50 == 0:
            try:
                self._each_second(number // 50, now)
            except Exception:
                log.exception("second_failed")

    def _each_second(self, second: int, now: float) -> None:
        self.media.close_strangers()
        self._close_orphans(now)
        if self.draining:
            for router in [router for router in self.routers.values() if not router.peers]:
                self.close_router(router)
        self._measure()
        heartbeat = {"type": "heartbeat", "worker_epoch": self.epoch, "load": self.load, "draining": self.draining}
        for link in self.links:
            if link.id:
                link.send(heartbeat)
        if second % max(1, round(self.config.statistics_seconds)) == 0:
            self._send_statistics()
        if second % SAMPLE_SECONDS == 0:
            self.metrics.sample(self.peers())
        if second % COLLECT_SECONDS == 0:
            gc.collect(1)
        if second % TIDY_SECONDS == 0:
            self.bars.forget_old()
            for router in [router for router in self.routers.values() if router.abandoned(now)]:
                self.close_router(router)
            gc.collect()
            if not self.routers:
                memory.give_back()

    def _close_orphans(self, now: float) -> None:
        due = [orphan.peer for orphan in self._orphans if orphan.until <= now]
        self._orphans = [orphan for orphan in self._orphans if orphan.until > now]
        for peer in due:
            if peer.link is None:
                peer.router.close_peer(peer, "link_lost")

    def _measure(self) -> None:
        peers, ended = self.peers(), self.metrics.ended
        packets_in = ended.packets_in + sum(peer.counters.packets_in for peer in peers)
        packets_out = ended.packets_out + sum(peer.counters.packets_out for peer in peers)
        rate_in, rate_out = self._rates.sample(packets_in, packets_out)
        self.load = {
            "peers": len(peers),
            "routers": len(self.routers),
            "packets_in_per_second": round(rate_in),
            "packets_out_per_second": round(rate_out),
            "loop_lag_ms": self._lag.take_worst_ms(),
        }

    def _send_statistics(self) -> None:
        for router in self.routers.values():
            by_link: dict[Link, Json] = {}
            for peer in router.peers.values():
                if peer.link is not None:
                    by_link.setdefault(peer.link, {})[peer.id] = peer.counters.as_json()
            for link, statistics in by_link.items():
                link.send({"type": "statistics", "router": router.id, "peers": statistics})

    def peers(self) -> list[Peer]:
        return [peer for router in self.routers.values() for peer in router.peers.values()]


def _candidates(config: WorkerConfig, port: int) -> Candidates:
    """UDP and TCP of each announced address, UDP first: the browser prefers what comes with the higher priority."""
    listed = [
        (announce.address, announce.port or port, protocol)
        for protocol in ("udp", "tcp")
        for announce in config.announce
        if announce.protocol in (None, protocol)
    ]
    return tuple(listed)
