"""Janus (Debian's package) with its VideoRoom plugin, for comparison.

API: https://janus.conf.meetecho.com/docs/rest.html and /docs/videoroom.html. Janus leaves loopback interfaces out, so
it runs where there is another one: tools/bench-network.sh.
"""

import asyncio
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import websockets

from tests.bench.participants import Participant, PublishingParticipant, SubscribingParticipant
from tests.bench.reception import Receivers
from tests.bench.worker import ServerProcess
from tests.media_sfu.peer_transport import Remote
from tests.services import folder, free_port, running

START_SECONDS, ANSWER_SECONDS = 10.0, 30.0
KEEPALIVE_SECONDS = 20.0
JOIN_AT_ONCE = 5
STARTING_ATTEMPTS, STARTING_SECONDS = 20, 0.1
PLUGIN, PROTOCOL = "janus.plugin.videoroom", websockets.Subprotocol("janus-protocol")

AnyParticipant = TypeVar("AnyParticipant", bound=Participant)


@contextmanager
def janus_process(address: str) -> Iterator[ServerProcess]:
    """Janus with its defaults, media on `address` only. Raises RuntimeError when it does not start."""
    port = free_port()
    with folder("janus") as directory:
        _configure(directory, address, port)
        log = (directory / "janus.log").open("wb")
        with log, running(["janus", "-F", str(directory)], stdout=log, stderr=subprocess.STDOUT) as process:
            _wait_for_port(port, directory / "janus.log")
            yield ServerProcess(process.pid, f"ws://127.0.0.1:{port} {address}")


def _configure(directory: Path, address: str, port: int) -> None:
    installed = next(Path("/usr/lib").glob("*/janus"))
    folders = {name: installed / name for name in ("plugins", "transports", "events", "loggers")}
    unwanted = {
        name: [each.name for each in sorted(folders[name].glob("*.so")) if wanted not in each.name]
        for name, wanted in (("plugins", "videoroom"), ("transports", "websockets"))
    }
    lines = [
        "general: {",
        f'  configs_folder = "{directory}"',
        *(f'  {name}_folder = "{path}"' for name, path in folders.items()),
        "  debug_level = 2",
        "}",
        'media: { rtp_port_range = "20000-29999" }',
        f'nat: {{ ice_enforce_list = "{address}" }}',
        *(f'{name}: {{ disable = "{",".join(files)}" }}' for name, files in unwanted.items()),
    ]
    (directory / "janus.jcfg").write_text("\n".join(lines) + "\n")
    websocket = f'general: {{ json = "compact", ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}\n'
    (directory / "janus.transport.websockets.jcfg").write_text(websocket)
    (directory / f"{PLUGIN}.jcfg").write_text("general: { }\n")


def _wait_for_port(port: int, log: Path) -> None:
    """Raises RuntimeError with the log when nobody listens there in time."""
    deadline = time.monotonic() + START_SECONDS
    listening = f":{port:04X} 00000000:0000 0A"
    while listening not in Path("/proc/net/tcp").read_text():
        if time.monotonic() > deadline:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)


