"""DTLS-SRTP (RFC 5764) by aiortc's RTCDtlsTransport, which is used as it is on a channel that duck-types its ICE
transport.

Only DTLS datagrams pass through the channel's queue. SRTP is pushed: after the handshake the packet path takes the
two SRTP sessions and the demultiplexer calls it directly. `tests/media_sfu/test_aiortc_contract.py` pins every
private name used here.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcdtlstransport import RTCDtlsTransport
from OpenSSL import SSL

HANDSHAKE_SECONDS = 15.0
MAX_DATAGRAM = 1200
CERTIFICATE_SECONDS = 24 * 3600.0
_QUEUE = 32  # datagrams; a handshake takes less than ten
_DTLS_1_2 = 0xFEFD


class HandshakeFailed(Exception):
    """No DTLS connection. `outcome`: `timeout`, or `refused` (wrong fingerprint, no common cipher, closed)."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Certificates:
    """One ECDSA P-256 certificate per worker process; new transports get a new one daily."""

    def __init__(self) -> None:
        self._current: _Certificate | None = None
        self._made_at = 0.0

    def current(self, now: float) -> "_Certificate":
        if self._current is None or now - self._made_at > CERTIFICATE_SECONDS:
            self._current, self._made_at = _Certificate.generateCertificate(), now
        return self._current


class _Certificate(RTCCertificate):
    def _create_ssl_context(self, srtp_profiles: list) -> SSL.Context:  # type: ignore[type-arg]
        context = super()._create_ssl_context(srtp_profiles)
        context.set_min_proto_version(_DTLS_1_2)
        return context

    def sha256(self) -> str:
        """The fingerprint for `a=fingerprint:sha-256`."""
        return next(print_.value for print_ in self.getFingerprints() if print_.algorithm == "sha-256")


class _Channel:
    """What RTCDtlsTransport asks of an ICE transport: `role`, `_recv` and `_send`."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)
        self._out = send
        self._closed = False

    def put(self, datagram: bytes) -> bool:
        if self._incoming.full():
            return False
        self._incoming.put_nowait(datagram)
        return True

    def close(self) -> None:
        self._closed = True
        self._out = _to_nobody
        while self._incoming.full():
            self._incoming.get_nowait()
        self._incoming.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = await self._incoming.get()
        if datagram is None or self._closed:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        if not self._closed:
            self._out(datagram)


def _to_nobody(_: bytes) -> None:
    """Where a closed channel sends; it holds its transport no longer, so that both are freed without the collector."""


class _Dtls(RTCDtlsTransport):
    async def _write_ssl(self) -> None:
        """Flush everything OpenSSL wrote, in datagrams of whole records: aiortc's own reads 1500 bytes once, which cuts
        a larger flight in the middle of a record."""
        written = bytearray()
        try:
            while True:
                written += cast(SSL.Connection, self._ssl).bio_read(16384)
        except SSL.Error:
            pass
        for datagram in split_records(bytes(written)):
            await self._transport._send(datagram)


def is_cut_off(datagram: bytes) -> bool:
    """Whether the first record says that it is longer than the datagram (RFC 6347 §4.1); DTLS 1.3 has other headers."""
    if not 20 <= datagram[0] < 32:
        return False
    return len(datagram) < 13 or 13 + int.from_bytes(datagram[11:13], "big") > len(datagram)


def split_records(flight: bytes) -> list[bytes]:
    """Pack DTLS records (RFC 6347 §4.1: 13 bytes of header, the length in the last two) into datagrams of ≤ 1200
    bytes.
    """
    datagrams: list[bytes] = []
    start = position = 0
    while position < len(flight):
        plain = 20 <= flight[position] < 32 and position + 13 <= len(flight)  # DTLS 1.3 ciphertext has a shorter header
        size = 13 + int.from_bytes(flight[position + 11 : position + 13], "big") if plain else len(flight) - position
        if start < position and position + size - start > MAX_DATAGRAM:
            datagrams.append(flight[start:position])
            start = position
        position += size
    if start < len(flight):
        datagrams.append(flight[start:])
    return datagrams


class DtlsConnection:
    """The server's end of one DTLS connection.

    `await handshake(fingerprints)` → then `cipher`, `rx` (unprotects) and `tx` (protects) are there. `on_closed()`
    is called when the browser closes the connection.
    """

    def __init__(self, certificate: _Certificate, send: Callable[[bytes], None]) -> None:
        self._channel = _Channel(send)
        self._dtls = _Dtls(self._channel, [certificate])  # type: ignore[arg-type]
        self._dtls._set_role("server")
        self._closed = False
        self.cipher: str | None = None
        self.on_closed: Callable[[], None] | None = None

    @property
    def connected(self) -> bool:
        return self._dtls.state == "connected"

    @property
    def rx(self) -> pylibsrtp.Session:
        return self._dtls._rx_srtp

    @property
    def tx(self) -> pylibsrtp.Session:
        return self._dtls._tx_srtp

    def put(self, datagram: bytes) -> bool:
        """One DTLS datagram of the browser; False when 32 are waiting and it was dropped."""
        return self._channel.put(datagram)

    async def handshake(self, fingerprints: list[tuple[str, str]]) -> None:
        """Wait for the browser's ClientHello and complete. `fingerprints` are (hash, value) of its description.

        Raises HandshakeFailed, after at most 15 s.
        """
        parameters = RTCDtlsParameters([RTCDtlsFingerprint(name, value) for name, value in fingerprints])
        try:
            await asyncio.wait_for(self._dtls.start(parameters), HANDSHAKE_SECONDS)
        except TimeoutError as error:
            raise HandshakeFailed("timeout") from error
        except (ConnectionError, SSL.Error) as error:
            raise HandshakeFailed("refused") from error
        if not self.connected:
            raise HandshakeFailed("refused")
        profile = cast(SSL.Connection, self._dtls._ssl).get_selected_srtp_profile()
        self.cipher = profile.decode().removeprefix("SRTP_")
        self._dtls.on("statechange", self._changed)

    def close(self) -> None:
        """End aiortc's task by a ConnectionError from its channel. Nothing is sent."""
        self._closed = True
        self._dtls.remove_all_listeners()
        self.on_closed = None
        self._channel.close()

    def _changed(self) -> None:
        if self._dtls.state == "closed" and not self._closed and self.on_closed is not None:
            self.on_closed()
