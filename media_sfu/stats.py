"""Counters of peers and of the worker, and the loop's lag."""

import time
from dataclasses import asdict, dataclass, fields

from media_sfu.control.messages import Json


@dataclass(slots=True)
class PeerCounters:
    """Totals of one peer since `create_peer`, over all its transports.

    Bytes are UDP payload of authenticated SRTP packets, retransmissions included; RTCP, STUN and DTLS are not. `_in`
    is what the peer sends, or asks for by NACK; `nack_out` and `keyframes_asked` are what it was asked for. Lost are
    packets, on the way to us and on the way from us.
    """

    bytes_in: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    packets_out: int = 0
    retransmitted_out: int = 0
    nack_in: int = 0
    keyframe_requests: int = 0
    nack_out: int = 0
    keyframes_asked: int = 0
    lost_in: int = 0
    lost_out: int = 0
    layer_switches: int = 0

    def add(self, other: "PeerCounters") -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def as_json(self) -> Json:
        return asdict(self)


class PacketRates:
    """Packets per second of the whole worker, from growing totals."""

    def __init__(self) -> None:
        self._last = (0, 0)
        self._at = time.monotonic()

    def sample(self, total_in: int, total_out: int) -> tuple[float, float]:
        """Rates since the last call."""
        now = time.monotonic()
        elapsed = max(now - self._at, 0.001)
        rates = (total_in - self._last[0]) / elapsed, (total_out - self._last[1]) / elapsed
        self._last, self._at = (total_in, total_out), now
        return rates


class LoopLag:
    """How late the worker's 20 ms tick comes: what a packet may have to wait for the loop."""

    def __init__(self) -> None:
        self._worst = 0.0

    def note(self, seconds: float) -> None:
        self._worst = max(self._worst, seconds)

    def take_worst_ms(self) -> float:
        """The worst lag since the last call."""
        worst, self._worst = self._worst, 0.0
        return round(worst * 1000, 1)
