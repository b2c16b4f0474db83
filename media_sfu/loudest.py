"""Who is heard in a large meeting: the few loudest voices, chosen packet by packet from RTP's audio levels (RFC 6464).

The choice is made before the packet that causes it is forwarded, so no first syllable is lost; hysteresis keeps
everybody who speaks from being cut off by a cough.
"""

VOICE = 45
"""−dBov: a packet up to this level may win a place."""
HOLD = 1.0
"""Seconds of silence after which a place may be taken by any voice."""
LOUDER = 10.0
"""dB by which a voice must exceed the weakest one that still speaks to take its place."""
SUSTAINED = 0.1
"""Seconds for which it must have spoken before it may: a cough or a click does not."""
PAUSE = 0.2
"""Seconds without voice after which it counts as beginning anew."""
RELEASE = 40.0
"""dB per second by which the smoothed level falls; it rises at once."""
SILENT = 127.0


class _Stream:
    __slots__ = ("began", "heard", "level", "spoke")

    def __init__(self, now: float) -> None:
        self.level = SILENT  # smoothed, −dBov: lower is louder
        self.heard = now
        self.spoke = self.began = float("-inf")

    def level_at(self, now: float) -> float:
        """What the level has fallen to: in silence there may be no packets that would say so (DTX)."""
        return self.level + RELEASE * (now - self.heard)

    def hear(self, level: int, now: float) -> bool:
        """Note a packet; whether it holds voice."""
        self.level, self.heard = min(float(level), self.level_at(now)), now
        if level > VOICE:
            return False
        if now - self.spoke > PAUSE:
            self.began = now
        self.spoke = now
        return True


class LoudestStreams:
    """The sound streams of one meeting and the `places` of them that are heard."""

    __slots__ = ("_places", "_streams", "heard")

    def __init__(self, places: int) -> None:
        self.heard: set[str] = set()
        self._places = places
        self._streams: dict[str, _Stream] = {}

    def knows(self, name: str) -> bool:
        """Whether any level of this stream was ever told."""
        return name in self._streams

    def hear(self, name: str, level: int, now: float) -> tuple[str, ...]:
        """Note the level octet of a packet (−dBov in its low 7 bits).

        Gives the streams for which `heard` is news: those whose place changed, and one that was not known before.
        """
        news: tuple[str, ...] = ()
        stream = self._streams.get(name)
        if stream is None:
            stream, news = self._streams.setdefault(name, _Stream(now)), (name,)
        if not stream.hear(level & 127, now) or name in self.heard:
            return news
        loser = None
        if len(self.heard) >= self._places:
            loser = self._loser(stream, now)
            if loser is None:
                return news
            self.heard.discard(loser)
        self.heard.add(name)
        return (name,) if loser is None else (loser, name)

    def remove(self, name: str) -> None:
        """Forget a stream that ended or was muted; its place is free."""
        self._streams.pop(name, None)
        self.heard.discard(name)

    def _loser(self, challenger: _Stream, now: float) -> str | None:
        """Who gives way: whoever has been silent the longest, else somebody much quieter."""
        longest = min(self.heard, key=lambda name: self._streams[name].spoke)
        if now - self._streams[longest].spoke > HOLD:
            return longest
        weakest = max(self.heard, key=lambda name: self._streams[name].level_at(now))
        is_louder = challenger.level + LOUDER <= self._streams[weakest].level_at(now)
        return weakest if is_louder and now - challenger.began >= SUSTAINED else None
