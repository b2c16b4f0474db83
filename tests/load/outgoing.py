"""Outgoing RTP streams: numbers, header extensions, sender reports, and what was sent for whoever asks again."""

import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from media_sfu.rtp import rtcp
from tests.media_sfu.peer_media import LEVEL_ID, MID_ID, REPAIRED_ID, RID_ID, TRANSPORT_CC_ID

KEPT_PACKETS = 512
_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_NUMBER = struct.Struct("!BH")


@dataclass
class Sending:
    """One publish transport: how to send, and the number its packets share."""

    send_rtp: Callable[[bytes], None]
    send_rtcp: Callable[[bytes], None]
    number: int = 0


class OutgoingStream:
    """One SSRC. `again` repeats a packet of it on `repairing`, its RTX stream (RFC 4588)."""

    def __init__(
        self,
        sending: Sending,
        payload_type: int,
        clock_rate: int,
        elements: list[tuple[int, str]],
        *,
        level: bool = False,
    ) -> None:
        self.ssrc = secrets.randbits(31) | 1
        self.repairing: OutgoingStream | None = None
        self.packets = self.octets = 0
        self._sending, self._payload_type, self._clock_rate = sending, payload_type, clock_rate
        self._sequence, self._offset = secrets.randbits(15), secrets.randbits(32)
        self._named = b"".join(bytes((number << 4 | len(text) - 1,)) + text.encode() for number, text in elements)
        octets = len(self._named) + _NUMBER.size + 2 * level
        self._extension = _EXTENSION.pack(0xBEDE, -(-octets // 4)) + self._named
        self._padding = bytes(-octets % 4)
        self._sent: list[tuple[int, bytes, int, bool]] = [(-1, b"", 0, False)] * KEPT_PACKETS

    def send(self, payload: bytes, seconds: float, *, marker: bool, level: int | None = None) -> None:
        """`seconds` is the media's time; the timestamps of two streams have nothing to do with each other."""
        timestamp = round(seconds * self._clock_rate) + self._offset & 0xFFFFFFFF
        sequence = self._put(payload, timestamp, marker, b"" if level is None else bytes((LEVEL_ID << 4, 0x80 | level)))
        if self.repairing is not None:
            self._sent[sequence % KEPT_PACKETS] = sequence, payload, timestamp, marker

    def again(self, sequence: int) -> bool:
        """Whether the packet was still there to be sent again."""
        kept, payload, timestamp, marker = self._sent[sequence % KEPT_PACKETS]
        if kept != sequence or self.repairing is None:
            return False
        self.repairing._put(sequence.to_bytes(2, "big") + payload, timestamp, marker, b"")
        return True

    def report(self, cname: str, seconds: float) -> None:
        """A sender report: media time `seconds` is now."""
        if not self.packets:
            return
        report = rtcp.sender_report(
            self.ssrc,
            ntp=int((time.time() + _NTP_EPOCH) * 2**32),
            rtp_timestamp=round(seconds * self._clock_rate) + self._offset & 0xFFFFFFFF,
            packets=self.packets,
            octets=self.octets,
        )
        self._sending.send_rtcp(report + rtcp.source_description(self.ssrc, cname.encode()))

    def _put(self, payload: bytes, timestamp: int, marker: bool, level: bytes) -> int:
        sending = self._sending
        sending.number = sending.number + 1 & 0xFFFF
        sequence = self._sequence = self._sequence + 1 & 0xFFFF
        header = _HEADER.pack(0x90, marker << 7 | self._payload_type, sequence, timestamp, self.ssrc)
        number = _NUMBER.pack(TRANSPORT_CC_ID << 4 | 1, sending.number)
        self.packets += 1
        self.octets += len(payload)
        sending.send_rtp(b"".join((header, self._extension, level, number, self._padding, payload)))
        return sequence


def named(mid: str, rid: str, *, repaired: bool = False) -> list[tuple[int, str]]:
    """The elements that say which m-line and which layer a packet belongs to."""
    return [(MID_ID, mid), *([(REPAIRED_ID if repaired else RID_ID, rid)] if rid else [])]
