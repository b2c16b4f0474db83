"""How much one client may send. Pure arithmetic: time comes in as a value, in seconds of a steady clock."""

from dataclasses import dataclass

BURST = 100
PER_SECOND = 50.0
PATIENCE_SECONDS, MOST_REFUSED = 10.0, 1000
MOST_BAD_FRAMES = 10


@dataclass
class RateLimit:
    """100 messages at once and 50 a second on average; who exceeds that for 10 s, or by 1,000 messages, has to go."""

    now: float
    tokens: float = BURST
    too_fast_since: float | None = None
    refused: int = 0

    def admits(self, now: float) -> bool:
        """Count one message; whether it may be handled."""
        self.tokens = min(BURST, self.tokens + (now - self.now) * PER_SECOND)
        self.now = now
        if self.tokens >= BURST / 2:
            self.too_fast_since, self.refused = None, 0  # a real pause, not just one token dripping in
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        if self.too_fast_since is None:
            self.too_fast_since = now
        self.refused += 1
        return False

    def is_exhausted(self, now: float) -> bool:
        if self.too_fast_since is None:
            return False
        return self.refused >= MOST_REFUSED or now - self.too_fast_since >= PATIENCE_SECONDS
