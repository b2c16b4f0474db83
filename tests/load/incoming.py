"""What comes on a subscribe transport: counted from the clear RTP header, reported, asked for again when lost.

Of the media only a sample is decrypted. Retransmissions are decrypted to see what they repeat.
"""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import pylibsrtp

from media_sfu.bandwidth.feedback import FeedbackGenerator
from media_sfu.rtp import packet, rtcp
from media_sfu.rtp.extensions import TRANSPORT_SEQUENCE
from media_sfu.sdp.model import Section
from tests.bench.figures import SequenceCount

SAMPLE = 101
GIVEN_UP_SECONDS, ASK_AGAIN_SECONDS, FIRST_WAIT_SECONDS = 1.0, 0.1, 0.01
MOST_MISSING = 200
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
_BUFFER_OCTETS = 4 * 1024 * 1024
_RTP = Struct("!BBHII")
_TIMESPEC = Struct("@qq")


@dataclass
class IncomingTrack:
    """A track that is offered to us. `frames` counts markers; `recovered` what retransmissions brought."""

    participant: str
    source: str
    ssrc: int
    repair_ssrc: int | None
    packets: int = 0
    octets: int = 0
    frames: int = 0
    recovered: int = 0
    given_up: int = 0
    count: SequenceCount = field(default_factory=SequenceCount)
    missing: dict[int, tuple[float, float]] = field(default_factory=dict)  # since when, and when to ask next

    def take(self, sequence: int, size: int, marker: int, at: float) -> None:
        before, count = self.count.highest, self.count
        count.count(sequence)
        self.packets += 1
        self.octets += size
        self.frames += marker >> 7
        step = count.highest - before
        if step != 1 and before >= 0:
            self._note_gap(before, sequence, step, at)

    def due_again(self, at: float) -> list[int]:
        """Sequence numbers to ask for now; what was missed for too long is given up."""
        due = []
        for sequence, (since, ask_at) in list(self.missing.items()):
            if at - since > GIVEN_UP_SECONDS:
                del self.missing[sequence]
                self.given_up += 1
            elif at > ask_at:
                self.missing[sequence] = since, at + ASK_AGAIN_SECONDS
                due.append(sequence)
        return due

    def repaired(self, sequence: int) -> None:
        if self.missing.pop(sequence, None) is not None:
            self.recovered += 1

    def counters(self) -> dict[str, Any]:
        lost = max(0, self.count.expected - self.count.received)
        return {
            "participant": self.participant,
            "source": self.source,
            "packets": self.packets,
            "octets": self.octets,
            "frames": self.frames,
            "gaps": lost,
            "recovered": self.recovered,
        }

    def _note_gap(self, before: int, sequence: int, step: int, at: float) -> None:
        if step <= 0:
            self.missing.pop(sequence, None)  # it was only late
        elif len(self.missing) + step <= MOST_MISSING:
            for number in range(before + 1, before + step):
                self.missing[number & 0xFFFF] = at, at + FIRST_WAIT_SECONDS


