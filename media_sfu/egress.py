"""What leaves on one subscribe transport: stamped, protected, counted, in bursts no faster than its link takes them."""

import asyncio
import contextlib
import secrets
from collections import Counter
from time import monotonic

import pylibsrtp

from media_sfu.bandwidth.estimate import FIRST
from media_sfu.bandwidth.history import SentPackets
from media_sfu.bandwidth.pacing import Pacer
from media_sfu.endpoint import Endpoint, Send
from media_sfu.forwarding.rewriter import restamp
from media_sfu.net.transport import Transport
from media_sfu.stats import PeerCounters

RELEASE_SECONDS = 0.005


class Egress(Endpoint):
    """A subscribe transport.

    `stamp` goes into the header of the next packet: its transport-wide number, shifted left by 8. `sent` remembers the
    newest packets for the feedback on them. Sound is sent at once; video asks `pacer.is_open` first.
    """

    def __init__(self, transport: Transport, counters: PeerCounters, send: Send, drops: Counter[str]) -> None:
        super().__init__(transport, counters, send, drops)
        self.sent = SentPackets()
        self.stamp = self.sent.next << 8 & 0xFFFFFF
        self.pacer = Pacer(FIRST)
        self._timer: asyncio.TimerHandle | None = None
        self._next_ssrc = secrets.randbits(31) | 1

    def close(self) -> None:
        super().close()
        self.pacer.clear()
        if self._timer is not None:
            self._timer.cancel()

    def new_ssrc(self) -> int:
        """An SSRC that this transport has never sent: odd, counted up from a random one, each once in 2^30.

        Random ones alone could come twice. What libsrtp counts for an SSRC is gone with `forget`: it would count from
        the start again under the same key, and encrypt with the same keystream (RFC 3711 section 9.1).
        """
        ssrc, self._next_ssrc = self._next_ssrc, (self._next_ssrc + 2) & 0x7FFFFFFF
        return ssrc

    def forget(self, *ssrcs: int) -> None:
        """Nothing more is sent as these SSRCs, neither what still waits nor RTCP: free what libsrtp keeps of them.

        Whoever calls sees to it that they are never used again, see `new_ssrc`.
        """
        ended = {ssrc.to_bytes(4, "big") for ssrc in ssrcs}
        self.pacer.drop(lambda packet: packet[8:12] in ended)
        if self._tx is None:
            return
        for ssrc in ssrcs:
            with contextlib.suppress(pylibsrtp.Error):  # nothing was ever sent as it
                self._tx.remove_stream(ssrc)

    def send_rtp(self, plain: bytes, now: float) -> bool:
        """Protect and send one packet that carries `stamp`; False when there is no path or the socket is full."""
        if self._tx is None or self.path is None:
            return False
        protected = self._tx.protect(plain)
        if not self._send(protected, self.path):
            return False
        size = len(protected)
        self.counters.packets_out += 1
        self.counters.bytes_out += size
        self.pacer.spend(size, now)
        self.stamp = self.sent.note(size, now) << 8 & 0xFFFFFF
        return True

    def send_repair(self, plain: bytes, now: float) -> bool:
        """Send a retransmission now or, while a burst is being spread, before the rest of it."""
        if self.pacer.is_open(now):
            return self.send_rtp(plain, now)
        self.pacer.hold_repair(plain, now)
        self._release_soon()
        return True

    def hold(self, plain: bytes, now: float) -> None:
        """Send a packet of a video when it is its turn."""
        self.pacer.hold(plain, now)
        self._release_soon()

    def _release_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RELEASE_SECONDS, self._release)

    def _release(self) -> None:
        self._timer = None
        now = monotonic()
        for plain in self.pacer.due(now):
            try:
                self.send_rtp(restamp(plain, self.stamp), now)
            except pylibsrtp.Error:
                self.drops["srtp"] += 1
        if len(self.pacer):
            self._release_soon()
