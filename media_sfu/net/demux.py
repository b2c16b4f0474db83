"""Which agent a datagram belongs to (RFC 7983): STUN by ufrag, everything else by source address.

Strangers get silence: a datagram that names no live ufrag and comes from no validated address costs a look-up and no
more.
"""

import time
from collections import Counter
from collections.abc import Callable

from aioice.stun import Message

from media_sfu.net import stun
from media_sfu.net.ice import IceAgent, Path
from media_sfu.net.limits import Offenders

MAX_DATAGRAM = 1500  # longer ones, like empty ones, would end aiortc's DTLS task


class Demux:
    """Takes datagrams (and ICE-TCP frames) of any origin and never raises. `send(data, path)` is how it answers
    checks.
    """

    def __init__(self, send: Callable[[bytes, Path], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self.by_ufrag: dict[bytes, IceAgent] = {}
        self.by_path: dict[Path, IceAgent] = {}
        self.drops: Counter[str] = Counter()
        self._send = send
        self._clock = clock
        self._offenders = Offenders()

    def feed(self, data: bytes, path: Path) -> None:
        """Pass one datagram on."""
        if not 0 < len(data) <= MAX_DATAGRAM:
            self.drops["size"] += 1
            return
        first = data[0]
        if 127 < first < 192:
            agent = self.by_path.get(path)
            if agent is not None and agent.on_media is not None:
                agent.on_media(data, path)
            else:
                self.drops["stranger"] += 1
        elif first < 4:
            self._check(data, path)
        elif 19 < first < 64:
            self._dtls(data, path)
        else:
            self.drops["unknown_kind"] += 1

    def _dtls(self, data: bytes, path: Path) -> None:
        agent = self.by_path.get(path)
        if agent is None or agent.on_dtls is None:
            self.drops["stranger"] += 1
            return
        agent.on_dtls(data, path)

    def _check(self, data: bytes, path: Path) -> None:
        ufrag = stun.peek_ufrag(data)
        agent = None if ufrag is None else self.by_ufrag.get(ufrag)
        if ufrag is None or agent is None:
            self.drops["stun_stranger"] += 1
            return
        now = self._clock()
        source = (path[0], path[1]) if isinstance(path, tuple) else (path.host, path.port)
        password = agent.password_of(ufrag, now) if self._admits(agent, path, source[0], now) else None
        if password is None:
            return
        request = self._authenticate(data, password, source[0], now)
        if request is not None:
            agent.checked(path, ufrag, now, nominated="USE-CANDIDATE" in request.attributes)
            self._answer(request, source, password, len(data), path)

    def _admits(self, agent: IceAgent, path: Path, host: str, now: float) -> bool:
        """Whether a check that names `agent` is worth an HMAC."""
        owner = self.by_path.get(path)
        if owner is not agent and self._offenders.ignored(host, now):
            self.drops["stun_ignored"] += 1
        elif owner is not None and owner is not agent and owner.holds(path, now):
            self.drops["path_taken"] += 1
        elif not (agent.checks if owner is agent else agent.strange_checks).take(1, now):
            self.drops["stun_rate"] += 1
        else:
            return True
        return False

    def _answer(self, request: Message, source: stun.Address, password: bytes, asked: int, path: Path) -> None:
        """`asked` is the size of the request in bytes."""
        response = stun.success_response(request, source, password)
        if len(response) <= asked + stun.MAX_RESPONSE_GROWTH:
            self._send(response, path)
        else:
            self.drops["stun_short"] += 1

    def _authenticate(self, data: bytes, password: bytes, host: str, now: float) -> Message | None:
        try:
            request = stun.authenticate(data, password)
        except Exception:  # aioice raises ValueError, struct.error and others on malformed attributes
            self.drops["stun_malformed"] += 1
            return None
        if request is None:
            self._offenders.failed(host, now)
            self.drops["stun_integrity"] += 1
        return request
