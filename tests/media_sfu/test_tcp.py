"""ICE-TCP: framing, strangers, slow readers and how many connections one host may have."""

import asyncio
import os
import socket
import struct
import sys

import pytest
import uvloop
from aioice import stun

from media_sfu.net import tcp
from media_sfu.net.ice import IceAgent
from media_sfu.net.port import MediaPort
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_stun_and_ice import request_for


@pytest.fixture
async def port():
    port = MediaPort()
    port.number = await port.open("127.0.0.1", 0)
    yield port
    await port.close()


def framed(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


async def connect(port: MediaPort) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port.number)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(100), 5) == b""
    except ConnectionResetError:
        return True


async def test_check_is_answered_however_it_is_cut(port):
    agent = IceAgent(port.demux, 0.0)
    reader, writer = await connect(port)
    for octet in framed(request_for(agent)):
        writer.write(bytes([octet]))
        await writer.drain()
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    response = stun.parse_message(await reader.readexactly(length))
    assert response.attributes["XOR-MAPPED-ADDRESS"] == writer.get_extra_info("sockname")
    assert not isinstance(agent.selected, tuple)
    writer.close()
    await until(lambda: agent.selected is None)
    assert port.connections.open == set()


@pytest.mark.parametrize(
    "data", [framed(b"GET / HTTP/1.1"), framed(b""), framed(bytes(200)), framed(b"\x16\xfe\xfd" + bytes(50))]
)
async def test_stranger_is_closed_after_the_first_frame(port, data):
    reader, writer = await connect(port)
    writer.write(data + data)
    assert await is_closed(reader)
    assert port.drops["tcp_stranger"] == 1
    writer.close()


async def test_silent_stranger_is_closed_after_five_seconds(port):
    reader, writer = await connect(port)
    await until(lambda: port.connections.open)
    port.close_strangers()
    assert len(port.connections.open) == 1
    for connection in port.connections.open:
        connection.opened_at -= 6
    port.close_strangers()
    assert await is_closed(reader)
    writer.close()


async def test_connection_of_a_closed_agent_is_closed(port):
    agent = IceAgent(port.demux, 0.0)
    reader, writer = await connect(port)
    writer.write(framed(request_for(agent)))
    await reader.readexactly(20)
    agent.close()
    for connection in port.connections.open:
        connection.opened_at -= 6
    port.close_strangers()
    await reader.read(1000)
    assert await is_closed(reader)
    writer.close()


async def test_connection_belongs_to_the_agent_that_it_named_first(port):
    """Else only the last one hears that it is gone, and the first sends to a closed connection."""
    first, second = IceAgent(port.demux, 0.0), IceAgent(port.demux, 0.0)
    reader, writer = await connect(port)
    writer.write(framed(request_for(first)) + framed(request_for(second)))
    await until(lambda: port.drops["path_taken"])
    assert second.selected is None
    writer.close()
    await until(lambda: first.selected is None)
    assert port.demux.by_path == {}


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("ended_by_us", [True, False])
def test_sending_to_a_connection_that_is_gone_drops(new_loop, ended_by_us):
    async def send_late() -> list[bool]:
        port = MediaPort()
        port.number = await port.open("127.0.0.1", 0)
        _, writer = await connect(port)
        await until(lambda: port.connections.open)
        [connection] = port.connections.open
        sent = [connection.send(b"early")]
        (connection if ended_by_us else writer.transport).abort()
        if ended_by_us:
            sent.append(connection.send(b"at once"))
        await until(lambda: not port.connections.open)
        await asyncio.sleep(0.01)
        sent.append(connection.send(b"late"))
        writer.close()
        await port.close()
        return sent

    with asyncio.Runner(loop_factory=new_loop) as runner:
        first, *later = runner.run(send_late())
    assert first and not any(later)


@pytest.mark.skipif(sys.platform != "linux", reason="counts files in /proc")
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_connections_reset_before_they_are_taken_leave_nothing(new_loop):
    async def reset_many() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        port = MediaPort()
        port.number = await port.open("127.0.0.1", 0)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):  # before the loop can accept
            with socket.create_connection(("127.0.0.1", port.number)) as stranger:
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await asyncio.sleep(0.05)
        try:
            await until(lambda: len(os.listdir("/proc/self/fd")) == before)
        finally:
            await port.close()

    faults = []
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(reset_many())
    assert faults == []


async def test_one_host_has_a_bounded_number_of_connections(port, monkeypatch):
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS_PER_HOST", 3)
    opened = [await connect(port) for _ in range(4)]
    await until(lambda: port.drops["tcp_connections"] == 1)
    assert len(port.connections.open) == 3
    for _, writer in opened:
        writer.close()
    await until(lambda: not port.connections.open)
    assert port.connections._per_host == {}


async def test_slow_reader_loses_packets_and_video_before_sound(port):
    agent = IceAgent(port.demux, 0.0)
    reader, writer = await connect(port)
    writer.transport.pause_reading()
    writer.write(framed(request_for(agent)))
    await until(lambda: agent.selected is not None)
    while agent.selected.send(bytes(1100)):
        pass
    assert agent.selected.send(bytes(100))
    while agent.selected.send(bytes(100)):
        pass
    assert port.drops["tcp_slow"] == 2
    writer.transport.abort()
