"""SRTP of one transport: the keys, who may be read, and RTCP both ways. plane.py puts the media on top of it."""

import contextlib
import struct
from collections import Counter
from collections.abc import Callable
from time import monotonic

import pylibsrtp

from media_sfu.bandwidth.policing import TokenBucket
from media_sfu.faults import Faults
from media_sfu.net.ice import Path
from media_sfu.net.srtp import SrtpSession
from media_sfu.net.transport import Transport
from media_sfu.rtp import packet, rtcp
from media_sfu.stats import PeerCounters

MAX_SSRCS = 64  # per transport: libsrtp keeps a context for each authenticated one
MAX_ERRORS, ERROR_SECONDS = 100, 10.0  # authenticated but malformed packets before the transport is closed
RTCP_PER_SECOND = 200
RTCP_PAUSE_SECONDS = 0.1
RTCP_OCTETS_PER_SECOND = 64_000  # reading a NACK block takes its time; browsers send a tenth of it

Send = Callable[[bytes, Path], bool]


class Endpoint:
    """SRTP of one connected transport. `on_rtcp(blocks, now)` gets what the browser reports, `on_violation()` is called
    after 100 malformed packets in 10 s.
    """

    def __init__(self, transport: Transport, counters: PeerCounters, send: Send, drops: Counter[str]) -> None:
        self.counters = counters
        self.drops = drops
        self.path: Path | None = None
        self.received = 0  # authenticated packets
        self.on_rtcp: Callable[[list[rtcp.Block], float], None] | None = None
        self.on_violation: Callable[[], None] | None = None
        self._transport = transport
        self._send = send
        self._rx: SrtpSession | None = None
        self._tx: SrtpSession | None = None
        self._seen: dict[int, bool] = {}  # SSRC that libsrtp has a context for -> whether it belongs to a source
        self._rtcp_rate = TokenBucket(RTCP_PER_SECOND, RTCP_PER_SECOND)
        self._rtcp_octets = TokenBucket(RTCP_OCTETS_PER_SECOND, RTCP_OCTETS_PER_SECOND)
        self._rtcp_from = 0.0  # reports are ignored until then
        self._errors, self._errors_since = 0, 0.0
        self._faults = Faults()

    def connect(self) -> None:
        """Take the keys of the transport's DTLS connection and its packets."""
        self._rx, self._tx = SrtpSession(self._transport.dtls.rx), SrtpSession(self._transport.dtls.tx)
        self._transport.agent.on_media = self.receive
        self.path = self._transport.path

    def close(self) -> None:
        """Drop the keys: nothing is sent or read any more."""
        self._rx = self._tx = self.path = None
        self.on_rtcp = self.on_violation = None

    def send_rtcp(self, compound: bytes) -> None:
        """Protect and send one RTCP packet; silently nothing while there is no path."""
        if self._tx is not None and self.path is not None:
            self._send(self._tx.protect_rtcp(compound), self.path)

    def ignore_rtcp(self, now: float) -> None:
        """The peer, and nobody who pretends to be it, asks too much: do not even decrypt its reports for 0.1 s."""
        self._rtcp_from = now + RTCP_PAUSE_SECONDS

    def receive(self, data: bytes, path: Path) -> None:
        """One SRTP or SRTCP packet from a validated address. Never raises: asyncio closes a connection that does."""
        try:
            if packet.is_rtcp(data):
                self._receive_rtcp(data, path)
            else:
                self._receive_rtp(data, path)
        except pylibsrtp.Error:
            self.drops["srtp"] += 1
        except (ValueError, IndexError, struct.error):
            self._malformed()
        except Exception as error:  # ours: it costs this packet only
            self.drops["internal"] += 1
            self._faults.tell("packet_failed", error, {**self._transport.owner, "transport_id": self._transport.id})

    def _receive_rtcp(self, data: bytes, path: Path) -> None:
        ssrc = int.from_bytes(data[4:8], "big")
        if self._rx is None or not self._seat(ssrc):
            return
        now = monotonic()
        if now < self._rtcp_from:
            self.drops["rtcp_rate"] += 1
            return
        plain = self._rx.unprotect_rtcp(data)
        self._authenticated(ssrc, path)
        if not (self._rtcp_rate.take(1, now) and self._rtcp_octets.take(len(data), now)):
            self.drops["rtcp_rate"] += 1
            self.ignore_rtcp(now)
        elif self.on_rtcp is not None:
            self.on_rtcp(rtcp.parse_compound(plain), now)

    def _receive_rtp(self, data: bytes, path: Path) -> None:
        self.drops["unexpected_rtp"] += 1

    def _seat(self, ssrc: int) -> bool:
        """Whether a packet of this SSRC may be looked at: known, or a seat is free or can be freed."""
        if ssrc in self._seen or len(self._seen) < MAX_SSRCS or not all(self._seen.values()):
            return True
        self.drops["ssrc_limit"] += 1
        return False

    def _authenticated(self, ssrc: int, path: Path) -> None:
        self.received += 1
        if path != self.path:
            self._transport.heard(path)
        if ssrc not in self._seen:
            self._seen[ssrc] = False
            if len(self._seen) > MAX_SSRCS:
                self._unseat(next(old for old, bound in self._seen.items() if not bound))

    def _unseat(self, ssrc: int) -> None:
        if self._seen.pop(ssrc, None) is not None and self._rx is not None:
            with contextlib.suppress(pylibsrtp.Error):  # it never had a context
                self._rx.remove_stream(ssrc)

    def _malformed(self) -> None:
        self.drops["malformed"] += 1
        now = monotonic()
        if now - self._errors_since > ERROR_SECONDS:
            self._errors, self._errors_since = 0, now
        self._errors += 1
        if self._errors >= MAX_ERRORS and self.on_violation is not None:
            self._errors = 0
            self.on_violation()
