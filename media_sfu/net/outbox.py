"""Datagrams that leave together: what one turn of reading brings forth, sent at its end.

The frame of a video is several packets of one size, and each subscriber gets them all: Linux takes those of one size
to one address in one call and cuts them apart itself (UDP GSO, `UDP_SEGMENT` in udp(7)), for less than half of the
time that a call for each takes (docs/performance.md).
"""

import errno
import logging
import socket
import struct
import sys
from collections import Counter

from media_sfu.net.ice import UdpAddress

MOST_WAITING = 256  # datagrams, about 2 ms of work; then they leave at once
MOST_SEGMENTS, MOST_OCTETS = 64, 65_000  # of one call: the kernel's UDP_MAX_SEGMENTS, and what a datagram can be
_UDP_SEGMENT = 103  # linux/udp.h; Python's socket module does not name it

log = logging.getLogger(__name__)


class Outbox:
    """Sends over one UDP socket, in order for each address. What cannot be sent is counted in `drops`, and lost."""

    def __init__(self, udp: socket.socket, drops: Counter[str]) -> None:
        self._udp, self._drops = udp, drops
        self._waiting: dict[UdpAddress, list[bytes]] = {}
        self._count = 0
        self._cuts = _can_cut(udp)

    def add(self, data: bytes, address: UdpAddress) -> None:
        """Let one datagram wait for the next `flush`."""
        waiting = self._waiting.get(address)
        if waiting is None:
            self._waiting[address] = [data]
        else:
            waiting.append(data)
        self._count += 1
        if self._count >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Send all that waits."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for address, datagrams in waiting.items():
            if len(datagrams) == 1:
                self.send(datagrams[0], address)
            else:
                self._send_runs(datagrams, address)

    def send(self, data: bytes, address: UdpAddress) -> bool:
        """Send one datagram now; False when the kernel does not take it (a full buffer, an ICMP error)."""
        try:
            self._udp.sendto(data, address)
        except OSError:
            self._drops["send"] += 1
            return False
        return True

    def _send_each(self, datagrams: list[bytes], address: UdpAddress) -> None:
        for datagram in datagrams:
            self.send(datagram, address)

    def _send_runs(self, datagrams: list[bytes], address: UdpAddress) -> None:
        """One call for neighbours of one size; the last of a run may be shorter."""
        start = 0
        while start < len(datagrams):
            end = _end_of_run(datagrams, start)
            if end == start + 1 or not self._cuts:
                self._send_each(datagrams[start:end], address)
            else:
                self._send_run(datagrams[start:end], address)
            start = end

    def _send_run(self, run: list[bytes], address: UdpAddress) -> None:
        cut = (socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", len(run[0])))
        try:
            self._udp.sendmsg(run, (cut,), 0, address)
        except BlockingIOError:
            self._drops["send"] += len(run)
        except OSError as error:
            if error.errno == errno.EIO:  # the network device cannot
                log.warning("udp_segments_refused")
                self._cuts = False
            self._send_each(run, address)  # a path of a small MTU refuses segments that it takes as fragments


def _end_of_run(datagrams: list[bytes], start: int) -> int:
    size = len(datagrams[start]) or 1
    end = start + 1
    last = min(len(datagrams), start + MOST_SEGMENTS, start + MOST_OCTETS // size)
    while end < last and len(datagrams[end]) == size:
        end += 1
    return end + 1 if end < last and len(datagrams[end]) < size else end


def _can_cut(udp: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    try:
        udp.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
    except OSError:  # a kernel before 4.18
        return False
    return True
