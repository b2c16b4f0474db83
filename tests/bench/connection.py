"""A transport whose socket is read by the generator's own receivers instead of the event loop."""

import asyncio
import socket

from aioice import stun
from aiortc import RTCDtlsFingerprint, RTCDtlsParameters

from tests.media_sfu.peer_transport import CERTIFICATE, PeerTransport, Remote

CONNECT_SECONDS, CHECK_SECONDS = 20.0, 0.2
BINDING_REQUEST = b"\x00\x01"


class Connection(PeerTransport):
    """`unsent` counts what the kernel did not take."""

    def __init__(self) -> None:
        super().__init__()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setblocking(False)
        self.unsent = 0

    def bind(self, address: str) -> None:
        """Take a port of `address`, which `description` then names: for servers that are not ICE-lite."""
        self.udp.bind((address, 0))

    def description(self, setup: str) -> list[str]:
        """Our side of the transport for an SDP."""
        address, port = self.udp.getsockname()
        return [
            *([f"a=candidate:1 1 udp 2130706431 {address} {port} typ host"] if port else []),
            "c=IN IP4 0.0.0.0",
            "a=rtcp-mux",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {CERTIFICATE.getFingerprints()[0].value}",
            f"a=setup:{setup}",
        ]

    async def connect(self, remote: Remote, *, tcp: bool = False) -> None:
        """ICE and DTLS; whoever reads the socket later passes what is no RTP to `take`."""
        self.remote = remote
        self.udp.connect(remote.address)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.udp, self._readable)
        checking = loop.create_task(self._check_again())
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.check(seconds=CONNECT_SECONDS)
                await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", remote.fingerprint)]))
        finally:
            checking.cancel()
            loop.remove_reader(self.udp)
        if self.dtls.state != "connected":
            raise ConnectionError(f"DTLS {self.dtls.state}")

    def send(self, data: bytes) -> None:
        try:
            self.udp.send(data)
        except OSError:
            self.unsent += 1

    def consent(self) -> None:
        """Send a check that needs no answer: the worker may go on sending (RFC 7675)."""
        self.send(self.binding_request())

    def unprotect(self, data: bytes) -> bytes:
        """Open one SRTP packet. Raises pylibsrtp.Error."""
        return self.dtls._rx_srtp.unprotect(data)

    def take(self, datagram: bytes) -> None:
        if datagram[:2] == BINDING_REQUEST:
            self._answer(datagram)
        else:
            self.datagram_received(datagram, None)

    async def close(self) -> None:
        await super().close()
        self.udp.close()

    def _answer(self, datagram: bytes) -> None:
        """Servers that are not ICE-lite check too."""
        request = stun.parse_message(datagram)
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = self.udp.getpeername()
        answer.add_message_integrity(self.password.encode())
        self.send(bytes(answer))

    async def _check_again(self) -> None:
        """Janus takes no notice of a nomination that comes before it has read our candidates."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.consent()

    def _readable(self) -> None:
        self.take(self.udp.recv(2048))
