"""The two kinds of participants: one sends a microphone and a camera, the other takes everything and sends nothing."""

import re
import secrets
import time

from media_sfu.rtp import rtcp
from media_sfu.rtp.extensions import AUDIO_LEVEL, MID, TRANSPORT_SEQUENCE
from tests.bench import packets
from tests.bench.connection import Connection
from tests.bench.packets import Publisher, Stream
from tests.bench.reception import Receiver

_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
_KEPT = re.compile(r"a=(group|mid|rtpmap|fmtp|rtcp-fb|extmap):")
_FEEDBACK = re.compile(rf"a=extmap:(\d+) {re.escape(TRANSPORT_SEQUENCE)}")


class Participant:
    """One peer of the worker and its connection."""

    def __init__(self, name: str = "") -> None:
        self.id, self.transport_id = name or secrets.token_hex(8), secrets.token_hex(8)
        self.connection = Connection()
        self.connection.on_rtcp = self._take_rtcp
        self.receiver = Receiver(self.connection.udp, self.connection.unprotect, self.connection.take)

    def report(self) -> None:
        """Send the RTCP reports that are due each second."""
        raise NotImplementedError

    def _take_rtcp(self, blocks: list[rtcp.Block]) -> None:
        """What the worker reports: nothing to do with it."""


class PublishingParticipant(Participant):
    """Sends; answers PLI and FIR by a keyframe. It cannot send anything again: what NACKs ask for is only counted."""

    def __init__(self) -> None:
        super().__init__()
        self.publisher = Publisher(self.connection.send_rtp)
        self.asked_again = 0

    def offer(self, setup: str = "actpass") -> str:
        """A browser's offer of a microphone and a camera without simulcast. Whatever `setup` says, we are the client of
        the DTLS handshake."""
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
        lines += self._section("audio", self.publisher.audio, "opus/48000/2", (), setup)
        lines += self._section("video", self.publisher.video, "VP8/90000", ("nack", "nack pli", "ccm fir"), setup)
        return "\r\n".join(lines) + "\r\n"

    def report(self) -> None:
        now = time.time()
        ntp = int((now + _NTP_EPOCH) * 2**32)
        for stream in (self.publisher.audio, self.publisher.video):
            report = rtcp.sender_report(
                stream.ssrc,
                ntp=ntp,
                rtp_timestamp=stream.timestamp & 0xFFFFFFFF,
                packets=stream.packets,
                octets=stream.octets,
            )
            self.connection.send_rtcp(report + rtcp.source_description(stream.ssrc, self.id.encode()))

    def _section(self, kind: str, stream: Stream, codec: str, feedback: tuple[str, ...], setup: str) -> list[str]:
        number = stream.payload_type
        extensions = [(packets.MID_ID, MID), (packets.TRANSPORT_SEQUENCE_ID, TRANSPORT_SEQUENCE)]
        if kind == "audio":
            extensions.append((packets.AUDIO_LEVEL_ID, AUDIO_LEVEL))
        return [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}",
            *self.connection.description(setup),
            f"a=mid:{stream.mid}",
            "a=sendonly",
            *(f"a=extmap:{number} {uri}" for number, uri in extensions),
            f"a=rtpmap:{number} {codec}",
            *(f"a=rtcp-fb:{number} {each}" for each in ("transport-cc", *feedback)),
            f"a=ssrc:{stream.ssrc} cname:{self.id}",
        ]

    def _take_rtcp(self, blocks: list[rtcp.Block]) -> None:
        for block in blocks:
            if isinstance(block, rtcp.PictureLossIndication | rtcp.FullIntraRequest):
                self.publisher.keyframe_wanted = True
            elif isinstance(block, rtcp.Nack):
                self.asked_again += len(block.sequences)


class SubscribingParticipant(Participant):
    """Takes everything and reports it; asks for nothing again, so that loss is seen as loss."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name=name)
        self._ssrc = secrets.randbits(31) | 1

    def answer(self, offer: str) -> str:
        """A browser's answer that takes every m-line as offered."""
        lines: list[str] = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        for line in offer.splitlines():
            if line.startswith("m="):
                lines += [line, *self.connection.description("active"), "a=recvonly"]
            elif _KEPT.match(line):
                lines.append(line)
            if (negotiated := _FEEDBACK.match(line)) and self.receiver.feedback is None:
                self.receiver.tell_arrivals(int(negotiated[1]))
        return "\r\n".join(lines) + "\r\n"

    def acknowledge(self) -> None:
        """Tell what arrived when, as browsers do ten times a second if it was negotiated."""
        if self.receiver.feedback is not None:
            for message in self.receiver.feedback.build():
                media = next(iter(self.receiver.streams), 0)
                self.connection.send_rtcp(rtcp.transport_feedback(self._ssrc, media, message))

    def report(self) -> None:
        blocks = [
            rtcp.ReportBlock(ssrc, 0, 0, stream.highest, 10, 0, 0)
            for ssrc, stream in list(self.receiver.streams.items())[:31]
        ]
        report = rtcp.receiver_report(self._ssrc, blocks)
        self.connection.send_rtcp(report + rtcp.source_description(self._ssrc, self.id.encode()))
