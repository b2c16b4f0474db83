"""What a peer gets of the videos in its view, and why it is not more: told while somebody watches, else never made."""

import time
from typing import TYPE_CHECKING

from media_sfu.codecs.thinning import HIGHEST as ALL
from media_sfu.control.messages import MAX_TILES, Json
from media_sfu.publication import LAYER_NAMES
from media_sfu.subscription import Subscription

if TYPE_CHECKING:
    from media_sfu.peer import Peer

TELL_SECONDS = 2.0


class DeliveryWatch:
    """From `watch_delivery` on to off. To be ticked about every second."""

    def __init__(self, peer: "Peer") -> None:
        self._peer = peer
        self._told_at = time.monotonic()
        self._octets = self._sent_so_far()

    def tick(self, now: float) -> None:
        """Tell what is delivered, every 2 s."""
        elapsed = now - self._told_at
        if elapsed < TELL_SECONDS - 0.5:  # a tick that comes early is not to cost a whole second
            return
        self._told_at = now
        before, self._octets = self._octets, self._sent_so_far()
        shown = [each for each in self._octets if self._peer.view is None or self._peer.sees(each.publication)]
        tiles = [_tile(each, (self._octets[each] - before.get(each, 0)) * 8 / elapsed) for each in shown[:MAX_TILES]]
        self._peer.emit("delivery", estimate_kbps=self._estimate(), tiles=tiles)

    def _sent_so_far(self) -> dict[Subscription, int]:
        """Octets of each video, whether it is in view or not."""
        side = self._peer.subscribing
        videos = [each for each in side.subscriptions() if each.publication.kind == "video"] if side else []
        return {each: each.forward.rewriter.octets for each in videos}

    def _estimate(self) -> int | None:
        side = self._peer.subscribing
        return round(side.downlink.estimator.bits_per_second / 1000) if side is not None else None


def _tile(subscription: Subscription, bits_per_second: float) -> Json:
    publication, source = subscription.publication, subscription.forward.source
    layers = LAYER_NAMES[len(publication.sources)]
    return {
        "participant": publication.peer.id,
        "source": publication.source,
        "layer": layers[source.layer] if source is not None else None,
        "layers": list(layers),
        "codec": publication.codec.name,
        "kbps": round(bits_per_second / 1000),
        "limited_by": limited_by(subscription),
    }


def limited_by(subscription: Subscription) -> str | None:
    """Why the subscriber does not get the best there could be of a video; None when it does, or soon will."""
    publication = subscription.publication
    if publication.is_silent:
        return "muted"
    if subscription.allowed is None:
        return "paused"
    deserved, best = subscription.deserved_layer(), len(publication.rates) - 1
    if deserved is None:
        return None
    running = max((layer for layer, rate in enumerate(publication.rates) if rate), default=-1)
    possible = min(deserved, running)
    if subscription.allowed < possible or (subscription.allowed == possible and subscription.allowed_temporal < ALL):
        return "network"
    if running < deserved:
        return "sender"
    return "size" if deserved < best else None
