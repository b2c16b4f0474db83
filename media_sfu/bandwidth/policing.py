"""What one incoming track may send: caps on packets and bits, as token buckets."""

AUDIO_PACKETS_PER_SECOND = 120
VIDEO_PACKETS_PER_SECOND = 1500
TOLERANCE = 1.5
"""The bit rate may be this much above the negotiated one."""
BURST_SECONDS = 5.0
"""How long a track may exceed the tolerated bit rate twofold."""
LASTING = 3
"""Seconds in a row of too much after which a layer is shut, and of no such thing after which it is opened again."""


class TokenBucket:
    """Earns `rate` per second up to `burst`; starts full."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._tokens = rate, burst, burst
        self._at = 0.0

    def take(self, amount: float, now: float) -> bool:
        """Spend `amount` if there is enough; nothing is spent otherwise."""
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if tokens < amount:
            self._tokens = tokens
            return False
        self._tokens = tokens - amount
        return True


class TrackPolicer:
    """The caps of one incoming layer or track; `bits_per_second` is the negotiated rate before TOLERANCE.

    What is too much is refused packet by packet; when that lasts, everything is (`is_shut`): a picture of which most is
    missing is none, and its repair would cost its viewers more than it gives them.
    """

    __slots__ = ("_bits", "_packets", "_refused", "_seconds", "is_shut")

    def __init__(self, *, packets_per_second: int, bits_per_second: float) -> None:
        tolerated = bits_per_second * TOLERANCE
        self._packets = TokenBucket(packets_per_second, packets_per_second)
        self._bits = TokenBucket(tolerated, tolerated * BURST_SECONDS)
        self._refused = False
        self._seconds = 0
        self.is_shut = False

    def admit(self, size: int, now: float) -> bool:
        """Say whether a packet of `size` octets is within the caps."""
        if self._packets.take(1, now) and self._bits.take(size * 8, now):
            return not self.is_shut
        self._refused = True
        return False

    def judge(self) -> bool:
        """Called each second; whether it is shut now."""
        exceeded, self._refused = self._refused, False
        self._seconds = self._seconds + 1 if exceeded != self.is_shut else 0
        if self._seconds >= LASTING:
            self.is_shut, self._seconds = exceeded, 0
        return self.is_shut
