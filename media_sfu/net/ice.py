"""One ICE-lite agent (RFC 8445 §2.5): credentials, address pairs, and which pair carries the media.

Theory of the pair selection, verified with Chromium and Firefox:

1. The first authenticated check selects its pair, and a nomination (USE-CANDIDATE) decides as long as no data has
   flowed.
2. After that, DTLS of the handshake or authenticated SRTP on another validated pair moves the path to it. Firefox sets
   USE-CANDIDATE on every check, even of a TCP pair it does not use, so a nomination is no longer to be believed.
3. A nomination made with newer credentials (an ICE restart), or one made while the selected pair has been silent for
   more than 3 s, moves the path too.
4. A pair on which nothing authenticated has come for 30 s has lost the browser's consent (RFC 7675 §5.1): it is
   forgotten, and if it was selected, the one that was heard last takes its place. So nothing is sent for ever to an
   address that somebody else may have by now.
5. A path belongs to one agent. A check on it for another is refused as long as the owner has that consent: whoever
   names a path of somebody else's takes nothing from him, by a spoofed address or by naming two agents on one TCP
   connection. Nobody honest waits for it: a transport that is built anew has its predecessor closed before its
   browser can check, and a NAT gives an address away only after it has been silent. A path that has been silent for
   30 s goes to the one that checks, and its owner forgets it.
6. A browser moves the path twice a second at most, once the pairs of its first checks have had their turn. What comes
   on another pair meanwhile is taken all the same.
"""

import secrets
from collections.abc import Callable
from typing import Protocol

from media_sfu.bandwidth.policing import TokenBucket

MAX_PAIRS = 8
CHECKS_PER_SECOND = 20
CHECK_BURST = 40  # Firefox checks every candidate pair at once after an answer with many addresses
SILENT_PAIR_SECONDS = 3.0
CONSENT_SECONDS = 30.0
MOVES_PER_SECOND = 2
OLD_CREDENTIALS_SECONDS = 10.0
MAX_CREDENTIALS = 4  # a browser restarts ICE as often as it likes and need not check even once

UdpAddress = tuple[str, int] | tuple[str, int, int, int]


class TcpPath(Protocol):
    """An ICE-TCP connection as a path; the object itself is the key of the pair."""

    host: str
    port: int

    def send(self, data: bytes) -> bool: ...

    def abort(self) -> None: ...


Path = UdpAddress | TcpPath


class AgentTable(Protocol):
    """What an agent needs of the demultiplexer: where it is found."""

    by_ufrag: dict[bytes, "IceAgent"]
    by_path: dict[Path, "IceAgent"]


