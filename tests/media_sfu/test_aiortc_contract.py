"""The private names of aiortc, aioice and pylibsrtp that media_sfu/net/dtls.py and stun.py use.

The versions are pinned; an upgrade begins with this file.
"""

import asyncio
import inspect
from typing import Any

import pylibsrtp
from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, rtcdtlstransport
from aiortc.rtcdtlstransport import RTCDtlsTransport


class Wire:
    """A channel as ours: only `role`, `_recv` and `_send`."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.other: Wire | None = None

    async def _recv(self) -> bytes:
        return await self.incoming.get()

    async def _send(self, data: bytes) -> None:
        self.other.incoming.put_nowait(data)


async def handshake() -> tuple[RTCDtlsTransport, RTCDtlsTransport]:
    wires = Wire("controlled"), Wire("controlling")
    wires[0].other, wires[1].other = wires[1], wires[0]
    certificates = RTCCertificate.generateCertificate(), RTCCertificate.generateCertificate()
    channels: list[Any] = [*wires]
    ends = RTCDtlsTransport(channels[0], [certificates[0]]), RTCDtlsTransport(channels[1], [certificates[1]])
    ends[0]._set_role("server")
    ends[1]._set_role("client")
    prints = [
        RTCDtlsParameters([RTCDtlsFingerprint(print_.algorithm, print_.value) for print_ in cert.getFingerprints()])
        for cert in certificates
    ]
    await asyncio.gather(ends[0].start(prints[1]), ends[1].start(prints[0]))
    return ends


async def test_transport_needs_nothing_but_recv_and_send():
    server, client = await handshake()
    assert (server.state, client.state) == ("connected", "connected")
    assert server._ssl.get_selected_srtp_profile() == b"SRTP_AEAD_AES_256_GCM"
    assert len(server._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 88)) == 88
    await client.stop()
    await asyncio.wait([server._task])
    assert server.state == "closed"


async def test_srtp_sessions_protect_and_unprotect():
    server, client = await handshake()
    plain = b"\x80\x60\x00\x01" + bytes(8) + b"payload"
    assert client._rx_srtp.unprotect(server._tx_srtp.protect(plain)) == plain
    server._rx_srtp.unprotect(client._tx_srtp.protect(plain))
    server._rx_srtp.remove_stream(0)
    await client.stop()
    await server.stop()


def test_strongest_profile_comes_first_and_none_is_weaker_than_aes_128():
    names = [profile.openssl_profile for profile in rtcdtlstransport.SRTP_PROFILES]
    assert names == [b"SRTP_AEAD_AES_256_GCM", b"SRTP_AEAD_AES_128_GCM", b"SRTP_AES128_CM_SHA1_80"]


def test_private_names_are_there():
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == ["self", "srtp_profiles"]
    assert inspect.iscoroutinefunction(RTCDtlsTransport._write_ssl)
    assert "_transport" in inspect.getsource(RTCDtlsTransport.__init__)
    assert {"protect", "unprotect", "protect_rtcp", "unprotect_rtcp", "remove_stream"} <= set(dir(pylibsrtp.Session))


def test_stun_messages_are_built_and_checked():
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = "us:them"
    request.add_message_integrity(b"password")
    parsed = stun.parse_message(bytes(request))
    assert parsed.check_message_integrity(b"password")
    assert not parsed.check_message_integrity(b"other")