class JanusMeeting:
    """A room of the VideoRoom plugin with the extensions that browsers negotiate; the interface of `Meeting`."""

    def __init__(self, address: str, receivers: Receivers) -> None:
        """`address`: of its API, a space, and where the media is."""
        self.publishing: list[PublishingParticipant] = []
        self.subscribing: list[SubscribingParticipant] = []
        self.lags_ms: list[float] = []
        self._address, self._media_address = address.split(" ")
        self._receivers = receivers
        self._room = 0
        self._feeds: dict[str, int] = {}
        self._transactions = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._session: dict[str, int] = {}

    @property
    def participants(self) -> list[Participant]:
        return [*self.publishing, *self.subscribing]

    async def open(self, participants: int) -> None:
        self._socket = await websockets.connect(self._address, subprotocols=[PROTOCOL], max_size=None)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_alive())]
        self._session = {"session_id": (await self._request("create"))["data"]["id"]}
        limits = {"publishers": participants, "bitrate": 0, "videocodec": "vp8", "audiocodec": "opus"}
        answer = await self._message(await self._attach(), {"request": "create", **limits})
        self._room = answer["plugindata"]["data"]["room"]

    async def publish(self, count: int) -> None:
        for _ in range(count):
            joining = self._bound(PublishingParticipant())
            offer = {"type": "offer", "sdp": joining.offer("active"), "trickle": False}
            body = {"request": "joinandconfigure", "room": self._room, "ptype": "publisher", "display": joining.id}
            answer = await self._message(await self._attach(), body, offer)
            self._feeds[joining.id] = answer["plugindata"]["data"]["id"]
            await self._connect(joining, answer["jsep"]["sdp"])
            self.publishing.append(joining)

    async def subscribe(self, count: int, *, seen: int) -> None:
        """All of the publishers: Janus has no last-N."""
        if seen < len(self.publishing):
            raise NotImplementedError("Janus shows everybody")
        await self._subscribe_all([""] * count)

    async def subscribe_each_other(self) -> None:
        await self._subscribe_all([each.id for each in self.publishing])

    async def statistics(self) -> dict[str, Any]:
        return {}

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
        for participant in self.participants:
            await participant.connection.close()

    async def _subscribe_all(self, names: list[str]) -> None:
        for start in range(0, len(names), JOIN_AT_ONCE):
            await asyncio.gather(*(self._subscribe(name) for name in names[start : start + JOIN_AT_ONCE]))

    async def _subscribe(self, name: str) -> None:
        joining, handle = self._bound(SubscribingParticipant(name)), await self._attach()
        streams = [{"feed": feed} for publisher, feed in self._feeds.items() if publisher != name]
        body = {"request": "join", "room": self._room, "ptype": "subscriber", "streams": streams}
        offer = (await self._join_once_started(handle, body))["jsep"]["sdp"]
        answer = {"type": "answer", "sdp": joining.answer(offer), "trickle": False}
        await self._message(handle, {"request": "start", "room": self._room}, answer)
        await self._connect(joining, offer)
        self.subscribing.append(joining)

    async def _join_once_started(self, handle: int, body: dict[str, Any]) -> dict[str, Any]:
        """Janus may learn a moment later than the publisher that its DTLS is complete."""
        for _ in range(STARTING_ATTEMPTS):
            try:
                return await self._message(handle, body)
            except RuntimeError as error:
                if "No such feed" not in str(error):
                    raise
                await asyncio.sleep(STARTING_SECONDS)
        raise RuntimeError("a publisher did not start")

    def _bound(self, joining: AnyParticipant) -> AnyParticipant:
        """Janus begins with candidates only."""
        joining.connection.bind(self._media_address)
        return joining

    async def _connect(self, joining: Participant, sdp: str) -> None:
        await joining.connection.connect(Remote.of(sdp))
        self._receivers.add(joining.connection.udp, joining.receiver)

    async def _attach(self) -> int:
        answer = await self._request("attach", plugin=PLUGIN)
        return int(answer["data"]["id"])

    async def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None) -> dict[str, Any]:
        more = {"jsep": jsep} if jsep else {}
        answer = await self._request("message", handle_id=handle, body=body, **more)
        if "error" in answer["plugindata"]["data"]:
            raise RuntimeError(answer["plugindata"]["data"]["error"])
        return answer

    async def _request(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The final answer, which for what takes longer comes after an `ack`. Raises RuntimeError."""
        name = str(next(self._transactions))
        waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"janus": kind, "transaction": name, **self._session, **fields}))
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await waiting
        if answer["janus"] == "error":
            raise RuntimeError(answer["error"]["reason"])
        return answer

    async def _listen(self) -> None:
        async for text in self._socket:
            answer = json.loads(text)
            waiting = self._waiting.get(answer.get("transaction", ""))
            if waiting is not None and not waiting.done() and answer["janus"] != "ack":
                waiting.set_result(answer)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            await self._socket.send(json.dumps({"janus": "keepalive", "transaction": "alive", **self._session}))
