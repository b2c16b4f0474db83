"""Active speakers and the dominant one, from the audio levels that RTP carries (RFC 6464). LiveKit's rule.

Within each interval of 400 ms a stream is active if at least 40 % of it was at −35 dBov or louder. The loudest level,
weighted with that share, goes into a moving average over two intervals; an active stream counts as speaking for
another second.
"""

from math import log10
from typing import NamedTuple

INTERVAL = 0.4
THRESHOLD = 35
"""−dBov: a level value up to this one is speech."""
MIN_ACTIVE = 0.4
SMOOTHING = 2 / 3
"""Weight of the newest interval: the moving average over two."""
HOLD = 1.0
TAKE_OVER = 1.5
"""How much louder (linear, smoothed) somebody must be to become dominant while the dominant one still speaks."""
LEVEL_STEP = 5
"""Levels are told in steps of so many dB, so that small changes are no news."""
PACKET_SECONDS = 0.02


class Speaker(NamedTuple):
    """`level` from −127 to 0 dBov."""

    participant: str
    level: int


class Speakers(NamedTuple):
    """Who speaks, loudest first, and who is dominant (the last one stays it in silence)."""

    speakers: tuple[Speaker, ...]
    dominant: str | None


class _Stream:
    __slots__ = ("active", "loudest", "smoothed", "speaking_until")

    def __init__(self) -> None:
        self.active = 0.0
        self.loudest = 127
        self.smoothed = 0.0
        self.speaking_until = 0.0

    def close_interval(self, elapsed: float, now: float) -> None:
        share = min(1.0, self.active / elapsed)
        volume = 0.0
        if share >= MIN_ACTIVE:
            volume = 10 ** (-self.loudest / 20) * share
            self.speaking_until = now + HOLD
        self.smoothed += (volume - self.smoothed) * SMOOTHING
        self.active, self.loudest = 0.0, 127


class SpeakerDetector:
    """The audio of one meeting."""

    __slots__ = ("_dominant", "_interval_began", "_spoke", "_streams", "_told")

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._spoke: dict[str, float] = {}  # until when those did whose sound was removed
        self._interval_began: float | None = None
        self._dominant: str | None = None
        self._told = Speakers((), None)

    def observe(self, participant: str, level: int, seconds: float = PACKET_SECONDS) -> None:
        """Note the level octet of a packet (its low 7 bits: −dBov) and how much sound it holds."""
        level &= 127
        stream = self._streams.get(participant)
        if stream is None:
            stream = self._streams[participant] = _Stream()
        if level <= THRESHOLD:
            stream.active += seconds
            if level < stream.loudest:
                stream.loudest = level

    def last_spoke(self, participant: str) -> float:
        """Until when a participant has counted as speaking, also one who is muted since; 0 for one who never did."""
        stream = self._streams.get(participant)
        return max(stream.speaking_until if stream is not None else 0.0, self._spoke.get(participant, 0.0))

    def remove(self, participant: str) -> None:
        """A participant was muted or stopped sending sound: is told as a speaker no longer, and has spoken."""
        spoke = self.last_spoke(participant)
        if self._streams.pop(participant, None) is not None and spoke:
            self._spoke[participant] = spoke

    def forget(self, participant: str) -> None:
        """A participant left."""
        self._streams.pop(participant, None)
        self._spoke.pop(participant, None)

    def update(self, now: float) -> Speakers | None:
        """Give the speakers if an interval has ended and something changed, else None. To be called every 100 ms."""
        if self._interval_began is None:
            self._interval_began = now
        elapsed = now - self._interval_began
        if elapsed < INTERVAL:
            return None
        self._interval_began = now
        for stream in self._streams.values():
            stream.close_interval(elapsed, now)
        speakers = Speakers(self._speaking(now), self._choose_dominant(now))
        if speakers == self._told:
            return None
        self._told = speakers
        return speakers

    def _speaking(self, now: float) -> tuple[Speaker, ...]:
        speaking = [(name, stream) for name, stream in self._streams.items() if now < stream.speaking_until]
        speaking.sort(key=lambda item: -item[1].smoothed)
        return tuple(Speaker(name, _level(stream.smoothed)) for name, stream in speaking)

    def _choose_dominant(self, now: float) -> str | None:
        if self._dominant not in self._streams:
            self._dominant = None
        loudest = max(self._streams, key=lambda name: self._streams[name].smoothed, default=None)
        if loudest is not None and self._takes_over(self._streams[loudest], now):
            self._dominant = loudest
        return self._dominant

    def _takes_over(self, challenger: _Stream, now: float) -> bool:
        if now >= challenger.speaking_until:
            return False
        dominant = self._streams.get(self._dominant) if self._dominant is not None else None
        if dominant is None or now >= dominant.speaking_until:
            return True
        return challenger.smoothed > dominant.smoothed * TAKE_OVER


def _level(volume: float) -> int:
    return max(-127, min(0, round(20 * log10(volume) / LEVEL_STEP) * LEVEL_STEP))
