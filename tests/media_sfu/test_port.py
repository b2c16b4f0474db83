"""The media port on each kind of address, and what the kernel does for it."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator

import pytest
from aioice import stun

from media_sfu.net import port as module
from media_sfu.net.ice import IceAgent
from media_sfu.net.port import MediaPort
from tests.media_sfu.test_stun_and_ice import request_for

LISTENING = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")]


@pytest.fixture
async def media() -> AsyncIterator[MediaPort]:
    found = MediaPort()
    yield found
    await found.close()


async def opened(media: MediaPort, address: str) -> int:
    try:
        return await media.open(address, 0)
    except OSError:
        if ":" in address:
            pytest.skip("needs IPv6")
        raise


def browser_at(address: str) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    found.setblocking(False)
    found.bind((address, 0))
    return found


@pytest.mark.parametrize(("listen", "address"), LISTENING)
async def test_checks_over_either_family_are_answered_with_the_mapped_address(media, listen, address):
    number = await opened(media, listen)
    agent = IceAgent(media.demux, 0.0)
    with browser_at(address) as browser:
        browser.sendto(request_for(agent), (address, number))
        response = stun.parse_message(await asyncio.get_running_loop().sock_recv(browser, 2048))
        assert response.attributes["XOR-MAPPED-ADDRESS"] == browser.getsockname()[:2]
        assert media.send(b"\x80 media", agent.selected)
        assert await asyncio.get_running_loop().sock_recv(browser, 2048) == b"\x80 media"


@pytest.mark.skipif(sys.platform != "linux", reason="the counter is Linux's")
@pytest.mark.parametrize(("listen", "address"), LISTENING)
async def test_what_the_kernel_drops_is_counted(media, monkeypatch, listen, address):
    monkeypatch.setattr(module, "SOCKET_BUFFER", 4096)
    number = await opened(media, listen)
    assert media.kernel_drops() == 0
    with browser_at(address) as browser:
        for _ in range(100):  # before the loop can read
            browser.sendto(bytes(1200), (address, number))
    assert media.kernel_drops() > 50


@pytest.mark.parametrize(("wanted", "level"), [(4096, "INFO"), (2**30, "WARNING")])
async def test_small_buffers_are_logged(media, monkeypatch, caplog, wanted, level):
    monkeypatch.setattr(module, "SOCKET_BUFFER", wanted)
    with caplog.at_level(logging.INFO):
        await media.open("127.0.0.1", 0)
    [line] = [record for record in caplog.records if record.getMessage() == "udp_buffers"]
    assert (line.levelname, line.wanted_bytes) == (level, wanted)
    assert (line.receive_bytes, line.send_bytes) == media.buffers()
    assert line.receive_bytes >= min(wanted, 4096)


async def test_what_a_turn_of_reading_brings_forth_is_sent_at_its_end(media, monkeypatch):
    number = await opened(media, "127.0.0.1")
    with browser_at("127.0.0.1") as browser:
        here = browser.getsockname()

        def echo(data: bytes, path: object) -> None:
            assert media.send(data, here)
            with pytest.raises(BlockingIOError):
                browser.recv(2048)
            if data == b"last":
                raise OSError("whatever goes wrong")

        monkeypatch.setattr(media.demux, "feed", echo)
        for data in (b"first", b"other", b"last"):
            browser.sendto(data, ("127.0.0.1", number))
        loop = asyncio.get_running_loop()
        assert [await loop.sock_recv(browser, 2048) for _ in range(3)] == [b"first", b"other", b"last"]
        assert media.send(b"at once", here)
        assert browser.recv(2048) == b"at once"
