"""coturn as docs/examples/turnserver.conf configures it, and the credentials that LiveOn makes for it."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aioice import stun, turn
from django.conf import LazySettings

from conferences.signalling.ice import ice_servers
from tests.net.turn import SECRET, Turn, coturn

ME = "7h3p4rt1c1p4nt00"


@pytest.fixture(scope="module")
def server() -> Iterator[Turn]:
    if shutil.which("turnserver") is None:
        pytest.skip("needs coturn (`make test` installs it)")
    with coturn() as found:
        yield found


@pytest.fixture(autouse=True)
def settings_of_liveon(settings: LazySettings, server: Turn) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = [server.url("udp"), server.url("tcp"), server.url("tls")], SECRET


class Echo(asyncio.DatagramProtocol):
    """Stands for a media worker."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


class Browser(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(data)


@asynccontextmanager
async def allocation(server: Turn, way: str, name: str, credential: str) -> AsyncIterator[Any]:
    """An allocated TURN client whose `receiver` is a Browser. Raises TransactionFailed."""
    kind = turn.TurnClientUdpProtocol if way == "udp" else turn.TurnClientTcpProtocol
    where = ("127.0.0.1", server.tls_port if way == "tls" else server.port)
    client = kind(where, name, credential, turn.DEFAULT_ALLOCATION_LIFETIME, turn.DEFAULT_CHANNEL_REFRESH_TIME)
    client.receiver = Browser()
    loop = asyncio.get_running_loop()
    transport: asyncio.BaseTransport
    if way == "udp":
        transport, _ = await loop.create_datagram_endpoint(lambda: client, remote_addr=where)
    else:
        transport, _ = await loop.create_connection(lambda: client, *where, ssl=unverified() if way == "tls" else None)
    try:
        await client.connect()
        yield client
        await client.delete()
    finally:
        transport.close()
        await client.receiver.gone.wait()


def unverified() -> ssl.SSLContext:
    """The certificate is the browser's business."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def credentials(*, now: datetime | None = None) -> tuple[str, str]:
    [found] = ice_servers(ME, now=now or datetime.now(UTC))
    return found.username, found.credential


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_credentials_lead_to_the_media_address(server, way):
    loop = asyncio.get_running_loop()
    worker, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    async with allocation(server, way, *credentials()) as client, asyncio.timeout(5):
        await client.send_data(b"hello", worker.get_extra_info("sockname"))
        assert await client.receiver.heard.get() == b"hello"
    worker.close()


async def refused(server: Turn, name: str, credential: str) -> None:
    async with allocation(server, "udp", name, credential):
        pass


@pytest.mark.parametrize(
    "forged",
    [
        lambda name, credential: (name, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        lambda name, credential: (f"{int(name.partition(':')[0]) + 3600}:{ME}", credential),
        lambda name, credential: (f"{name.partition(':')[0]}:somebodyelse0000", credential),
    ],
)
async def test_forged_credentials_get_nothing(server, forged):
    with pytest.raises(stun.TransactionFailed, match="401"):
        await refused(server, *forged(*credentials()))


async def test_expired_credentials_get_nothing(server, settings):
    long_ago = datetime.now(UTC) - timedelta(seconds=settings.TURN_SECONDS + 1)
    with pytest.raises(stun.TransactionFailed, match="401"):
        await refused(server, *credentials(now=long_ago))


@pytest.mark.parametrize("peer", ["127.0.0.2", "192.0.2.99", "10.0.0.1"])
async def test_no_other_address_can_be_reached(server, peer):
    async with allocation(server, "udp", *credentials()) as client:
        with pytest.raises(stun.TransactionFailed, match="403"):
            await client.channel_bind(0x4000, (peer, 40000))


def test_credentials_end_when_the_setting_says(settings):
    now = datetime(2026, 11, 23, tzinfo=UTC)
    settings.TURN_SECONDS = 600
    assert credentials(now=now)[0] == f"{int(now.timestamp()) + 600}:{ME}"
