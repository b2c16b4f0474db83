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
