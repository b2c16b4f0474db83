"""Saving a publisher's uplink: its client is told which layers somebody watches, and sends no others."""

import time
from typing import TYPE_CHECKING

from media_sfu.forwarding.wanted import WantedLayers

if TYPE_CHECKING:
    from media_sfu.publication import Publication
    from media_sfu.subscription import Subscription


class Uplink:
    """The layers of one publication of video that its sender sends. Sound is always sent: it tells who speaks."""

    def __init__(self, publication: "Publication") -> None:
        self._publication = publication
        self._layers = WantedLayers(1, time.monotonic())

    def restart(self) -> None:
        """The publication begins, or moves to another m-line, whose layers are all on."""
        before, self._layers = self._layers, WantedLayers(len(self._publication.sources), time.monotonic())
        if not before.is_whole:
            self.tell()  # what is on its way to the client holds for the m-line of before

    def watch(self, subscription: "Subscription") -> None:
        """What this subscription watches has changed: what is missing for it is switched on at once."""
        if self._publication.kind == "video":
            now = time.monotonic()
            if self._layers.watch(subscription.watched_layers(), now):
                self.tell()

    def save(self, now: float) -> None:
        """Switch off what nobody watches any more, each second. A muted source sends nothing anyway."""
        publication = self._publication
        if publication.kind == "audio":
            return
        if publication.muted or any(not each.is_accepted for each in publication.subscriptions):
            self._layers.hold(now)
        watched = {layer for each in publication.subscriptions for layer in each.watched_layers()}
        is_missing = self._layers.watch(watched, now)
        if self._layers.drop_unwatched(now) or is_missing:
            self.tell()

    def is_due(self, layer: int, now: float) -> bool:
        """Whether packets of this layer are to be expected: its sender was told long enough ago to send it."""
        return self._layers.is_due(layer, now)

    def repeat(self) -> None:
        """Tell a new owner of the peer what its client may have missed."""
        if not self._layers.is_whole:
            self.tell()

    def tell(self) -> None:
        publication = self._publication
        layers = [name for layer, name in enumerate(publication.layer_names) if layer in self._layers.on]
        publication.peer.emit("layers_wanted", source=publication.source, layers=layers)
