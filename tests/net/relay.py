"""The impairment relay: passes UDP and TCP of one public port on to one server with loss, delay, jitter and a rate.

A process of its own (`python -m tests.net.relay`), so that a busy test does not disturb it. Its configuration is the
first line on standard input, `{"listen", "port", "to": [host, port], "seed"}`; each further line is a request and gets
one line back:

    {"up": {…Impairment…}, "down": {…}, "udp": true, "tcp": true}   any of them; what is not named stays
    {"move": "127.0.0.2"}                                           the clients change their address and port
    {"spare": true}                                                 nothing is wrong for who came so far; false: undo
    {}                                                              only asks for the counters

`up` is client → server. `udp: false` swallows datagrams; `tcp: false` ends connections, `tcp: "held"` keeps them and
passes nothing until it is true again. After `move` the server sees every client come from that loopback address and
from a new port, and what it sends to the old ones arrives nowhere; TCP connections end.

End of input ends the process. Kernels of test machines may lack netem; this needs no rights.
"""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from tests.net.link import Impairment, Link

Address = tuple[str, int]
CHUNK = 16 * 1024


@dataclass
class Path:
    """Both directions and what passes at all. TCP has links of its own: a stream's order is not a datagram's."""

    seed: int
    udp: bool = True
    tcp: bool | str = True
    source: str = ""  # the address that the server sees; empty: the kernel chooses
    up: Link = field(init=False)
    down: Link = field(init=False)
    streams: dict[str, Link] = field(init=False)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.up, self.down = Link(self.seed), Link(self.seed + 1)
        self.streams = {"up": Link(self.seed + 2), "down": Link(self.seed + 3)}
        self.flowing.set()

    def change(self, request: dict[str, Any]) -> None:
        for name in ("up", "down"):
            if name in request:
                impairment = Impairment.from_json(request[name])
                getattr(self, name).impairment = self.streams[name].impairment = impairment
        self.udp = request.get("udp", self.udp)
        self.tcp = request.get("tcp", self.tcp)
        self.source = request.get("move", self.source)
        if self.tcp == "held":
            self.flowing.clear()
        else:
            self.flowing.set()

    @property
    def local_address(self) -> Address | None:
        return (self.source, 0) if self.source else None

    def counters(self) -> dict[str, Any]:
        def of(link: Link) -> dict[str, int]:
            return {"passed": link.passed, "lost": link.lost, "overflowed": link.overflowed}

        return {"up": of(self.up), "down": of(self.down), "tcp": sum(link.passed for link in self.streams.values())}


class Upstream(asyncio.DatagramProtocol):
    """The socket that stands for one client towards the server."""

    def __init__(self, public: "PublicPort", client: Address) -> None:
        self.public, self.client = public, client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        public = self.public
        public.pass_on(public.path.down, self.client, data, lambda: public.transport.sendto(data, self.client))

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed: to the client that is silence."""


class PublicPort(asyncio.DatagramProtocol):
    """Where clients send to; each new one gets an upstream socket."""

    def __init__(self, path: Path, server: Address) -> None:
        self.path, self.server = path, server
        self.upstreams: dict[Address, asyncio.Future[Upstream]] = {}
        self.spared: frozenset[Address] = frozenset()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        upstream = self._upstream(addr)
        self.pass_on(
            self.path.up, addr, data, lambda: upstream.add_done_callback(lambda it: it.result().transport.sendto(data))
        )

    def _upstream(self, client: Address) -> asyncio.Future[Upstream]:
        if client not in self.upstreams:
            self.upstreams[client] = asyncio.ensure_future(self._connect(client))
        return self.upstreams[client]

    async def _connect(self, client: Address) -> Upstream:
        loop = asyncio.get_running_loop()
        _, upstream = await loop.create_datagram_endpoint(
            lambda: Upstream(self, client), self.path.local_address, self.server
        )
        return upstream

    def move(self) -> None:
        """Forget the clients' upstreams: what they send next leaves from the new address."""
        for upstream in self.upstreams.values():
            upstream.add_done_callback(lambda it: it.result().transport.close())
        self.upstreams.clear()

    def pass_on(self, link: Link, client: Address, data: bytes, send: Any) -> None:
        if client in self.spared:
            send()
            return
        if not self.path.udp:
            return
        loop = asyncio.get_running_loop()
        arrival = link.arrival(len(data), loop.time(), lane=client)
        if arrival is not None:
            loop.call_at(arrival, send)


class Streams:
    """TCP connections, passed on byte by byte with the path's delay and rate."""

    def __init__(self, path: Path, server: Address) -> None:
        self.path, self.server = path, server
        self.writers: set[asyncio.StreamWriter] = set()

    def end(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with contextlib.suppress(OSError):
            await self.path.flowing.wait()
            server_reader, server_writer = await asyncio.open_connection(
                *self.server, local_addr=self.path.local_address
            )
            try:
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(self._pump(reader, server_writer, self.path.streams["up"]))
                    pumps.create_task(self._pump(server_reader, writer, self.path.streams["down"]))
            except* OSError:
                pass
            finally:
                server_writer.close()
        self.writers.discard(writer)
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(CHUNK):
            await self.path.flowing.wait()
            if not self.path.tcp:
                raise ConnectionAbortedError
            arrival = link.arrival(len(data), loop.time(), lane=writer, lossy=False)
            assert arrival is not None
            loop.call_at(arrival, writer.write, data)
        raise ConnectionResetError


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def main() -> None:
    requests = await _standard_input()
    configuration = json.loads(await requests.readline())
    server = (configuration["to"][0], configuration["to"][1])
    path = Path(configuration["seed"])
    public = (configuration.get("listen", "127.0.0.1"), configuration["port"])
    loop = asyncio.get_running_loop()
    streams = Streams(path, server)
    listener = await asyncio.start_server(streams.accept, *public)
    public = listener.sockets[0].getsockname()
    _, datagrams = await loop.create_datagram_endpoint(lambda: PublicPort(path, server), local_addr=public)
    _say({"ready": True, "port": public[1]})
    while line := await requests.readline():
        request = json.loads(line)
        path.change(request)
        if "move" in request:
            datagrams.move()
        if "spare" in request:
            datagrams.spared = frozenset(datagrams.upstreams if request["spare"] else ())
        if "move" in request or not path.tcp:
            streams.end()
        _say(path.counters())


if __name__ == "__main__":
    asyncio.run(main())
