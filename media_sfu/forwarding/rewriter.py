"""What one subscriber gets of one publication: own SSRC, continuous numbers and timestamps across layer switches.

Outgoing header, 20 octets for every packet of the SSRC, 24 with an audio level, so that a native plane can template it:

    0  0x90, marker and payload type, sequence
    4  timestamp
    8  SSRC
    12 0xBEDE, number of words (1 or 2)
    16 word 1: the stamp. abs-send-time: id|2, 24-bit time; transport-cc: id|1, 16-bit number, padding; none: padding
    20 word 2 (audio level only): id|0, level octet, padding, padding
"""

from struct import Struct

from media_sfu.codecs.codec import Codec, Continuity, Description
from media_sfu.codecs.thinning import HIGHEST
from media_sfu.forwarding.clock import SenderClock, signed32
from media_sfu.forwarding.retransmission import RetransmissionBuffer
from media_sfu.forwarding.sequence import SequenceMap

FIRST_SEQUENCES = range(1000, 32768)
"""A first number near 65535 lets libsrtp lose the rollover counter when the first packets are lost."""
MAX_AHEAD, MAX_BEHIND = 0.5, 2.0
"""Seconds by which a timestamp mapped through sender reports may differ from the wall clock; else it is mad."""

_STAMP = 17  # where the 24 bits of it stand
_HEADER = Struct("!BBHIIHHI")
_LEVEL_HEADER = Struct("!BBHIIHHII")


def restamp(packet: bytes, stamp: int) -> bytes:
    """Give a packet that a Rewriter or its history has built another stamp: it has waited."""
    return packet[:_STAMP] + stamp.to_bytes(3, "big") + packet[_STAMP + 3 :]


