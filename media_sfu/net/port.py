"""The worker's media port: one UDP socket and, on the same number, one TCP listener (ICE-TCP).

asyncio's datagram protocol reads one datagram per turn of the loop (35 µs a packet); here a readable socket is read
until it is empty, at most 64 datagrams at a time so that timers and the control link get their turn (7.5 µs), and what
these bring forth is sent together at the end.
"""

import asyncio
import logging
import socket
import sys
import time
from collections import Counter

from media_sfu.net.demux import Demux
from media_sfu.net.ice import Path
from media_sfu.net.outbox import Outbox
from media_sfu.net.tcp import TcpConnection, TcpConnections

READS_PER_WAKEUP, READ_SECONDS = 64, 0.005  # then it is the clock's and the control link's turn
SOCKET_BUFFER = 4 * 1024 * 1024  # bytes; Linux's usual 208 KB is 150 packets, which a stall of 20 ms fills
_SO_MEMINFO = 55  # Linux: nine counters, the drops last
_READ_SIZE = 2048  # more than the largest datagram that is let through, so that oversized ones are seen as such

log = logging.getLogger(__name__)


class MediaPort:
    """Sockets around a Demux."""

    def __init__(self) -> None:
        self.demux = Demux(self.send)
        self.drops: Counter[str] = self.demux.drops
        self.connections = TcpConnections()
        self._udp: socket.socket | None = None
        self._outbox: Outbox | None = None
        self._is_reading = False
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> int:
        """Bind UDP and TCP on the same port number and start reading; returns the number. Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._udp, listener = _bind_both(family, address, port)
        self._outbox = Outbox(self._udp, self.drops)
        self._note_buffers()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._udp.fileno(), self._readable, self._udp)
        self._server = await loop.create_server(
            lambda: TcpConnection(self, self.connections), sock=listener, backlog=1024
        )
        return int(self._udp.getsockname()[1])

    def send(self, data: bytes, path: Path) -> bool:
        """Send one datagram, within a turn of reading at its end. Never queues for longer: a full socket buffer or an
        ICMP error drops it, and gives False if that is known at once.
        """
        if not isinstance(path, tuple):
            return path.send(data)
        outbox = self._outbox
        if outbox is None:
            return False
        if not self._is_reading:
            return outbox.send(data, path)
        outbox.add(data, path)
        return True

    def feed(self, data: bytes, path: TcpConnection) -> None:
        self.demux.feed(data, path)

    def disconnected(self, path: TcpConnection) -> None:
        agent = self.demux.by_path.get(path)
        if agent is not None:
            agent.lost(path)

    def is_validated(self, path: TcpConnection) -> bool:
        return path in self.demux.by_path

    def buffers(self) -> tuple[int, int]:
        """Bytes that the kernel granted for receiving and sending. Linux tells twice of that, its own overhead."""
        if self._udp is None:
            return 0, 0
        share = 2 if sys.platform == "linux" else 1
        received, sent = (
            self._udp.getsockopt(socket.SOL_SOCKET, each) for each in (socket.SO_RCVBUF, socket.SO_SNDBUF)
        )
        return received // share, sent // share

    def kernel_drops(self) -> int:
        """Datagrams that the kernel dropped because we read too late."""
        if sys.platform != "linux" or self._udp is None:
            return 0
        information = self._udp.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        return int.from_bytes(information[32:36], sys.byteorder)

    def close_strangers(self) -> None:
        """Called each second: TCP connections without a valid check are closed after 5 s."""
        self.connections.close_strangers(self, time.monotonic())

    async def close(self) -> None:
        self.connections.close()
        if self._server is not None:
            self._server.close()
        if self._udp is not None:
            asyncio.get_running_loop().remove_reader(self._udp.fileno())
            self._udp.close()
            self._udp = self._outbox = None

    def _note_buffers(self) -> None:
        received, sent = self.buffers()
        tell = log.info if min(received, sent) >= SOCKET_BUFFER else log.warning
        tell("udp_buffers", extra={"receive_bytes": received, "send_bytes": sent, "wanted_bytes": SOCKET_BUFFER})

    def _readable(self, udp: socket.socket) -> None:
        self._is_reading = True
        try:
            self._read(udp)
        except BlockingIOError:
            pass
        except OSError:  # an ICMP error of an earlier send, reported here
            self.drops["receive"] += 1
        finally:
            self._is_reading = False
            if self._outbox is not None:
                self._outbox.flush()

    def _read(self, udp: socket.socket) -> None:
        feed, recvfrom = self.demux.feed, udp.recvfrom
        until = time.monotonic() + READ_SECONDS
        for _ in range(READS_PER_WAKEUP):
            feed(*recvfrom(_READ_SIZE))
            if time.monotonic() > until:
                return


def _bind_both(family: socket.AddressFamily, address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Both sockets on one number; with port 0 the kernel chooses for UDP and another try follows when TCP has it
    taken.
    """
    attempts = 1 if port else 20
    for attempt in range(attempts):
        udp = _bind(family, socket.SOCK_DGRAM, address, port)
        try:
            return udp, _bind(family, socket.SOCK_STREAM, address, udp.getsockname()[1])
        except OSError:
            udp.close()
            if attempt + 1 == attempts:
                raise
    raise AssertionError


def _bind(family: socket.AddressFamily, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, kind)
    try:
        bound.settimeout(0)
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
