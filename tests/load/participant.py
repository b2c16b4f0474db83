"""One synthetic participant: signalling, a publish transport, a subscribe transport."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from media_sfu.rtp import rtcp
from media_sfu.sdp.reader import read_description
from tests.bench.connection import Connection
from tests.load.camera import Camera
from tests.load.clock import Rhythm, Sockets
from tests.load.descriptions import write_answer, write_offer
from tests.load.incoming import Incoming
from tests.load.microphone import Microphone
from tests.load.outgoing import Sending
from tests.load.signalling import ANSWER_SECONDS, Message, Signalling
from tests.media_sfu.peer_transport import Remote

FEEDBACK_SECONDS, REPAIR_SECONDS, REPORT_SECONDS, CONSENT_SECONDS = 0.075, 0.02, 1.0, 2.5


@dataclass(frozen=True)
class Manner:
    """What a participant sends and looks at. `audio`: "turns", "loud", "silent" or "" for no microphone.

    With a `haste` of 10 the camera sends ten times its bit rate: ten times as many frames.
    """

    video: tuple[str, ...]
    audio: str
    tiles: int = 9
    tile: tuple[int, int] = (320, 180)
    haste: int = 1


class Participant:
    """`number` decides on tone and turns. Once `enter` has returned, `beat` makes it send what is due."""

    def __init__(self, number: int, name: str, colour: str, manner: Manner, sockets: Sockets) -> None:
        self.number, self.name, self.colour, self.manner = number, name, colour, manner
        self._sockets = sockets
        self.id = self.step = ""
        self.signalling = Signalling(self._take)
        self.publishing, self.subscribing = Connection(), Connection()
        sending = Sending(self.publishing.send_rtp, self.publishing.send_rtcp)
        self.microphone = Microphone(sending, "0", manner.audio, number) if manner.audio else None
        self.camera = Camera(sending, "1", manner.video, colour) if manner.video else None
        if self.camera is not None:
            self.camera.interval /= manner.haste
        self.incoming: Incoming | None = None
        self.policed: list[Message] = []
        self.paused: list[Message] = []
        self.delivery: Message | None = None
        self._rhythms: list[Rhythm] = []
        self._publish_id, self._subscribe_id = secrets.token_hex(6), secrets.token_hex(6)
        self._joined: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._offers: asyncio.Queue[Message] = asyncio.Queue()
        self._answering: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._tiles: list[Message] | None = None
        self.publishing.on_rtcp = self._on_rtcp

    async def enter(self, url: str, room_id: str, *, identity: str, cookies: str) -> None:
        """Join, publish and subscribe; returns when both transports are connected (who is alone has one).

        Raises ConnectionError, TimeoutError, signalling.Refused.
        """
        self.step = "opening the socket"
        await self.signalling.open(url, room_id, identity=identity, cookies=cookies)
        sends = {"microphone": self.microphone is not None, "camera": self.camera is not None}
        self.step = "joining"
        await self.signalling.tell("join", resume=None, language="en", **sends)
        async with asyncio.timeout(ANSWER_SECONDS):
            joined = await self._joined
        self.id, self.step = joined["you"], "publishing"
        await self._publish()
        self._answering = asyncio.create_task(self._answer_offers())
        self._answering.add_done_callback(self._note_failure)
        self.step = "subscribing"
        await self.signalling.tell("subscribe", transport_id=self._subscribe_id)
        self._start(time.monotonic())
        if len(joined["participants"]) > 1:
            await self._wait_connected()

    async def look(self, tiles: list[Message]) -> None:
        """Show these tiles from now on, instead of the first few."""
        self._tiles = tiles
        await self.signalling.tell("set_view", tiles=tiles)

    async def watch_delivery(self, *, on: bool) -> None:
        """Be told what the server thinks of our network, in `delivery`."""
        await self.signalling.tell("watch_delivery", on=on)

    async def leave(self, *, silently: bool = False) -> None:
        """As who presses the button; `silently` as whose computer died. Also for who did not get in."""
        self._rhythms = []
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.wait([self._answering])
        if not silently:
            with suppress(ConnectionError):
                await self.signalling.tell("leave")
        await self.signalling.close()
        for connection in (self.publishing, self.subscribing):
            self._sockets.remove(connection.udp)
            await connection.close()

    def beat(self, now: float) -> None:
        """Send what is due."""
        for rhythm in self._rhythms:
            rhythm.beat(now)

    def counters(self) -> dict[str, Any]:
        return {
            "participant": self.id,
            "name": self.name,
            "colour": self.colour,
            "microphone": self.microphone.counters() if self.microphone else None,
            "camera": self.camera.counters() if self.camera else None,
            "received": self.incoming.counters() if self.incoming else None,
            "paused": self.paused,
            "delivery": self.delivery,
            "policed": self.policed,
            "errors": self.signalling.errors,
            "closed_with": self.signalling.closed_with,
            "unsent": self.publishing.unsent + self.subscribing.unsent,
        }

    def _start(self, now: float) -> None:
        """Everybody beats at moments of their own."""
        steps: list[tuple[float, Callable[[float], None]]]
        steps = [(FEEDBACK_SECONDS, self._send_feedback), (REPAIR_SECONDS, self._ask_again)]
        steps += [(REPORT_SECONDS, self._report), (CONSENT_SECONDS, self._consent)]
        steps += [(each.interval, each.send) for each in (self.microphone, self.camera) if each is not None]
        self._rhythms = [Rhythm(interval, now + self.number * 0.618 % 1 * interval, act) for interval, act in steps]

    async def _publish(self) -> None:
        present = {"microphone": self.microphone, "camera": self.camera}
        sources = {each.mid: source for source, each in present.items() if each is not None}
        if not sources:
            return
        offer = write_offer(self.publishing, self.microphone, self.camera)
        answer = await self.signalling.ask("publish", transport_id=self._publish_id, sdp=offer, sources=sources)
        await self.publishing.connect(Remote.of(answer["sdp"]))
        self._sockets.add(self.publishing.udp, self._read_publishing)

    def _read_publishing(self) -> None:
        """RTCP and answers to checks."""
        with suppress(BlockingIOError):
            while True:
                self.publishing.take(self.publishing.udp.recv(2048))

    async def _wait_connected(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._connected.wait()

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "joined" and not self._joined.done():
            self._joined.set_result(message)
        elif kind == "error" and message["fatal"] and not self._joined.done():
            self._joined.set_exception(ConnectionError(f"{self.name} was refused: {message['code']}"))
        elif kind == "subscribe_offer":
            self._offers.put_nowait(message)
        elif kind == "videos_paused":
            self.paused = message["pictures"]
        elif kind == "policed":
            self.policed.append(message)
        elif kind == "delivery":
            self.delivery = message
        elif kind == "layers_wanted" and self.camera is not None and message["source"] == "camera":
            self.camera.want_layers(message["layers"])

    async def _answer_offers(self) -> None:
        while True:
            offer = await self._offers.get()
            sections = read_description(offer["sdp"]).sections
            if self.incoming is not None:
                self.incoming.expect(sections, offer["tracks"])
            answer = write_answer(self.subscribing, offer["sdp"])
            names = {"transport_id": offer["transport_id"], "revision": offer["revision"]}
            await self.signalling.tell("subscribe_answer", **names, sdp=answer)
            if self.incoming is None:
                incoming = await self._connect_subscribing(Remote.of(offer["sdp"]))
                incoming.expect(sections, offer["tracks"])
            if self._tiles is None:
                await self.signalling.tell("set_view", tiles=self._first_tiles(offer["tracks"]))

    async def _connect_subscribing(self, remote: Remote) -> Incoming:
        connection = self.subscribing
        await connection.connect(remote)
        self.incoming = Incoming(connection.udp, connection.unprotect, connection.take, connection.send_rtcp)
        self._sockets.add(connection.udp, self.incoming.drain)
        self._connected.set()
        return self.incoming

    def _note_failure(self, answering: asyncio.Task[None]) -> None:
        if not answering.cancelled() and answering.exception() is not None:
            self.signalling.errors.append(repr(answering.exception()))

    def _first_tiles(self, tracks: list[Message]) -> list[Message]:
        """The first cameras and every screen."""
        width, height = self.manner.tile
        shown = [track for track in tracks if track["source"] == "camera"][: self.manner.tiles]
        tiles = [
            {"participant": each["participant"], "source": "camera", "width": width, "height": height} for each in shown
        ]
        screens = [track for track in tracks if track["source"] == "screen"]
        return tiles + [
            {"participant": each["participant"], "source": "screen", "width": 1280, "height": 720} for each in screens
        ]

    def _on_rtcp(self, blocks: list[rtcp.Block]) -> None:
        if self.camera is not None:
            for block in blocks:
                self.camera.on_rtcp(block)

    def _send_feedback(self, _: float) -> None:
        if self.incoming is not None:
            self.incoming.send_feedback()

    def _ask_again(self, _: float) -> None:
        if self.incoming is not None:
            self.incoming.ask_again(time.time())

    def _report(self, seconds: float) -> None:
        for each in (self.microphone, self.camera):
            if each is not None:
                each.report(self.id, seconds)
        if self.incoming is not None:
            self.incoming.report(self.id)

    def _consent(self, _: float) -> None:
        """ICE checks, which keep both connections alive."""
        for connection in (self.publishing, self.subscribing):
            if connection.remote is not None:
                connection.consent()
