"""ICE-TCP, passive side: RFC 4571 frames (two bytes of length, then the packet) on a connection that the browser
opened.
"""

import asyncio
import struct
from collections import Counter
from typing import Protocol, cast

MAX_CONNECTIONS_PER_HOST = 1000  # 250 people of one office, with two transports each and a spare connection
MAX_CONNECTIONS = 8000
FIRST_CHECK_SECONDS = 5.0
MAX_WRITE_BUFFER = 256 * 1024
LARGE_PACKET, MAX_WRITE_BUFFER_FOR_LARGE = 400, 128 * 1024  # on a slow connection sound outlives video
MAX_FRAME = 65535
_LENGTH = struct.Struct("!H")


class FrameSink(Protocol):
    """Where frames go and by which paths agents are found."""

    drops: Counter[str]

    def feed(self, data: bytes, path: "TcpConnection") -> None: ...

    def disconnected(self, path: "TcpConnection") -> None: ...

    def is_validated(self, path: "TcpConnection") -> bool: ...


class TcpConnections:
    """The open connections, counted per host."""

    def __init__(self) -> None:
        self.open: set[TcpConnection] = set()
        self._per_host: Counter[str] = Counter()

    def admit(self, connection: "TcpConnection") -> bool:
        if len(self.open) >= MAX_CONNECTIONS or self._per_host[connection.host] >= MAX_CONNECTIONS_PER_HOST:
            return False
        self.open.add(connection)
        self._per_host[connection.host] += 1
        return True

    def forget(self, connection: "TcpConnection") -> None:
        if connection not in self.open:
            return
        self.open.discard(connection)
        self._per_host[connection.host] -= 1
        if not self._per_host[connection.host]:
            del self._per_host[connection.host]

    def close_strangers(self, sink: FrameSink, now: float) -> None:
        """Close what has not shown a valid STUN check in time, or whose agent is gone."""
        for connection in list(self.open):
            if now - connection.opened_at > FIRST_CHECK_SECONDS and not sink.is_validated(connection):
                sink.drops["tcp_stranger"] += 1
                connection.abort()

    def close(self) -> None:
        for connection in list(self.open):
            connection.abort()


class TcpConnection(asyncio.Protocol):
    """One connection. It is a path: `send` drops what the peer is too slow to take instead of queueing it."""

    def __init__(self, sink: FrameSink, connections: TcpConnections) -> None:
        self.host, self.port = "", 0
        self.opened_at = 0.0
        self._sink = sink
        self._connections = connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.opened_at = asyncio.get_running_loop().time()
        peername = transport.get_extra_info("peername")
        if peername is None:  # reset already; uvloop never closes one whose `connection_made` raises
            self._sink.drops["tcp_stranger"] += 1
            self.abort()
            return
        self.host, self.port = peername[:2]
        if not self._connections.admit(self):
            self._sink.drops["tcp_connections"] += 1
            self.abort()

    def data_received(self, data: bytes) -> None:
        # A frame is at most 65535 bytes and the loop reads bounded pieces, so the buffer stays below two frames.
        self._buffer += data
        position, size = 0, len(self._buffer)
        while size - position >= 2:
            (length,) = _LENGTH.unpack_from(self._buffer, position)
            if size - position - 2 < length:
                break
            self._sink.feed(bytes(self._buffer[position + 2 : position + 2 + length]), self)
            position += 2 + length
            if not self._sink.is_validated(self):
                break
        del self._buffer[:position]
        self._refuse_stranger(position)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None  # uvloop raises RuntimeError when a closed one is written to
        self._connections.forget(self)
        self._sink.disconnected(self)

    def send(self, data: bytes) -> bool:
        """Write one frame; False when it was dropped or the connection is gone. Never raises."""
        transport = self._transport
        if transport is None:
            return False
        waiting = transport.get_write_buffer_size()
        if waiting > (MAX_WRITE_BUFFER if len(data) < LARGE_PACKET else MAX_WRITE_BUFFER_FOR_LARGE):
            self._sink.drops["tcp_slow"] += 1
            return False
        transport.write(_LENGTH.pack(len(data)) + data)
        return True

    def abort(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def _refuse_stranger(self, consumed: int) -> None:
        """The first frame must be a valid STUN check."""
        if not self._sink.is_validated(self) and (consumed or len(self._buffer) > MAX_FRAME):
            self._sink.drops["tcp_stranger"] += 1
            self.abort()
