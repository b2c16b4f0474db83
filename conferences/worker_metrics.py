"""From the workers' answers to `get_metrics` to Prometheus (docs/operations.md, "Metrics"). Labelled by worker only."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Json = dict[str, Any]
Rows = Iterable[tuple[tuple[str, ...], float]]

# (name, help, label besides the worker, {its value: total of the protocol's `statistics`})
TOTALS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("packets", "SRTP packets of media.", "direction", {"in": "packets_in", "out": "packets_out"}),
    ("bytes", "Their UDP payload.", "direction", {"in": "bytes_in", "out": "bytes_out"}),
    ("lost_packets", "Packets lost on the way in and out.", "direction", {"in": "lost_in", "out": "lost_out"}),
    ("nacked_packets", "Packets asked for again, by subscribers (in) and of publishers (out).", "direction",
     {"in": "nack_in", "out": "nack_out"}),
    ("keyframe_requests", "PLI and FIR, of subscribers (in) and to publishers (out).", "direction",
     {"in": "keyframe_requests", "out": "keyframes_asked"}),
    ("retransmitted_packets", "Packets sent again to subscribers.", "", {"": "retransmitted_out"}),
    ("layer_switches", "Forwardings that began or changed their layer.", "", {"": "layer_switches"}),
)  # fmt: skip
# (name, help, label besides the worker, field of the answer)
COUNTS = (
    ("dropped_packets", "Packets that were not used, by reason.", "reason", "drops"),
    ("handshakes", "Transports that were set up or failed to be.", "outcome", "handshakes"),
)
STATES = (
    ("publications", "Published tracks.", "source", "publications"),
    ("subscriptions", "Tracks that somebody is to get; `paused`: the link does not carry them.", "state",
     "subscriptions"),
)  # fmt: skip
GAUGES = (
    ("draining", "1: it takes no new meetings.", ("draining",)),
    ("participants", "People with media on it.", ("load", "peers")),
    ("meetings", "Meetings on it.", ("load", "routers")),
    ("links", "Web processes that are linked to it.", ("links",)),
    ("tcp_connections", "Open ICE-TCP connections.", ("tcp_connections",)),
    ("resident_bytes", "Memory of the process.", ("resident_bytes",)),
)
HISTOGRAMS = (
    ("loop_lag_seconds", "How late its clock of 20 ms comes."),
    ("estimate_bits_per_second", "Estimates of the links to subscribers, each noted every 5 s."),
    ("round_trip_seconds", "Round trips to subscribers, each noted every 5 s."),
)


class WorkerFamilies(Collector):
    """`answers`: worker → its answer, None for one that did not answer."""

    def __init__(self, answers: Mapping[str, Json | None]) -> None:
        self._answers = answers
        self._told = {worker: answer for worker, answer in answers.items() if answer}

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("liveon_media_worker_up", "0: the worker does not answer.", labels=["worker"])
        for worker, answer in self._answers.items():
            up.add_metric([worker], float(bool(answer)))
        yield up
        yield from self._gauges()
        yield from self._counters()
        yield from (self._histogram(name, text) for name, text in HISTOGRAMS)

    def _gauges(self) -> Iterable[Metric]:
        for name, text, path in GAUGES:
            family = GaugeMetricFamily(f"liveon_media_{name}", text, labels=["worker"])
            for worker, answer in self._told.items():
                family.add_metric([worker], _at(answer, path))
            yield family
        for name, text, label, field in STATES:
            yield self._family(GaugeMetricFamily, name, text, (label,), self._by_key(field))
        transports = ((f"{worker}/{key}".split("/"), count) for (worker, key), count in self._by_key("transports"))
        yield self._family(
            GaugeMetricFamily,
            "transports",
            "Ends of the browsers' connections, two for each person.",
            ("state", "protocol"),
            ((tuple(words), count) for words, count in transports),
        )

    def _counters(self) -> Iterable[Metric]:
        for name, text, label, fields in TOTALS:
            rows = (
                ((worker, value) if label else (worker,), _at(answer, ("totals", field)))
                for worker, answer in self._told.items()
                for value, field in fields.items()
            )
            yield self._family(CounterMetricFamily, name, text, (label,) if label else (), rows)
        for name, text, label, field in COUNTS:
            yield self._family(CounterMetricFamily, name, text, (label,), self._by_key(field))
        cpu = (((worker,), _at(answer, ("cpu_seconds",))) for worker, answer in self._told.items())
        yield self._family(CounterMetricFamily, "cpu_seconds", "Processor time of the process.", (), cpu)

    def _family(
        self,
        kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
        name: str,
        text: str,
        labels: tuple[str, ...],
        rows: Rows,
    ) -> Metric:
        family = kind(f"liveon_media_{name}", text, labels=["worker", *labels])
        for values, number in rows:
            family.add_metric(values, number)
        return family

    def _by_key(self, field: str) -> Rows:
        for worker, answer in self._told.items():
            for key, count in answer.get(field, {}).items():
                yield (worker, key), float(count)

    def _histogram(self, name: str, text: str) -> Metric:
        family = HistogramMetricFamily(f"liveon_media_{name}", text, labels=["worker"])
        for worker, answer in self._told.items():
            found = answer.get("histograms", {}).get(name)
            if found:
                family.add_metric([worker], _buckets(found), found["sum"])
        return family


def _at(answer: Json, path: tuple[str, ...]) -> float:
    """The number at `path`; 0 where an older worker tells none."""
    found: Any = answer
    for word in path:
        found = found.get(word, {}) if isinstance(found, dict) else {}
    return float(found or 0)


def _buckets(histogram: Json) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    bounds = [*(repr(float(bound)) for bound in histogram["bounds"]), "+Inf"]
    total, found = 0, []
    for bound, count in zip(bounds, histogram["counts"], strict=True):
        total += count
        found.append((bound, float(total)))
    return found