class Incoming:
    """The reading end of one connection. `on_other(datagram)` gets what is no RTP; `send_rtcp` sends our reports."""

    def __init__(
        self,
        udp: socket.socket,
        unprotect: Callable[[bytes], bytes],
        on_other: Callable[[bytes], None],
        send_rtcp: Callable[[bytes], None],
    ) -> None:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.udp = udp
        self.tracks: dict[int, IncomingTrack] = {}
        self.unknown = self.auth_failures = self.feedback_sent = self.keyframes_asked = 0
        self._repairs: dict[int, IncomingTrack] = {}
        self._unprotect, self._on_other, self._send_rtcp = unprotect, on_other, send_rtcp
        self._feedback = FeedbackGenerator()
        self._number_id = 0
        self._ssrc = secrets.randbits(31) | 1
        self._buffer = bytearray(2048)
        self._turn = 0

    def expect(self, sections: list[Section], tracks: list[dict[str, str]]) -> None:
        """Take over what an offer says; a track that goes on keeps its counters."""
        by_mid = {section.mid: section for section in sections}
        known, self.tracks, self._repairs = self.tracks, {}, {}
        for track in tracks:
            section = by_mid[track["mid"]]
            self._number_id = section.extensions.get(TRANSPORT_SEQUENCE, self._number_id)
            ssrc = next(iter(section.repairs), section.ssrcs[0])
            incoming = IncomingTrack(track["participant"], track["source"], ssrc, section.repairs.get(ssrc))
            incoming = self.tracks[ssrc] = known.get(ssrc, incoming)
            if incoming.repair_ssrc is not None:
                self._repairs[incoming.repair_ssrc] = incoming

    def drain(self) -> None:
        """Read until the socket is empty."""
        buffer, receive = self._buffer, self.udp.recvmsg_into
        buffers = [buffer]
        try:
            while True:
                size, ancillary, _, _ = receive(buffers, 64)
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                first, second, sequence, _, ssrc = _RTP.unpack_from(buffer)
                if not 127 < first < 192 or 191 < second < 224:
                    self._on_other(bytes(buffer[:size]))
                    continue
                at = seconds + nanoseconds / 1e9
                self._note_arrival(at)
                track = self.tracks.get(ssrc)
                if track is not None:
                    track.take(sequence, size, second & 0x80, at)
                    self._turn += 1
                    if self._turn % SAMPLE == 0:
                        self._open(size)
                else:
                    self._take_other(ssrc, size)
        except BlockingIOError:
            return

    def send_feedback(self) -> None:
        """Transport-wide feedback; every 50 to 100 ms."""
        media = next(iter(self.tracks), 0)
        for message in self._feedback.build():
            self._send_rtcp(rtcp.transport_feedback(self._ssrc, media, message))
            self.feedback_sent += 1

    def ask_again(self, at: float) -> None:
        """NACKs that are due, and a PLI where a packet was given up."""
        for track in self._repairs.values():
            if track.missing:
                given_up = track.given_up
                due = track.due_again(at)
                if due:
                    self._send_rtcp(rtcp.nack(self._ssrc, track.ssrc, due))
                if track.given_up > given_up:
                    self._send_rtcp(rtcp.picture_loss_indication(self._ssrc, track.ssrc))
                    self.keyframes_asked += 1

    def report(self, cname: str) -> None:
        """Receiver reports; each second."""
        blocks = [
            rtcp.ReportBlock(
                track.ssrc, 0, max(0, track.count.expected - track.count.received), track.count.highest, 10, 0, 0
            )
            for track in self.tracks.values()
            if track.packets
        ]
        for start in range(0, len(blocks), 31):
            report = rtcp.receiver_report(self._ssrc, blocks[start : start + 31])
            self._send_rtcp(report + rtcp.source_description(self._ssrc, cname.encode()))

    def counters(self) -> dict[str, Any]:
        return {
            "tracks": [track.counters() for track in self.tracks.values()],
            "unknown": self.unknown,
            "auth_failures": self.auth_failures,
            "feedback_sent": self.feedback_sent,
            "keyframes_asked": self.keyframes_asked,
        }

    def _note_arrival(self, at: float) -> None:
        """By the transport-wide number, which is the first element of what LiveOn sends."""
        buffer = self._buffer
        if buffer[0] == 0x90 and buffer[16] == self._number_id << 4 | 1:
            self._feedback.arrived(buffer[17] << 8 | buffer[18], at)

    def _take_other(self, ssrc: int, size: int) -> None:
        track = self._repairs.get(ssrc)
        if track is None:
            self.unknown += 1
        elif track.missing:
            plain = self._open(size)
            start, end = packet.parse(plain)[8:] if plain else (0, 0)
            if end - start > 2:
                track.repaired(int.from_bytes(plain[start : start + 2], "big"))

    def _open(self, size: int) -> bytes:
        try:
            return self._unprotect(bytes(self._buffer[:size]))
        except pylibsrtp.Error:
            self.auth_failures += 1
            return b""
