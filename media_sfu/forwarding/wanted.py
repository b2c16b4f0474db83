"""Which layers of a publication its sender is to send: one that nobody watches is switched off after a while.

Layers are counted from 0, the lowest.
"""

from collections.abc import Iterable

from media_sfu.forwarding.layers import NEVER

UNWATCHED_SECONDS = 5.0
"""How long nobody has watched a layer when it is switched off: whoever turns a page back finds it running."""
FIRST_SECONDS = 10.0
"""How long everything is sent at first: the sender finds out what its link carries, the others come in."""
RETURN_SECONDS = 3.0
"""Within this time after it was switched on a layer may still be on its way."""


class WantedLayers:
    """The layers of one publication that are to be sent (`on`): all at first."""

    __slots__ = ("_on_since", "_watched_at", "on")

    def __init__(self, count: int, now: float) -> None:
        self.on = set(range(count))
        self._watched_at = [now + FIRST_SECONDS - UNWATCHED_SECONDS] * count
        self._on_since = [NEVER] * count

    @property
    def is_whole(self) -> bool:
        """Whether every layer is to be sent."""
        return len(self.on) == len(self._watched_at)

    def watch(self, layers: Iterable[int], now: float) -> bool:
        """Somebody watches these layers, or waits for them. Says whether that is news to the sender.

        A layer above the highest stands for the highest.
        """
        watched = {min(layer, len(self._watched_at) - 1) for layer in layers}
        for layer in watched:
            self._watched_at[layer] = max(self._watched_at[layer], now)
        missing = watched - self.on
        for layer in missing:
            self._on_since[layer] = now
        self.on |= missing
        return bool(missing)

    def hold(self, now: float) -> None:
        """Switch nothing off for now: it is not known yet what somebody will watch."""
        self.watch(self.on, now)

    def drop_unwatched(self, now: float) -> bool:
        """Switch off what nobody has watched for long enough. Says whether that is news to the sender."""
        unwatched = {layer for layer in self.on if now - self._watched_at[layer] >= UNWATCHED_SECONDS}
        self.on -= unwatched
        return bool(unwatched)

    def is_due(self, layer: int, now: float) -> bool:
        """Whether this layer runs if its sender can send it: it is on, and not since a moment ago."""
        return layer in self.on and now - self._on_since[layer] >= RETURN_SECONDS