class IceAgent:
    """Credentials and pairs of one transport.

    `on_media(data, path)` takes SRTP and SRTCP, `on_dtls(data, path)` DTLS; `on_selected()` is called when the path
    changes.
    """

    def __init__(self, table: AgentTable, now: float) -> None:
        self._table = table
        self._passwords: dict[bytes, bytes] = {}
        self._retire_at: dict[bytes, float] = {}
        self._pairs: dict[Path, float] = {}  # validated path -> when it was heard, least recently checked first
        self._selected_ufrag = b""
        self._data_at: float | None = None  # last data on the selected pair
        self.checks = TokenBucket(CHECKS_PER_SECOND, CHECK_BURST)  # from validated addresses
        self.strange_checks = TokenBucket(CHECKS_PER_SECOND, CHECK_BURST)  # from others: they cannot use up the former
        self._moves = TokenBucket(MOVES_PER_SECOND, MAX_PAIRS)
        self.ufrag, self.password = "", ""
        self.selected: Path | None = None
        self.created_at = now
        self.alive_at: float | None = None  # last authenticated check or SRTP packet: RFC 7675 consent
        self.on_media: Callable[[bytes, Path], None] | None = None
        self.on_dtls: Callable[[bytes, Path], None] | None = None
        self.on_selected: Callable[[], None] | None = None
        self.renew_credentials()

    def renew_credentials(self) -> None:
        """Make new credentials (also for an ICE restart). Older ones live until 10 s after the first new check, at most
        three.
        """
        while len(self._passwords) >= MAX_CREDENTIALS:
            self._forget(next(iter(self._passwords)))
        self.ufrag, self.password = secrets.token_hex(6), secrets.token_hex(16)
        name = self.ufrag.encode()
        self._passwords[name] = self.password.encode()
        self._table.by_ufrag[name] = self

    def password_of(self, ufrag: bytes, now: float) -> bytes | None:
        """The password that belongs to a ufrag of this agent, None when it has been retired."""
        if now >= self._retire_at.get(ufrag, now + 1):
            self._forget(ufrag)
        return self._passwords.get(ufrag)

    def checked(self, path: Path, ufrag: bytes, now: float, *, nominated: bool) -> None:
        """An authenticated binding request arrived on `path`, which no other agent `holds`."""
        self.alive_at = now
        self._remember(path, now)
        if ufrag == self.ufrag.encode():
            self._retire_older(now)
        if self.selected is None or (nominated and path != self.selected and self._follow_nomination(ufrag, now)):
            self._select(path, ufrag)

    def handshake_data(self, path: Path, now: float) -> None:
        """DTLS of the handshake arrived on a validated path: that is the pair the browser uses."""
        self._data_on(path, now)

    def authenticated_data(self, path: Path, now: float) -> None:
        """SRTP or SRTCP from a path other than the selected one was authenticated, or the periodic look at a busy
        pair.
        """
        self.alive_at = now
        self._data_on(path, now)

    def holds(self, path: Path, now: float) -> bool:
        """Whether the consent to send to `path` is this agent's, so that nobody else may have it."""
        heard = self._pairs.get(path)
        return heard is not None and now - heard <= CONSENT_SECONDS

    def expire(self, now: float) -> None:
        """Forget the pairs whose consent has ended while another one lives; called each second. When all are silent the
        transport fails, which stops the sending, and a check revives it.
        """
        silent = [path for path, heard in self._pairs.items() if now - heard > CONSENT_SECONDS]
        if len(silent) == len(self._pairs):
            return
        if self.selected in silent:
            self._select(max(self._pairs, key=self._pairs.__getitem__), self._selected_ufrag)
        for path in silent:
            self.lost(path)
            if not isinstance(path, tuple):
                path.abort()

    def lost(self, path: Path) -> None:
        """A TCP connection went away, or the consent to send to this address."""
        self._pairs.pop(path, None)
        if self._table.by_path.get(path) is self:
            del self._table.by_path[path]
        if self.selected == path:
            self.selected = None
            self._data_at = None
            self._notify()

    def close(self) -> None:
        """Kill credentials and addresses: nothing reaches this agent any more, and nothing queued leaves."""
        self.on_media = self.on_dtls = self.on_selected = None
        for ufrag in list(self._passwords):
            self._forget(ufrag)
        for path in list(self._pairs):
            self.lost(path)
            if not isinstance(path, tuple):
                path.abort()

    def _follow_nomination(self, ufrag: bytes, now: float) -> bool:
        is_silent = self._data_at is None or now - self._data_at > SILENT_PAIR_SECONDS
        is_restart = ufrag != self._selected_ufrag and ufrag == self.ufrag.encode()
        return (is_silent or is_restart) and self._moves.take(1, now)

    def _select(self, path: Path, ufrag: bytes) -> None:
        self.selected, self._selected_ufrag, self._data_at = path, ufrag, None
        self._notify()

    def _data_on(self, path: Path, now: float) -> None:
        if path in self._pairs:
            self._pairs[path] = now
        if path != self.selected:
            if self.selected is not None and not self._moves.take(1, now):
                return
            self._select(path, self._selected_ufrag)
        self._data_at = now

    def _notify(self) -> None:
        if self.on_selected is not None:
            self.on_selected()

    def _remember(self, path: Path, now: float) -> None:
        owner = self._table.by_path.get(path)
        if owner is not None and owner is not self:
            owner.lost(path)
        self._pairs.pop(path, None)
        if len(self._pairs) >= MAX_PAIRS:
            self.lost(next(old for old in self._pairs if old != self.selected))
        self._pairs[path] = now
        self._table.by_path[path] = self

    def _retire_older(self, now: float) -> None:
        current = self.ufrag.encode()
        for ufrag in self._passwords:
            if ufrag != current:
                self._retire_at.setdefault(ufrag, now + OLD_CREDENTIALS_SECONDS)

    def _forget(self, ufrag: bytes) -> None:
        self._passwords.pop(ufrag, None)
        self._retire_at.pop(ufrag, None)
        self._table.by_ufrag.pop(ufrag, None)
