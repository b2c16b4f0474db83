"""One track that a peer publishes, and the bookkeeping around its sources."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from media_sfu.bandwidth.allocation import WHOLE
from media_sfu.bandwidth.policing import AUDIO_PACKETS_PER_SECOND, VIDEO_PACKETS_PER_SECOND, TrackPolicer
from media_sfu.codecs import Codec
from media_sfu.control.messages import Json
from media_sfu.forwarding.layers import NEVER
from media_sfu.plane import Ingress, Source, Track
from media_sfu.uplink import Uplink

if TYPE_CHECKING:
    from media_sfu.peer import Peer
    from media_sfu.subscription import Subscription

KINDS = {"camera": "video", "screen": "video", "microphone": "audio", "screen_audio": "audio"}
BITS_PER_SECOND = {"camera": 3_000_000, "screen": 8_000_000, "microphone": 256_000, "screen_audio": 512_000}
STOPPED_SECONDS, PEAK_FADES = 1.0, 0.8
Policers = dict[tuple[int, int], TrackPolicer]
"""By number of layers and layer."""
LAYER_SHARES = {1: (1.0,), 2: (0.3, 1.0), 3: (0.15, 0.35, 1.0)}  # of BITS_PER_SECOND, lowest layer first
LAYER_NAMES = {1: ("high",), 2: ("low", "high"), 3: ("low", "medium", "high")}


class Publication:
    """A track of `peer`, named by its source. It survives a rebuilt publish transport: subscribers notice nothing.

    `policers` are those of what the peer published as this source before: neither a new SSRC nor a publication made
    anew starts with full buckets.
    """

    def __init__(self, peer: "Peer", source: str, codec: Codec, policers: Policers | None = None) -> None:
        self.peer, self.source, self.codec = peer, source, codec
        self.track = Track()
        self.muted = False
        self.subscriptions: list[Subscription] = []
        self.mid = ""
        self.rids: list[str] = []
        self.sources: list[Source | None] = [None]  # per layer, lowest first
        self.rates = [0.0]  # bits per second of each layer, as of the last measurement; of one that is off, from before
        self.usual_rates = [0.0]  # of each layer when it ran last; before that, what it may well take
        self.resizes = 0  # the subscriptions follow ten times a second: a sender may resize with each picture
        self.uplink = Uplink(self)
        self._measured = [(0, 0.0)]  # octets so far, and when
        self.ingress: Ingress | None = None
        self._payload_types: tuple[int, int | None] = (-1, None)
        self._policers: Policers = {} if policers is None else policers
        self._shut: list[str] = []  # the layers that the sender was told of

    @property
    def kind(self) -> str:
        return self.codec.kind

    @property
    def payload_type(self) -> int:
        return self._payload_types[0]

    @property
    def repair_payload_type(self) -> int | None:
        return self._payload_types[1]

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Lowest first."""
        return LAYER_NAMES[len(self.sources)]

    @property
    def is_screen(self) -> bool:
        return self.source == "screen"

    @property
    def sizes(self) -> list[tuple[int, int] | None]:
        """Frame size per layer, None where no keyframe has shown it."""
        return [source.size if source else None for source in self.sources]

    @property
    def shares(self) -> list[Sequence[float]]:
        """Per layer: which part of its rate is left with temporal layers up to 0, 1, 2, 3."""
        return [source.temporal.values if source else WHOLE for source in self.sources]

    @property
    def last_packet_at(self) -> list[float]:
        return [source.last_packet_at if source else NEVER for source in self.sources]

    def place(
        self, ingress: Ingress, mid: str, rids: list[str], codec: Codec, payload_types: tuple[int, int | None]
    ) -> None:
        """The m-line that carries it from now on, and how; the same one again changes nothing."""
        before = self.ingress, self.mid, self.rids, self.codec, self._payload_types
        if (ingress, mid, rids, codec, payload_types) == before:
            return
        self.clear()
        self.ingress, self.mid, self.rids, self._payload_types = ingress, mid, rids, payload_types
        self._take_codec(codec)
        self.sources = [None] * max(1, len(rids))
        self.rates, self._measured = [0.0] * len(self.sources), [(0, 0.0)] * len(self.sources)
        self.usual_rates = [self._nominal_rate(layer) for layer in range(len(self.sources))]
        self.uplink.restart()
        for subscription in self.subscriptions:
            subscription.update()

    def _take_codec(self, codec: Codec) -> None:
        if codec is not self.codec:
            self.codec = codec
            for subscription in self.subscriptions:
                subscription.codec_changed()

    def require_fallback(self) -> None:
        """Somebody cannot decode it: have it published in the codec that everybody can."""
        self.peer.require_fallback(self.source)

    def source_at(self, layer: int, ssrc: int) -> Source:
        """A new source for a layer, in place of what sent it before."""
        self._drop(layer)
        source = Source(ssrc, self.track, layer, self.codec, self._payload_types, self._policer(layer))
        source.on_resized = self._resized
        if self.source == "microphone":
            source.on_level = self._observe
        self.sources[layer] = source
        return source

    def measure(self, now: float) -> None:
        """Bring `rates` up to date, each second. A layer that fails counts as stopped at once; a peak fades slowly."""
        for layer, source in enumerate(self.sources):
            octets, (before, at) = (source.reception.octets if source else 0), self._measured[layer]
            self._measured[layer] = (octets, now)
            rate = (octets - before) * 8 / (now - at) if at and octets >= before else 0.0
            runs = source is not None and now - source.last_packet_at < STOPPED_SECONDS
            if source is not None:
                source.temporal.measure()
            if runs:
                self.rates[layer] = max(rate, PEAK_FADES * self.rates[layer])
                self.usual_rates[layer] = self.rates[layer] or self.usual_rates[layer]
            elif self.uplink.is_due(layer, now):
                self.rates[layer] = 0.0
            else:  # it is off: with no rate at all it would never be asked for again
                self.rates[layer] = self.rates[layer] or self.usual_rates[layer]

    def police(self) -> None:
        """Shut what has sent too much for too long, each second, and tell the sender; to viewers it has stopped."""
        policers = [self._policer(layer).judge() for layer in range(len(self.sources))]
        shut = [name for name, is_shut in zip(self.layer_names, policers, strict=True) if is_shut]
        if shut != self._shut:
            self._shut = shut
            self.peer.emit("policed", source=self.source, layers=shut)

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it is forwarded: it is muted, or the meeting is frozen."""
        return self.muted or self.peer.router.frozen

    def set_muted(self, *, muted: bool) -> None:
        """Stop or resume the forwarding."""
        self.muted = muted
        self.silence_changed()

    def silence_changed(self) -> None:
        """Bring the subscriptions to what `is_silent` says now."""
        if self.source == "microphone":
            self.peer.router.forget_voice(self.peer.id)
        for subscription in self.subscriptions:
            subscription.update()

    def request_keyframe(self, layer: int, now: float) -> None:
        source = self.sources[layer] if layer < len(self.sources) else None
        if source is not None and self.ingress is not None:
            self.ingress.request_keyframe(source, now)

    def clear(self) -> None:
        """Forget all sources: the publication ended or moves."""
        for layer in range(len(self.sources)):
            self._drop(layer)
        self.ingress = None

    def describe(self) -> Json:
        layers = list(self.layer_names) if self.kind == "video" else []
        return {"mid": self.mid, "source": self.source, "kind": self.kind, "codec": self.codec.name, "layers": layers}

    def _nominal_rate(self, layer: int) -> float:
        """What a layer may take that was never measured: a quarter of its limit."""
        return BITS_PER_SECOND[self.source] * LAYER_SHARES[len(self.sources)][layer] / 4

    def _policer(self, layer: int) -> TrackPolicer:
        layers = len(self.sources)
        if (layers, layer) not in self._policers:
            packets = VIDEO_PACKETS_PER_SECOND if self.kind == "video" else AUDIO_PACKETS_PER_SECOND
            bits = BITS_PER_SECOND[self.source] * LAYER_SHARES[layers][layer]
            self._policers[layers, layer] = TrackPolicer(packets_per_second=packets, bits_per_second=bits)
        return self._policers[layers, layer]

    def _drop(self, layer: int) -> None:
        source = self.sources[layer]
        if source is None:
            return
        self.sources[layer] = None
        source.on_level = source.on_resized = None
        for forward in list(source.forwards):
            forward.want(None)
        if self.ingress is not None:
            self.ingress.remove_source(source)
        for subscription in self.subscriptions:
            subscription.update()

    def _resized(self) -> None:
        self.resizes += 1

    def _observe(self, level: int) -> None:
        if not self.is_silent:
            self.peer.router.hear(self.peer.id, level, time.monotonic())
