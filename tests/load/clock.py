"""What happens at which times: rhythms of the participants, and the sockets that one loop reads."""

import select
import socket
from collections.abc import Callable

FAR_BEHIND_SECONDS = 0.25


class Rhythm:
    """`act(at)` every `interval` seconds from `first` on. What is far behind is left out: no burst follows."""

    __slots__ = ("_act", "_due", "_interval")

    def __init__(self, interval: float, first: float, act: Callable[[float], None]) -> None:
        self._interval, self._due, self._act = interval, first, act

    def beat(self, now: float) -> None:
        while self._due <= now:
            self._act(self._due)
            self._due += self._interval
            if now - self._due > FAR_BEHIND_SECONDS:
                self._due = now + self._interval


class Sockets:
    """Sockets and who reads them until they are empty."""

    def __init__(self) -> None:
        self._ready = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}

    def add(self, udp: socket.socket, read: Callable[[], None]) -> None:
        self._readers[udp.fileno()] = read
        self._ready.register(udp.fileno(), select.EPOLLIN)

    def remove(self, udp: socket.socket) -> None:
        if self._readers.pop(udp.fileno(), None) is not None:
            self._ready.unregister(udp.fileno())

    def read(self) -> None:
        """Everything that has come, without waiting."""
        for descriptor, _ in self._ready.poll(0):
            self._readers[descriptor]()

    def close(self) -> None:
        self._ready.close()
