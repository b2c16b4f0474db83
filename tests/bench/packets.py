"""Pre-made RTP of one publisher: VP8-like video of one layer, 27.5 frames/s of 4 packets of 1,100 octets, and
Opus-like audio, 50 packets/s of 100 octets: 160 packets/s. Only the headers are valid; nothing can be decoded.

Each payload carries, 20 octets in, a mark and the time it was sent (`read_stamp`).
"""

import os
import random
import time
from collections.abc import Callable
from struct import Struct

AUDIO, VIDEO = 111, 96
MID_ID, TRANSPORT_SEQUENCE_ID, AUDIO_LEVEL_ID = 3, 4, 2
FRAME_SECONDS, FRAME_PACKETS, VIDEO_OCTETS = 1 / 27.5, 4, 1100
AUDIO_SECONDS, AUDIO_OCTETS = 0.02, 100
FAR_BEHIND_SECONDS = 0.25
STAMP_AT = 20

_MARK = b"LiOn"
_STAMP = Struct("!4sq")
_HEADER = Struct("!BBHIIHHBBBH")  # the last six: extension profile and length; MID; transport-wide sequence number
_AUDIO_LEVEL = bytes([AUDIO_LEVEL_ID << 4, 0x80 | 30, 0])
_NO_LEVEL = bytes(3)
_KEYFRAME = b"\x10\x40\x00\x9d\x01\x2a" + (640).to_bytes(2, "little") + (360).to_bytes(2, "little")  # RFC 6386 §9.1
_INTERFRAME = b"\x11\x40\x00"


class Stream:
    """One SSRC: numbers, timestamps and the time its next frame is due."""

    def __init__(self, payload_type: int, mid: str, interval: float, clock_rate: int) -> None:
        self.payload_type, self.mid, self.interval = payload_type, mid, interval
        self.ssrc = random.getrandbits(31) | 1
        self.sequence = random.randrange(30000)
        self.timestamp = random.getrandbits(30)
        self.step = round(clock_rate * interval)
        self.due = 0.0
        self.packets = self.octets = 0


class Publisher:
    """Makes the packets of one participant; `send(plain)` protects and sends one RTP packet.

    Set `keyframe_wanted` to make the next frame a keyframe.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.audio = Stream(AUDIO, "0", AUDIO_SECONDS, 48000)
        self.video = Stream(VIDEO, "1", FRAME_SECONDS, 90000)
        self.keyframe_wanted = True
        self._send = send
        self._transport_sequence = 0
        self._picture = random.getrandbits(14)
        self._audio_filling, self._video_filling = os.urandom(AUDIO_OCTETS), os.urandom(VIDEO_OCTETS)

    @property
    def packets(self) -> int:
        return self.audio.packets + self.video.packets

    @property
    def due(self) -> float:
        return min(self.audio.due, self.video.due)

    def start(self, at: float) -> None:
        self.audio.due = self.video.due = at

    def send_due(self, now: float) -> None:
        """Send every frame that is due. What is far behind is left out: the offered load drops, no burst follows."""
        for stream, send_frame in ((self.audio, self._send_audio), (self.video, self._send_video)):
            while stream.due <= now:
                send_frame()
                stream.due += stream.interval
                if now - stream.due > FAR_BEHIND_SECONDS:
                    stream.due = now + stream.interval

    def _send_audio(self) -> None:
        self.audio.timestamp += self.audio.step
        self._send_packet(self.audio, 0, b"", self._audio_filling)

    def _send_video(self) -> None:
        self.video.timestamp += self.video.step
        self._picture = self._picture + 1 & 0x7FFF
        descriptor = bytes([0x80, 0x80 | self._picture >> 8, self._picture & 255])  # X, I: a 15-bit PictureID
        start = _KEYFRAME if self.keyframe_wanted else _INTERFRAME
        self.keyframe_wanted = False
        self._send_packet(self.video, 0, b"\x90" + descriptor + start, self._video_filling)
        for number in range(2, FRAME_PACKETS + 1):
            self._send_packet(self.video, 0x80 * (number == FRAME_PACKETS), b"\x80" + descriptor, self._video_filling)

    def _send_packet(self, stream: Stream, marker: int, head: bytes, filling: bytes) -> None:
        stream.sequence = stream.sequence + 1 & 0xFFFF
        self._transport_sequence = self._transport_sequence + 1 & 0xFFFF
        header = _HEADER.pack(
            0x90,
            marker | stream.payload_type,
            stream.sequence,
            stream.timestamp & 0xFFFFFFFF,
            stream.ssrc,
            0xBEDE,
            2,
            MID_ID << 4,
            ord(stream.mid),
            TRANSPORT_SEQUENCE_ID << 4 | 1,
            self._transport_sequence,
        )
        level = _AUDIO_LEVEL if stream is self.audio else _NO_LEVEL
        before, after = filling[len(head) : STAMP_AT], filling[STAMP_AT + _STAMP.size :]
        stream.packets += 1
        stream.octets += len(filling)
        self._send(b"".join((header, level, head, before, _STAMP.pack(_MARK, time.time_ns()), after)))


def read_stamp(data: bytes, start: int) -> int | None:
    """The send time in ns since 1970 of the payload at `start`, None when the payload is not one of ours."""
    if len(data) < start + STAMP_AT + _STAMP.size:
        return None
    mark, sent_at = _STAMP.unpack_from(data, start + STAMP_AT)
    return sent_at if mark == _MARK else None
