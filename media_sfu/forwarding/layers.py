"""Which simulcast layer a subscriber gets: choice by the tile's size, and the switch at a keyframe.

Layers are counted from 0, the lowest.
"""

from collections.abc import Sequence
from math import inf
from typing import Literal

SILENCE = 0.25
"""Seconds without a packet after which a layer counts as stopped, if another one still runs."""
NEVER = -inf
"""The time of the last packet of a layer that has not sent any."""

UPSCALING = 1.25
"""A layer may be enlarged by this factor before the next one is taken."""
UPSCALING_DOWN = 1.1
"""Before a lower layer than the present one is taken it must fit this much better: the hysteresis."""

FrameSize = tuple[int, int]


class LayerSwitch:
    """The layer that one subscription of a publication forwards (`current`), and the one it wants.

    Nothing passes before the first keyframe. The packet path compares `current` with the packet's layer and asks
    `admit` only when they differ.
    """

    __slots__ = ("_proposed", "_target", "_wanted", "current")

    def __init__(self) -> None:
        self.current: int | None = None
        self._wanted: int | None = None
        self._target: int | None = None
        self._proposed: int | None = None

    def want(self, layer: int | None) -> None:
        """Aim at a layer; None stops the forwarding at once, and it starts again with a keyframe."""
        self._wanted = self._target = layer
        if layer is None:
            self.current = None

    def admit(self, layer: int, *, keyframe: bool) -> bool:
        """Say whether to switch to `layer` with this packet; then it is `current`, and the Rewriter must switch.

        `keyframe`: the packet starts one and is the newest of its layer. The first picture may come from any layer
        up to the target.
        """
        target = self._target
        if not keyframe or target is None:
            return False
        if layer == self._wanted:
            self._target = target = layer  # it was given up for silent, maybe: its keyframe says that it is back
        if layer == target or (self.current is None and layer < target):
            self.current = layer
            return True
        return False

    def check(self, now: float, last_packet_at: Sequence[float]) -> int | None:
        """Adjust the target to the layers that run; give the layer of which a keyframe is needed, or None.

        `last_packet_at` has the time of the last packet per layer, NEVER if there was none. To be called every 100 ms
        and after `want`; KeyframeRequests limits what really is sent.
        """
        wanted = self._wanted
        if wanted is None:
            return None
        running = _running(now, last_packet_at)
        proposed = _nearest(wanted, running, default=wanted)
        # The layers of a slow camera come a few milliseconds apart; a layer that stopped is still silent next time.
        if self.current is None or proposed == self._proposed:
            self._target = proposed
        self._proposed = proposed
        target = wanted if self._target is None else self._target
        return None if target == self.current or target not in running else target


def _running(now: float, last_packet_at: Sequence[float]) -> list[int]:
    """The layers that send; if none does (a still screen) those that ever did."""
    running = [layer for layer, at in enumerate(last_packet_at) if now - at <= SILENCE]
    return running or [layer for layer, at in enumerate(last_packet_at) if at != NEVER]


def _nearest(wanted: int, layers: Sequence[int], *, default: int) -> int:
    """`wanted`, else the next lower, else the next higher one."""
    lower = [layer for layer in layers if layer <= wanted]
    if lower:
        return lower[-1]
    return layers[0] if layers else default


def select_layer(
    width: int,
    height: int,
    sizes: Sequence[FrameSize | None],
    *,
    current: int | None = None,
    source: Literal["camera", "screen"] = "camera",
) -> int | None:
    """Choose the lowest layer that looks right in a tile of `width` × `height` device pixels; None for an empty tile.

    `sizes` has the frame size per layer, lowest first, None where unknown (then each is taken for half of the next).
    `current` is the present choice, left downwards only with a margin. A shared screen is never enlarged: text blurs.
    With no size known at all it is the lowest layer, which shows a size with its first keyframe.
    """
    if width <= 0 or height <= 0 or not sizes:
        return None
    complete = _complete(sizes)
    for layer, size in enumerate(complete):
        camera_limit = UPSCALING if current is None or layer >= current else UPSCALING_DOWN
        if _enlargement(width, height, size) <= (1.0 if source == "screen" else camera_limit):
            return layer
    return max(0, len(complete) - 1)


def _enlargement(width: int, height: int, size: FrameSize) -> float:
    """The factor by which a frame grows to fit into the tile."""
    return min(width / size[0], height / size[1])


def _complete(sizes: Sequence[FrameSize | None]) -> list[FrameSize]:
    known = next(((layer, size) for layer, size in enumerate(sizes) if size), None)
    if known is None:
        return []
    reference, (width, height) = known
    return [size or _scaled(width, height, layer - reference) for layer, size in enumerate(sizes)]


def _scaled(width: int, height: int, steps: int) -> FrameSize:
    factor = 2.0**steps
    return max(1, round(width * factor)), max(1, round(height * factor))
