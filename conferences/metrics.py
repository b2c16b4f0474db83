"""What this web process counts of its sockets and their messages, for Prometheus (docs/operations.md, "Metrics").

Labels are types and codes of our own: never an organisation, a meeting or a person.
"""

import asyncio
from collections import Counter as Counts
from collections.abc import Callable, Collection, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from conferences.signalling.messages.base import ServerMessage

LAG_SECONDS = 0.1

disable_created_metrics()  # they would double the series, and tell nothing but when a label was first seen

REGISTRY = CollectorRegistry(auto_describe=True)
RECEIVED = Counter(
    "liveon_signalling_messages_received", "Messages of browsers that were taken in.", ["type"], registry=REGISTRY
)
SENT = Counter("liveon_signalling_messages_sent", "Messages queued for browsers.", ["type"], registry=REGISTRY)
REFUSED = Counter("liveon_signalling_refusals", "Messages answered by `error`.", ["code"], registry=REGISTRY)
JOINS = Counter(
    "liveon_signalling_joins",
    "Who asked to come in: `ready`, `waiting`, `over` (gone meanwhile, or back in another tab), or the refusal's code.",
    ["outcome"],
    registry=REGISTRY,
)
CLOSED = Counter("liveon_signalling_sockets_closed", "WebSockets that LiveOn closed.", ["code"], registry=REGISTRY)
QUEUE_DROPS = Counter(
    "liveon_signalling_queue_drops",
    "Messages dropped because a client's queue was full: `inbox` towards us, `outbox` towards the client.",
    ["queue"],
    registry=REGISTRY,
)
CARRIED_OUT = Histogram(
    "liveon_signalling_message_seconds",
    "Time to carry out a message, database and worker included.",
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
LOOP_LAG = Histogram(
    "liveon_web_loop_lag_seconds",
    "How late the web process's loop comes, measured ten times a second.",
    registry=REGISTRY,
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
)
REBUILDS = Counter(
    "liveon_signalling_rebuilds", "Browsers told to rebuild their connections on another worker.", registry=REGISTRY
)
WORKERS_LOST = Counter("liveon_signalling_workers_lost", "Media workers that died.", registry=REGISTRY)


def count_sent(message: ServerMessage) -> None:
    SENT.labels(message.type).inc()
    if message.type == "error":
        REFUSED.labels(getattr(message, "code", "internal")).inc()


async def watch_loop() -> None:
    """Measure the loop's lag until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        LOOP_LAG.observe(max(0.0, loop.time() - due))


class Sockets(Collector):
    """The open sockets and the meetings they are in, as of the scrape."""

    def __init__(self, stages: Callable[[], Iterable[str]], meetings: Callable[[], Collection[object]]) -> None:
        self._stages, self._meetings = stages, meetings

    def collect(self) -> Iterable[Metric]:
        sockets = GaugeMetricFamily("liveon_signalling_sockets", "Open WebSockets.", labels=["stage"])
        for stage, count in Counts(self._stages()).items():
            sockets.add_metric([stage], count)
        yield sockets
        yield GaugeMetricFamily(
            "liveon_signalling_meetings", "Meetings with sockets or peers of this process.", len(self._meetings())
        )
