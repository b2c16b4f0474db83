"""One transport: the worker's end of one RTCPeerConnection, an ICE-lite agent with DTLS on top, and its state.

    new ──check──► connecting ──DTLS──► connected ◄──8 s silence──► disconnected ──30 s──► failed
                                                                                   (a later check revives it)
    An offer that stays unanswered: failed, until it is answered after all.
    closed: by us, or by the browser's close_notify.

Silence means: no authenticated STUN check and no authenticated SRTP. An ICE-lite agent sends no checks of its own,
so the browser's are the consent to send (RFC 7675).
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable

from media_sfu.bandwidth.policing import TokenBucket
from media_sfu.net.dtls import Certificates, DtlsConnection, HandshakeFailed, is_cut_off
from media_sfu.net.ice import CONSENT_SECONDS, IceAgent, Path
from media_sfu.net.port import MediaPort
from media_sfu.sdp.writer import TransportParameters

FIRST_CHECK_SECONDS = 15.0
DISCONNECTED_SECONDS = 8.0
DTLS_PER_SECOND, DTLS_BURST = 10, 60  # a handshake takes less than ten, even with retransmissions

log = logging.getLogger(__name__)

Candidates = tuple[tuple[str, int, str], ...]


class Network:
    """What every transport of a worker shares: the port, the certificate and the announced candidates.

    `handshakes` counts how they ended: `connected`, `no_check` (the browser never reached us), `timeout`, `refused`
    (wrong fingerprint, no common cipher), `internal`.
    """

    def __init__(self, port: MediaPort, candidates: Candidates) -> None:
        self.port = port
        self.candidates = candidates
        self.certificates = Certificates()
        self.handshakes: Counter[str] = Counter()


class Transport:
    """ICE and DTLS of one `transport_id`.

    `on_state()` is called on each change of `state` or of the path, `on_connected()` once when the SRTP sessions are
    there.
    """

    def __init__(self, network: Network, transport_id: str) -> None:
        self.id = transport_id
        self.state = "new"
        self.owner: dict[str, str] = {}  # whose it is, for the log
        self.agent = IceAgent(network.port.demux, time.monotonic())
        self.on_state: Callable[[], None] | None = None
        self.on_connected: Callable[[], None] | None = None
        self._network = network
        self._certificate = network.certificates.current(time.monotonic())
        self.dtls = DtlsConnection(self._certificate, self._send_dtls)
        self.dtls.on_closed = self.close
        self.agent.on_dtls = self._on_dtls
        self.agent.on_selected = self._on_selected
        self.told: tuple[str, str | None, str | None] = ("new", None, None)  # what its owner was told last
        self.received = 0  # authenticated packets at the last tick
        self._path_found = asyncio.Event()
        self._dtls_rate = TokenBucket(DTLS_PER_SECOND, DTLS_BURST)
        self._task: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path | None:
        """Where to send: None before the first check, after 30 s of silence and when closed."""
        return self.agent.selected if self.state in ("connected", "disconnected") else None

    @property
    def protocol(self) -> str | None:
        selected = self.agent.selected
        if selected is None:
            return None
        return "udp" if isinstance(selected, tuple) else "tcp"

    @property
    def signalled(self) -> bool:
        """Whether the browser's description has come."""
        return self._task is not None

    def parameters(self) -> TransportParameters:
        """Our side for a description, with the credentials in force."""
        return TransportParameters(
            self.agent.ufrag, self.agent.password, self._certificate.sha256(), self._network.candidates
        )

    def start(self, fingerprints: list[tuple[str, str]]) -> None:
        """The browser's description has come: handshake as soon as it checks. Later calls change nothing."""
        if self._task is None and self.state != "closed":
            self._task = asyncio.create_task(self._handshake(fingerprints))

    def heard(self, path: Path) -> None:
        """Authenticated SRTP came from `path`, which is not the selected one."""
        self.agent.authenticated_data(path, time.monotonic())

    def tick(self, now: float, *, media: bool, unanswered: bool = False) -> None:
        """Judge the silence, once a second. `media`: authenticated SRTP has come since the last call. `unanswered`: the
        browser owes us the answer to an offer for too long, so the transport has failed however well it is heard.
        """
        agent = self.agent
        if media and agent.selected is not None:
            agent.authenticated_data(agent.selected, now)
        agent.expire(now)
        if unanswered:
            self.fail()
            return
        if not self.dtls.connected or agent.alive_at is None:
            return
        silence = now - agent.alive_at
        if silence > CONSENT_SECONDS:
            self._become("failed")
        elif silence > DISCONNECTED_SECONDS or agent.selected is None:
            self._become("disconnected")
        else:
            self._become("connected")

    def fail(self) -> None:
        """Give up: the browser does not answer, or not in time."""
        self._become("failed")

    def close(self) -> None:
        """Kill credentials, addresses and keys. Nothing is sent, not even a goodbye."""
        self.agent.close()
        self.dtls.close()
        if self._task is not None:
            self._task.cancel()
        self._become("closed")
        self.on_state = self.on_connected = None

    async def _handshake(self, fingerprints: list[tuple[str, str]]) -> None:
        outcome = await self._shake_hands(fingerprints)
        self._network.handshakes[outcome] += 1
        if outcome != "connected":
            self._become("failed")
            return
        self._become("connected")
        if self.on_connected is not None:
            self.on_connected()

    async def _shake_hands(self, fingerprints: list[tuple[str, str]]) -> str:
        try:
            async with asyncio.timeout(FIRST_CHECK_SECONDS):
                await self._path_found.wait()
        except TimeoutError:
            return "no_check"
        try:
            await self.dtls.handshake(fingerprints)
        except HandshakeFailed as failure:
            return failure.outcome
        except Exception:
            log.exception("handshake_failed", extra={**self.owner, "transport_id": self.id})
            return "internal"
        return "connected"

    def _on_selected(self) -> None:
        self._path_found.set()
        if self.state == "new":
            self._become("connecting")
        elif self.on_state is not None:
            self.on_state()

    def _on_dtls(self, data: bytes, path: Path) -> None:
        drops, now = self._network.port.drops, time.monotonic()
        if is_cut_off(data):
            drops["dtls_cut_off"] += 1
        elif not self._dtls_rate.take(1, now):
            drops["dtls_rate"] += 1
        else:
            if not self.dtls.connected:
                self.agent.handshake_data(path, now)
            if not self.dtls.put(data):
                drops["dtls_queue"] += 1

    def _send_dtls(self, data: bytes) -> None:
        if self.agent.selected is not None:
            self._network.port.send(data, self.agent.selected)

    def _become(self, state: str) -> None:
        if state != self.state and self.state != "closed":
            self.state = state
            if self.on_state is not None:
                self.on_state()
