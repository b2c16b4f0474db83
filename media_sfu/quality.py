"""How well a participant's connection works, from loss and round trip."""

from media_sfu.control.messages import Json

POOR_LOSS, FAIR_LOSS = 0.10, 0.03
POOR_ROUND_TRIP, FAIR_ROUND_TRIP = 0.6, 0.3


class QualityJudge:
    """Remembers the level that was told. Until then whoever hears it takes it for good."""

    def __init__(self) -> None:
        self._level = "good"

    def begin_anew(self) -> None:
        """Whoever hears it is somebody else now, or may have missed what was told."""
        self._level = "good"

    def judge(self, *, connected: bool, loss_up: float, loss_down: float, round_trips: list[float]) -> Json | None:
        """The fields of a `quality` event when the level has changed, else None. Losses as shares, times in seconds."""
        round_trip = min(round_trips, default=0.0)
        level = _level(max(loss_up, loss_down), round_trip) if connected else "lost"
        if level == self._level:
            return None
        self._level = level
        return {
            "level": level,
            "loss_up": round(loss_up, 4),
            "loss_down": round(loss_down, 4),
            "round_trip_ms": round(round_trip * 1000),
        }


def lost_share(deliveries: list[tuple[int, int]]) -> float:
    """The share lost of all packets, from (sent, received) of each stream."""
    sent = sum(delivery[0] for delivery in deliveries)
    received = sum(delivery[1] for delivery in deliveries)
    return min(1.0, max(0.0, 1 - received / sent)) if sent > 0 else 0.0


def _level(loss: float, round_trip: float) -> str:
    if loss >= POOR_LOSS or round_trip >= POOR_ROUND_TRIP:
        return "poor"
    if loss >= FAIR_LOSS or round_trip >= FAIR_ROUND_TRIP:
        return "fair"
    return "good"
