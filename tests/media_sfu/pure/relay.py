"""One subscription fed as the packet path of the worker feeds it, and what it sent, for the forwarding tests."""

import dataclasses

from media_sfu.codecs import CODECS, Codec
from media_sfu.forwarding.clock import SenderClock
from media_sfu.forwarding.layers import LayerSwitch
from media_sfu.forwarding.retransmission import RetransmissionBuffer
from media_sfu.forwarding.rewriter import Rewriter
from media_sfu.forwarding.sequence import SequenceWindow
from media_sfu.rtp import packet


def codec(name: str) -> Codec:
    return CODECS[name.lower()]


@dataclasses.dataclass(frozen=True)
class Sent:
    """A packet sent, with the input it was made of and the number of the switch it belongs to."""

    data: bytes
    layer: int
    sequence: int
    stint: int
    header: packet.Header

    @property
    def number(self) -> int:
        return self.header[2]

    @property
    def timestamp(self) -> int:
        return self.header[3]

    @property
    def payload(self) -> bytes:
        return self.data[self.header[8] : self.header[9]]


class Relay:
    """`layers` incoming SSRCs of one publication, one subscriber."""

    def __init__(self, layers: int = 1, *, name: str = "VP8", first_sequence: int = 2000, level_id: int = 0) -> None:
        self.codec = codec(name)
        self.history = RetransmissionBuffer(0xBBBB, 5000)
        self.rewriter = Rewriter(
            0xAAAA, self.codec, first_sequence, stamp_element=0x32, level_id=level_id, history=self.history
        )
        self.windows = [SequenceWindow() for _ in range(layers)]
        self.clocks = [SenderClock(self.codec.clock_rate) for _ in range(layers)]
        self.switch = LayerSwitch()
        self.switch.want(0)
        self.stint = 0
        self.sent: list[Sent] = []
        self.swallowed: list[tuple[int, int]] = []

    def feed(self, data: bytes, *, layer: int = 0, now: float = 0.0) -> Sent | None:
        marker, _, short, timestamp, _, _, _, _, start, end = packet.parse(data)
        sequence = self.windows[layer].accept(short)
        if sequence is None:
            return None
        description = self.codec.describe(data, start, end)
        if layer != self.switch.current:
            newest = sequence == self.windows[layer].highest
            if not self.switch.admit(layer, keyframe=description[1] and newest):
                return None
            self.rewriter.switch(self.clocks[layer], data, sequence, timestamp, start, description, now)
            self.stint += 1
        out = self.rewriter.rewrite(data, marker, sequence, timestamp, start, end, description, 0, now)
        if out is None:
            if start == end:
                self.swallowed.append((self.stint, sequence))
            return None
        sent = Sent(out, layer, sequence, self.stint, packet.parse(out))
        self.sent.append(sent)
        return sent
