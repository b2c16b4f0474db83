"""The worker's end of the control link: a unix socket that only our own uid may use (docs/control-protocol.md)."""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import struct
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from media_sfu.control.messages import MAX_FRAME, BadFrame, Json, Request, encode, parse_request
from media_sfu.errors import ConfigError, RequestRefused

MAX_LINKS = 64
_QUEUE = 4000  # frames a web process may be behind before its link is closed
_BAD_FRAMES = 3
_CLOSE_SECONDS = 1.0  # for a web process to answer our goodbye
_UCRED = struct.Struct("3i")  # Linux: pid, uid, gid
_XUCRED = struct.Struct("II")  # macOS: version, uid, and more

log = logging.getLogger(__name__)


class Link:
    """One connected web process. `id` is its own name, empty before its hello."""

    def __init__(self, connection: ServerConnection) -> None:
        self.id = ""
        self._connection = connection
        self._queue: asyncio.Queue[Json] = asyncio.Queue(_QUEUE)
        self._overrun = False

    def send(self, message: Json) -> None:
        """Queue an event or a response. A web process that does not read loses its link."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            if not self._overrun:
                self._overrun = True
                self._connection.transport.abort()

    async def write(self) -> None:
        """Write what is queued until cancelled."""
        while True:
            await self._connection.send(encode(await self._queue.get()))


class ControlServer:
    """Accepts links; `dispatch(link, request)` answers their requests or raises RequestRefused."""

    def __init__(
        self, path: str, *, dispatch: Callable[[Link, Request], Json], on_lost: Callable[[Link], None]
    ) -> None:
        self.links: set[Link] = set()
        self._path = Path(path)
        self._dispatch = dispatch
        self._on_lost = on_lost
        self._server: Server | None = None

    async def start(self) -> None:
        """Listen. Raises ConfigError when the directory is open to others or another worker listens there."""
        self._server = await unix_serve(
            self._serve,
            sock=_bind(self._path),
            process_request=_refuse_others,
            compression=None,
            max_size=MAX_FRAME,
            ping_interval=None,
            close_timeout=_CLOSE_SECONDS,
            server_header=None,
        )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(self, connection: ServerConnection) -> None:
        if len(self.links) >= MAX_LINKS:
            return
        link = Link(connection)
        self.links.add(link)
        writer = asyncio.create_task(link.write())
        try:
            await self._read(link, connection)
        except ConnectionClosed:
            log.info("link_closed")
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await writer
            self.links.discard(link)
            self._on_lost(link)

    async def _read(self, link: Link, connection: ServerConnection) -> None:
        bad = 0
        async for frame in connection:
            try:
                request = parse_request(frame)
            except BadFrame as error:
                bad += 1
                link.send({"id": error.request_id, "ok": False, "code": "bad_request"})
                if bad >= _BAD_FRAMES:
                    await connection.close(1008)
                    return
                continue
            bad = 0
            link.send({"id": request.id, **self._answer(link, request)})

    def _answer(self, link: Link, request: Request) -> Json:
        try:
            return {"ok": True, **self._dispatch(link, request)}
        except RequestRefused as refusal:
            return {"ok": False, "code": refusal.code}
        except Exception:
            ids = {name: request.fields[name] for name in ("router", "peer") if name in request.fields}
            log.exception("request_failed", extra={"request": request.type, **ids})
            return {"ok": False, "code": "internal"}


def _bind(path: Path) -> socket.socket:
    """A socket of mode 0600 in a directory of ours that nobody else may enter."""
    directory = path.parent.stat()
    if directory.st_uid != os.getuid() or stat.S_IMODE(directory.st_mode) & 0o077:
        raise ConfigError("socket: its directory must be ours alone (mode 0700)")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError(f"socket: {error.strerror}") from error
    finally:
        os.umask(mask)
    return listener


def _remove_stale(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise ConfigError("socket: another worker listens on it")


def _refuse_others(connection: ServerConnection, _: HttpRequest) -> Response | None:
    """Only a process of our own uid gets a link (SO_PEERCRED), whatever the file modes say."""
    fd = connection.transport.get_extra_info("socket").fileno()
    with socket.socket(fileno=os.dup(fd)) as peer:
        if _uid_of(peer) == os.getuid():
            return None
    log.warning("link_of_another_uid_refused")
    return connection.respond(HTTPStatus.FORBIDDEN, "not for you\n")


def _uid_of(peer: socket.socket) -> int:
    if sys.platform == "linux":
        return int(_UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1])
    return int(_XUCRED.unpack(peer.getsockopt(0, 1, 76)[: _XUCRED.size])[1])  # SOL_LOCAL, LOCAL_PEERCRED