class Rewriter:
    """Rewrites the packets of one subscription.

    `stamp_element` is the first octet of the stamp extension: `id << 4 | 2` for abs-send-time, `id << 4 | 1` for
    transport-cc, 0 for none. `level_id` is the id of the audio-level extension, 0 for none.
    `first_sequence` must be in FIRST_SEQUENCES, else ValueError. `packets` and `octets` (of payload) are what a sender
    report tells.
    """

    __slots__ = (
        "_clock",
        "_continuity",
        "_history",
        "_last_marker",
        "_last_number",
        "_last_sent_at",
        "_last_timestamp",
        "_level_element",
        "_payload_type",
        "_rate",
        "_sequences",
        "_temporal",
        "_thinned",
        "_timestamp_error",
        "_video",
        "_word",
        "codec",
        "octets",
        "packets",
        "ssrc",
        "timestamp_offset",
    )

    def __init__(
        self,
        ssrc: int,
        codec: Codec,
        first_sequence: int,
        *,
        first_timestamp: int = 0,
        stamp_element: int = 0,
        level_id: int = 0,
        history: RetransmissionBuffer | None = None,
    ) -> None:
        if first_sequence not in FIRST_SEQUENCES:
            raise ValueError("first_sequence")
        self.ssrc = ssrc
        self.packets = self.octets = 0
        self.timestamp_offset = 0
        self.codec = codec
        self._payload_type = codec.payload_type
        self._rate = codec.clock_rate
        self._video = codec.kind == "video"
        self._word = stamp_element << 24
        self._level_element = level_id << 28
        self._history = history
        self._continuity = codec.continuity()
        self._temporal = HIGHEST
        self._thinned: Continuity | None = None  # the same while pictures may have to be left out
        self._sequences = SequenceMap()
        self._clock: SenderClock | None = None
        self._last_number = first_sequence - 1
        self._last_timestamp = first_timestamp
        self._last_marker = 0x80
        self._last_sent_at = 0.0
        self._timestamp_error = 0

    @property
    def newest(self) -> int:
        """The extended number of the newest packet."""
        return self._last_number

    def head(self, stamp: int) -> bytes:
        """The first 20 octets of a packet that is none of the media's."""
        timestamp, word = self._last_timestamp & 0xFFFFFFFF, self._word | stamp
        return _HEADER.pack(0x90, self._payload_type, 0, timestamp, self.ssrc, 0xBEDE, 1, word)

    def adopt(self, codec: Codec) -> None:
        """Go on in another codec with the next `switch`: same kind, so the same clock rate."""
        self.codec, self._payload_type, self._continuity = codec, codec.payload_type, codec.continuity()
        self._thinned = None

    def switch(
        self,
        clock: SenderClock,
        data: bytes,
        sequence: int,
        timestamp: int,
        start: int,
        description: Description,
        now: float,
    ) -> None:
        """Let the packet that follows, the first of a keyframe, continue what has been sent.

        To be called before `rewrite` of that packet: for the very first packet, for a change of layer and after a
        pause. `clock` is the SenderClock of the packet's layer. Packets before it are dropped from now on.
        """
        # Without the marker the last frame is cut off: a hole tells the receiver so, or it waits for the rest of it.
        step = 2 if self._video and not self._last_marker else 1
        self._sequences.restart(sequence, self._last_number + step)
        self.timestamp_offset = self._continue_timestamp(clock, timestamp, now) - timestamp
        self._clock = clock
        if self._continuity is not None:
            self._continuity.switch(data, start, description[2])
        self.thin(self._temporal)

    def thin(self, temporal: int) -> None:
        """Leave out the pictures above this temporal layer; HIGHEST: none, as soon as it can be decoded again."""
        self._temporal = temporal
        continuity = self._continuity
        self._thinned = continuity if continuity is not None and continuity.thin(temporal) else None

    def _continue_timestamp(self, clock: SenderClock, timestamp: int, now: float) -> int:
        if self._clock is None:
            return self._last_timestamp
        wall = max(1, int((now - self._last_sent_at) * self._rate))
        mapped = self._mapped_step(self._clock, clock, timestamp)
        if mapped is None or not -MAX_BEHIND <= (mapped - wall) / self._rate <= MAX_AHEAD:
            step, self._timestamp_error = wall, 0
        else:
            # A layer that lags behind what was sent is moved forward; the next switch takes the shift back.
            step = max(1, mapped)
            self._timestamp_error = step - mapped
        return self._last_timestamp + step

    def _mapped_step(self, old: SenderClock, new: SenderClock, timestamp: int) -> int | None:
        if old is not new:
            if not (old.known and new.known):
                return None
            timestamp = old.timestamp_at(new.ntp_at(timestamp))
        return signed32(timestamp + self.timestamp_offset - self._timestamp_error - self._last_timestamp)

    def rewrite(
        self,
        data: bytes,
        marker: int,
        sequence: int,
        timestamp: int,
        start: int,
        end: int,
        description: Description,
        stamp: int,
        now: float,
        level: int = 0,
    ) -> bytes | None:
        """Build the outgoing packet, None if this subscriber gets nothing of it.

        `marker`, `timestamp`, `start`, `end` are as `packet.parse` gave them; `sequence` is the extended number of
        SequenceWindow, `description` what the codec said. `stamp` is the 24-bit abs-send-time, or the transport-wide
        sequence number shifted left by 8; `level` the audio-level octet.
        """
        number = self._sequences.map(sequence)
        if number is None:
            return None
        if self._thinned is not None and start < end and not self._thinned.passes(description):
            start, marker = end, 0
        # Padding that came late fills the hole it left, as an empty packet; what is left out likewise.
        if start == end and self._sequences.swallow(sequence):
            return None
        timestamp = timestamp + self.timestamp_offset & 0xFFFFFFFF
        kind = marker | self._payload_type
        if self._level_element:
            words = self._word | stamp, self._level_element | level << 16
            head = _LEVEL_HEADER.pack(0x90, kind, number & 0xFFFF, timestamp, self.ssrc, 0xBEDE, 2, *words)
        else:
            head = _HEADER.pack(0x90, kind, number & 0xFFFF, timestamp, self.ssrc, 0xBEDE, 1, self._word | stamp)
        self.packets += 1
        self.octets += end - start
        if self._continuity is not None and start < end:
            descriptor = self._continuity.rewrite(data, start, description[2])
            start += len(descriptor)
            head += descriptor
        if number > self._last_number:
            self._last_number, self._last_timestamp = number, timestamp
            self._last_marker, self._last_sent_at = marker, now
        if self._history is not None:
            self._history.slots[number & self._history.mask] = (number, now, head, data, start, end)
        return head + data[start:end]
