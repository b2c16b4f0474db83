"""The browser's end of one transport: a minimal ICE client, and aiortc's DTLS as the client of the handshake."""

import asyncio
import re
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pylibsrtp
from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcdtlstransport import RTCDtlsTransport

from media_sfu.rtp import packet, rtcp

CERTIFICATE = RTCCertificate.generateCertificate()
CONNECT_SECONDS = 10.0


async def until(condition: Callable[[], Any], seconds: float = CONNECT_SECONDS) -> None:
    """Wait for a condition that the running loop will bring about."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


@dataclass
class Remote:
    """What a description of the worker says."""

    ufrag: str
    password: str
    fingerprint: str
    address: tuple[str, int]
    tcp_address: tuple[str, int] | None = None

    @classmethod
    def of(cls, sdp: str) -> "Remote":
        def find(pattern: str) -> Any:
            return re.search(pattern, sdp).groups()

        def address(protocol: str) -> tuple[str, int] | None:
            found = re.search(rf"a=candidate:\S+ 1 {protocol} \d+ (\S+) (\d+)", sdp)
            return (found[1], int(found[2])) if found else None

        return cls(
            find(r"a=ice-ufrag:(\S+)")[0],
            find(r"a=ice-pwd:(\S+)")[0],
            find(r"a=fingerprint:sha-256 (\S+)")[0],
            address("udp"),
            address("tcp"),
        )


class PeerTransport(asyncio.DatagramProtocol):
    """The browser's end of one transport: a minimal ICE client and aiortc's DTLS as client."""

    role = "controlling"

    def __init__(self) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.remote: Remote | None = None
        self.on_rtp: Callable[[bytes], None] = lambda plain: None
        self.on_rtcp: Callable[[list[rtcp.Block]], None] = lambda blocks: None
        self.bytes_sent = self.packets_sent = self.bytes_received = self.packets_received = 0
        channel: Any = self
        self.dtls = RTCDtlsTransport(channel, [CERTIFICATE])
        self.dtls._set_role("client")
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._answers: dict[bytes, asyncio.Future[None]] = {}
        self._socket: Any = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def cipher(self) -> bytes:
        return self.dtls._ssl.get_selected_srtp_profile()

    async def connect(self, remote: Remote, *, tcp: bool = False) -> None:
        """Check, nominate and shake hands."""
        self.remote = remote
        loop = asyncio.get_running_loop()
        if tcp:
            reader, self._writer = await asyncio.open_connection(*remote.tcp_address)
            self._keep(self._read_frames(reader))
        else:
            self._socket, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        async with asyncio.timeout(CONNECT_SECONDS):
            await self.check()
            await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", remote.fingerprint)]))
        assert self.dtls.state == "connected"
        self._keep(self._keep_checking())

    async def check(self, *, seconds: float = CONNECT_SECONDS) -> None:
        """One authenticated binding request with USE-CANDIDATE; raises TimeoutError without an answer."""
        transaction = secrets.token_bytes(12)
        answered = self._answers[transaction] = asyncio.get_running_loop().create_future()
        request = self.binding_request(transaction)
        async with asyncio.timeout(seconds):
            while not answered.done():
                self.send(request)
                await asyncio.wait([answered], timeout=0.2)

    def binding_request(self, transaction: bytes | None = None, *, nominate: bool = True) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction)
        request.attributes["USERNAME"] = f"{self.remote.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1845501695
        request.attributes["ICE-CONTROLLING"] = 1
        if nominate:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self.remote.password.encode())
        return bytes(request)

    def send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(struct.pack("!H", len(data)) + data)
        else:
            self._socket.sendto(data, self.remote.address)

    def send_rtp(self, plain: bytes) -> None:
        protected = self.dtls._tx_srtp.protect(plain)
        self.bytes_sent += len(protected)
        self.packets_sent += 1
        self.send(protected)

    def send_rtcp(self, plain: bytes) -> None:
        self.send(self.dtls._tx_srtp.protect_rtcp(plain))

    def datagram_received(self, data: bytes, _: Any) -> None:
        if data[0] < 4:
            answered = self._answers.pop(data[8:20], None)
            if answered is not None and not answered.done():
                answered.set_result(None)
        elif data[0] < 64:
            self._incoming.put_nowait(data)
        elif self.dtls._rx_srtp is not None:
            self._receive_media(data)

    async def close(self) -> None:
        """Go away without a word, as a browser whose network died."""
        for task in self._tasks | ({self.dtls._task} if self.dtls._task else set()):
            task.cancel()
            await asyncio.wait([task])
        if self._socket is not None:
            self._socket.close()
        if self._writer is not None:
            self._writer.close()

    async def _recv(self) -> bytes:
        return await self._incoming.get()

    async def _send(self, data: bytes) -> None:
        self.send(data)

    def _receive_media(self, data: bytes) -> None:
        try:
            if packet.is_rtcp(data):
                self.on_rtcp(rtcp.parse_compound(self.dtls._rx_srtp.unprotect_rtcp(data)))
            else:
                plain = self.dtls._rx_srtp.unprotect(data)
                self.bytes_received += len(data)
                self.packets_received += 1
                self.on_rtp(plain)
        except pylibsrtp.Error:
            pass  # a replayed packet

    async def _read_frames(self, reader: asyncio.StreamReader) -> None:
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            self.datagram_received(await reader.readexactly(length), None)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(2)
            self.send(self.binding_request())

    def _keep(self, work: Any) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work))
