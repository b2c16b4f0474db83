"""Cheap receivers: many sockets, read in batches by a clock, RTP counted from its clear header.

One datagram in SAMPLE is read with the kernel's receive time stamp and decrypted: it tells the latency, and that what
comes is what was sent.
"""

import select
import socket
import time
from collections.abc import Callable
from struct import Struct

import pylibsrtp

from media_sfu.bandwidth.feedback import FeedbackGenerator
from media_sfu.codecs import CODECS
from media_sfu.rtp import extensions, packet
from tests.bench.figures import SequenceCount
from tests.bench.packets import read_stamp

SAMPLE = 7
RETRANSMITTED = CODECS["vp8"].payload_type + 1  # our worker's probes: nothing to count
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
_BUFFER_OCTETS = 4 * 1024 * 1024
_RTP = Struct("!2xHxxxxI")
_EXTENSION = Struct("!HH")  # profile and length in words, after a header without contributing sources
_TIMESPEC = Struct("@qq")


class Receiver:
    """One socket. `unprotect` opens SRTP; `on_other(datagram)` gets what is no RTP.

    After `tell_arrivals` each packet's transport-wide number is noted in `feedback`.
    """

    def __init__(
        self, udp: socket.socket, unprotect: Callable[[bytes], bytes], on_other: Callable[[bytes], None]
    ) -> None:
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.streams: dict[int, SequenceCount] = {}
        self.latencies_ms: list[float] = []
        self.auth_failures = self.wrong_payloads = 0
        self.feedback: FeedbackGenerator | None = None
        self._udp, self._unprotect, self._on_other = udp, unprotect, on_other
        self._buffer = bytearray(2048)
        self._turn = 0
        self._extension_id = 0
        self._number_at: dict[int, int] = {}  # SSRC -> octet of the transport-wide number, 0: it has none

    def tell_arrivals(self, extension_id: int) -> None:
        """Transport-wide feedback was negotiated, with this id of the header extension."""
        self.feedback, self._extension_id = FeedbackGenerator(), extension_id

    def drain(self) -> None:
        """Read until the socket is empty."""
        buffer, streams, receive, feedback = self._buffer, self.streams, self._udp.recv_into, self.feedback
        now = time.monotonic()
        try:
            while True:
                self._turn += 1
                size = self._receive_sample() if self._turn % SAMPLE == 0 else receive(buffer)
                if not 127 < buffer[0] < 192 or 191 < buffer[1] < 224:
                    self._on_other(bytes(buffer[:size]))
                    continue
                sequence, ssrc = _RTP.unpack_from(buffer)
                if feedback is not None:
                    self._note_arrival(feedback, ssrc, now)
                if buffer[1] & 127 == RETRANSMITTED:
                    continue
                stream = streams.get(ssrc)
                if stream is None:
                    stream = streams[ssrc] = SequenceCount()
                stream.count(sequence)
        except BlockingIOError:
            return

    def _note_arrival(self, feedback: FeedbackGenerator, ssrc: int, now: float) -> None:
        at = self._number_at.get(ssrc)
        if at is None:  # all packets of a stream have the same elements in the same places
            at = self._number_at[ssrc] = self._find_number()
        if at:
            feedback.arrived(self._buffer[at] << 8 | self._buffer[at + 1], now)

    def _find_number(self) -> int:
        if not self._buffer[0] & 0x10:
            return 0
        profile, words = _EXTENSION.unpack_from(self._buffer, 12)
        found = extensions.find(self._buffer, profile, 16, 16 + 4 * words, self._extension_id)
        return found[0] if found else 0

    def _receive_sample(self) -> int:
        size, ancillary, _, _ = self._udp.recvmsg_into([self._buffer], 64)
        data = bytes(self._buffer[:size])
        if 127 < data[0] < 192 and not packet.is_rtcp(data) and data[1] & 127 != RETRANSMITTED:
            seconds, nanoseconds = next(
                _TIMESPEC.unpack(value) for _, kind, value in ancillary if kind == _SO_TIMESTAMPNS
            )
            self._take_sample(data, seconds * 10**9 + nanoseconds)
        return size

    def _take_sample(self, data: bytes, received_at: int) -> None:
        try:
            plain = self._unprotect(data)
        except pylibsrtp.Error:
            self.auth_failures += 1
            return
        sent_at = read_stamp(plain, packet.parse(plain)[8])
        if sent_at is None:
            self.wrong_payloads += 1
        else:
            self.latencies_ms.append((received_at - sent_at) / 1e6)


class Receivers:
    """All sockets of the generator."""

    def __init__(self) -> None:
        self._ready = select.epoll()
        self._by_descriptor: dict[int, Receiver] = {}

    def add(self, udp: socket.socket, receiver: Receiver) -> None:
        self._by_descriptor[udp.fileno()] = receiver
        self._ready.register(udp.fileno(), select.EPOLLIN)

    def drain(self) -> None:
        """Read everything that has come, without waiting."""
        for descriptor, _ in self._ready.poll(0):
            self._by_descriptor[descriptor].drain()

    def totals(self) -> tuple[int, int]:
        """RTP packets received, and expected by their sequence numbers, since the start."""
        streams = [stream for receiver in self._by_descriptor.values() for stream in receiver.streams.values()]
        return sum(stream.received for stream in streams), sum(stream.expected for stream in streams)

    def take_latencies(self) -> list[float]:
        """The sampled latencies since the last call, in ms."""
        taken: list[float] = []
        for receiver in self._by_descriptor.values():
            taken += receiver.latencies_ms
            receiver.latencies_ms = []
        return taken

    def failures(self) -> tuple[int, int]:
        """Samples that could not be authenticated, and authentic ones that are not what was sent."""
        receivers = self._by_descriptor.values()
        return sum(each.auth_failures for each in receivers), sum(each.wrong_payloads for each in receivers)

    def close(self) -> None:
        self._ready.close()
