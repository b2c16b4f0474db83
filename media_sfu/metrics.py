"""What a worker tells of itself: totals, states and distributions of the whole process, for `get_metrics`.

Nothing in it names a meeting or a person. Totals are kept where things are counted anyway; distributions are filled by
the clock. A packet costs nothing more for it.
"""

import os
import resource
import sys
import time
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from media_sfu.control.messages import Json
from media_sfu.stats import PeerCounters

if TYPE_CHECKING:
    from media_sfu.peer import Peer
    from media_sfu.worker import Worker

LAG_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ESTIMATE_BITS = (1e5, 2e5, 4e5, 8e5, 1.5e6, 3e6, 6e6, 1.2e7, 2.5e7)
ROUND_TRIP_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.6, 1.0, 2.0)


class Histogram:
    """How many values fell up to each of the rising `bounds`, and above the last."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def note(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def as_json(self) -> Json:
        """`counts` has one more than `bounds`: each is of its own interval, not cumulative."""
        return {"bounds": list(self._bounds), "counts": list(self._counts), "sum": round(self._sum, 6)}


class WorkerMetrics:
    """The distributions of one worker, and the totals of peers that have ended."""

    def __init__(self) -> None:
        self.loop_lag = Histogram(LAG_SECONDS)
        self.ended = PeerCounters()
        self._estimates = Histogram(ESTIMATE_BITS)
        self._round_trips = Histogram(ROUND_TRIP_SECONDS)

    def totals(self, peers: list["Peer"]) -> PeerCounters:
        """Of all peers that are and were."""
        total = PeerCounters()
        for counters in (self.ended, *(peer.counters for peer in peers)):
            total.add(counters)
        return total

    def sample(self, peers: list["Peer"]) -> None:
        """Note each subscriber's estimate and round trip, every few seconds."""
        for subscribing in (peer.subscribing for peer in peers if peer.subscribing is not None):
            trips = [each.reports.round_trip for each in subscribing.subscriptions() if each.reports.round_trip]
            if trips:
                self._estimates.note(subscribing.downlink.estimator.bits_per_second)
                self._round_trips.note(min(trips))

    def as_json(self, worker: "Worker") -> Json:
        """The answer to `get_metrics`."""
        peers = worker.peers()
        return {
            "draining": worker.draining,
            "load": worker.load,
            "totals": self.totals(peers).as_json(),
            "drops": worker.drops(),
            "handshakes": dict(worker.network.handshakes),
            "transports": _transports(peers),
            "publications": _publications(peers),
            "subscriptions": _subscriptions(peers),
            "links": len(worker.links),
            "tcp_connections": len(worker.media.connections.open),
            "resident_bytes": _resident_bytes(),
            "cpu_seconds": round(time.process_time(), 3),
            "histograms": {
                "loop_lag_seconds": self.loop_lag.as_json(),
                "estimate_bits_per_second": self._estimates.as_json(),
                "round_trip_seconds": self._round_trips.as_json(),
            },
        }


def _transports(peers: list["Peer"]) -> dict[str, int]:
    """How many per state and protocol, as `connected/udp`."""
    sides = [side.transport for peer in peers for side in peer.sides()]
    return dict(Counter(f"{each.state}/{each.protocol or 'none'}" for each in sides))


def _publications(peers: list["Peer"]) -> dict[str, int]:
    return dict(Counter(source for peer in peers for source in peer.publications))


def _subscriptions(peers: list["Peer"]) -> dict[str, int]:
    """`forwarded`: something flows or has flowed; `paused`: the link does not carry it; `waiting`: the rest."""
    counts = Counter(forwarded=0, paused=0, waiting=0)
    for subscribing in (peer.subscribing for peer in peers if peer.subscribing is not None):
        paused, all_ = len(subscribing.downlink.paused), subscribing.subscriptions()
        forwarded = sum(each.forward.source is not None for each in all_)
        counts.update(forwarded=forwarded, paused=paused, waiting=max(0, len(all_) - forwarded - paused))
    return dict(counts)


def _resident_bytes() -> int:
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # its highest so far is all that macOS tells
