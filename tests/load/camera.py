"""A camera that plays clips: simulcast, keyframes on demand, retransmissions, layers switched off and on."""

import random
from typing import Any

from media_sfu.rtp import rtcp
from tests.load.clip import FRAME_RATE, clip
from tests.load.outgoing import OutgoingStream, Sending, named
from tests.load.packetizer import descriptors, split
from tests.media_sfu.peer_media import RTX, VP8

RIDS = {1: ("",), 2: ("low", "high"), 3: ("low", "medium", "high")}


class CameraLayer:
    """One size of the picture. `keyframe_wanted` makes the next frame a keyframe."""

    def __init__(self, sending: Sending, mid: str, rid: str, size: str, colour: str) -> None:
        self.rid, self.size = rid, size
        self.stream = OutgoingStream(sending, VP8, 90_000, named(mid, rid))
        self.stream.repairing = OutgoingStream(sending, RTX, 90_000, named(mid, rid, repaired=True))
        self.active, self.keyframe_wanted = True, True
        self.frames = self.keyframes = 0
        self._clip = [(split(data), temporal, synchronised) for data, temporal, synchronised in clip(size, colour)]
        self._next = 0
        self._picture, self._level = random.getrandbits(15), random.getrandbits(8)

    def send_frame(self, seconds: float) -> None:
        if self.keyframe_wanted:
            self._next, self.keyframe_wanted = 0, False
        parts, temporal, synchronised = self._clip[self._next]
        self._picture = self._picture + 1 & 0x7FFF
        self._level = self._level + (temporal == 0) & 255
        head, rest = descriptors(picture=self._picture, level=self._level, temporal=temporal, synchronised=synchronised)
        last = len(parts) - 1
        for index, part in enumerate(parts):
            self.stream.send((rest if index else head) + part, seconds, marker=index == last)
        self.frames += 1
        self.keyframes += self._next == 0
        self._next = (self._next + 1) % len(self._clip)


class Camera:
    """`sizes` of `clip.SIZES`, smallest first: as many layers."""

    interval = 1 / FRAME_RATE

    def __init__(self, sending: Sending, mid: str, sizes: tuple[str, ...], colour: str) -> None:
        self.mid = mid
        self.layers = [
            CameraLayer(sending, mid, rid, size, colour) for rid, size in zip(RIDS[len(sizes)], sizes, strict=True)
        ]
        self.due = 0.0
        self.keyframe_requests = self.asked_again = self.sent_again = 0
        self._by_ssrc = {layer.stream.ssrc: layer for layer in self.layers}

    def send(self, seconds: float) -> None:
        for layer in self.layers:
            if layer.active:
                layer.send_frame(seconds)

    def report(self, cname: str, seconds: float) -> None:
        for layer in self.layers:
            layer.stream.report(cname, seconds)

    def want_layers(self, wanted: list[str]) -> None:
        """Send the layers named by RID and no others; one that comes back begins with a keyframe."""
        for layer in self.layers:
            active = layer.rid in wanted or len(self.layers) == 1 and bool(wanted)
            layer.keyframe_wanted |= active and not layer.active
            layer.active = active

    def on_rtcp(self, block: rtcp.Block) -> None:
        if isinstance(block, rtcp.PictureLossIndication):
            self._want_keyframe(block.media)
        elif isinstance(block, rtcp.FullIntraRequest):
            for ssrc, _ in block.requests:
                self._want_keyframe(ssrc)
        elif isinstance(block, rtcp.Nack):
            self._send_again(block)

    def counters(self) -> dict[str, Any]:
        layers = {
            layer.size: {
                "rid": layer.rid,
                "active": layer.active,
                "packets": layer.stream.packets,
                "octets": layer.stream.octets,
                "frames": layer.frames,
                "keyframes": layer.keyframes,
            }
            for layer in self.layers
        }
        asked = {"keyframe_requests": self.keyframe_requests, "asked_again": self.asked_again}
        return {"layers": layers, **asked, "sent_again": self.sent_again}

    def _want_keyframe(self, ssrc: int) -> None:
        layer = self._by_ssrc.get(ssrc)
        if layer is not None:
            self.keyframe_requests += 1
            layer.keyframe_wanted = True

    def _send_again(self, block: rtcp.Nack) -> None:
        layer = self._by_ssrc.get(block.media)
        if layer is not None:
            self.asked_again += len(block.sequences)
            self.sent_again += sum(layer.stream.again(sequence) for sequence in block.sequences)
