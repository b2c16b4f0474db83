"""How often keyframes are asked for: per incoming SSRC, and per subscriber that keeps complaining."""

MIN_INTERVAL = 0.5
"""Seconds between two requests to one incoming SSRC."""
MAX_INTERVAL = 8.0
"""Longest wait, in seconds, imposed on a subscriber."""
RECOVERY = 2.0
"""Quiet time, in seconds, that halves a subscriber's wait."""


class KeyframeRequests:
    """The requests to one incoming SSRC: at once if the last is MIN_INTERVAL old, else one more when it is."""

    __slots__ = ("_last", "_pending")

    def __init__(self) -> None:
        self._last = -MIN_INTERVAL
        self._pending = False

    def request(self, now: float) -> bool:
        """Say whether to send a request now; otherwise `due` will say so later."""
        if now - self._last < MIN_INTERVAL:
            self._pending = True
            return False
        self._last, self._pending = now, False
        return True

    def due(self, now: float) -> bool:
        """Say whether to send the request that `request` put off. To be polled every 50–100 ms."""
        return self._pending and self.request(now)

    def received(self) -> None:
        """A keyframe has come: whatever was put off is satisfied."""
        self._pending = False


class SubscriberBudget:
    """Exponential back-off for the PLI and FIR of one subscription.

    A viewer that cannot decode at all (lost keys, broken decoder) sends many per second, and each answered one costs
    every other viewer a keyframe.
    """

    __slots__ = ("_asked_at", "_granted_at", "_interval")

    def __init__(self) -> None:
        self._interval = MIN_INTERVAL
        self._asked_at = self._granted_at = -MAX_INTERVAL

    def allow(self, now: float) -> bool:
        """Say whether to pass this request on; each one granted doubles the wait for the next."""
        quiet = int((now - self._asked_at) / RECOVERY)
        self._asked_at = now
        if quiet > 0:
            self._interval = max(MIN_INTERVAL, self._interval * 0.5 ** min(quiet, 8))
        if now - self._granted_at < self._interval:
            return False
        self._granted_at = now
        self._interval = min(MAX_INTERVAL, self._interval * 2)
        return True
