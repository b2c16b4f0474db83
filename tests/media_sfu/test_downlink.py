"""What a subscriber's link is given: bursts spread, temporal layers left out, the estimate followed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import mean
from typing import Any

import pytest

from media_sfu.bandwidth.feedback import FeedbackGenerator
from media_sfu.codecs.vp8 import describe
from media_sfu.downlink import Downlink
from media_sfu.rtp import rtcp
from media_sfu.sdp.writer import TRANSPORT_SEQUENCE_ID
from media_sfu.subscription import Subscription
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person
from tests.media_sfu.pure.packets import vp8
from tests.net.link import Impairment, Link

FRAME_SECONDS = 0.05
PATTERN = ((0, False), (2, True), (1, True), (2, False))
PACKETS = {"low": 1, "high": 4}
"""Per frame of 20 a second, of some 700 octets: 115 and 460 kbit/s."""
LOW_KBPS, NARROW_KBPS = 115, 420


class Film:
    """What a person's camera shows, in three temporal layers, until the end."""

    def __init__(self, person: Person) -> None:
        assert person.camera is not None
        self.camera, self.number = person.camera, 0

    def frame(self, packets: dict[str, int] = PACKETS) -> None:
        self.number += 1
        for rid, stream in self.camera.layers.items():
            if rid not in self.camera.active:
                continue
            keyframe = rid in self.camera.wanted
            self.camera.wanted.discard(rid)
            temporal, sync = (0, True) if keyframe else PATTERN[self.number % 4]
            for index in range(packets[rid]):
                payload = vp8(
                    starts=not index,
                    keyframe=keyframe and not index,
                    picture=self.number & 0x7FFF,
                    level=self.number & 255,
                    temporal=temporal,
                    sync=sync,
                    size=self.camera.SIZES[rid],
                    body=rid.encode() + b"v" * 690,
                )
                stream.send(payload, timestamp=4500 * self.number, marker=index == packets[rid] - 1)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.frame()
            due = max(due + FRAME_SECONDS, loop.time() - 0.1)
            await asyncio.sleep(due - loop.time())


class Receiver:
    """The viewer's end: a bottleneck in front of it, and transport-wide feedback from it."""

    def __init__(self, viewer: Person) -> None:
        self.transport, self.link = viewer.receiving, Link(1)
        self.feedback, self.numbers = FeedbackGenerator(), list[int]()
        self.arrivals: list[float] = []
        self._deliver, self._read = self.transport.datagram_received, self.transport.on_rtp
        self.transport.datagram_received = self._arrive  # type: ignore[method-assign]
        self.transport.on_rtp = self._note

    def _arrive(self, data: bytes, _: Any) -> None:
        loop = asyncio.get_running_loop()
        at = self.link.arrival(len(data), loop.time())
        if at is not None:
            loop.call_at(at, self._deliver, data, None)

    def _note(self, plain: bytes) -> None:
        assert plain[16] == TRANSPORT_SEQUENCE_ID << 4 | 1
        number, now = plain[17] << 8 | plain[18], asyncio.get_running_loop().time()
        self.numbers.append(number)
        self.arrivals.append(now)
        self.feedback.arrived(number, now)
        if plain[0] & 0x20 == 0:
            self._read(plain)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for message in self.feedback.build():
                self.transport.send_rtcp(rtcp.transport_feedback(1, 1, message))


@asynccontextmanager
async def running(*work: Any) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        yield
        for task in tasks:
            task.cancel()


def downlink(meeting: Meeting, peer: str) -> Downlink:
    return meeting.worker.routers[ROUTER].peers[peer].subscribing.downlink


def subscriptions(meeting: Meeting, peer: str) -> list[Subscription]:
    found = meeting.worker.routers[ROUTER].peers[peer].subscribing.subscriptions()
    return [each for each in found if each.publication.kind == "video"]


async def audience(meeting: Meeting, senders: int) -> tuple[Person, Receiver, list[Film]]:
    """A viewer of so many cameras who wants the best of each."""
    viewer = await meeting.join("viewer-0", publish=False)
    people = [await meeting.join(f"sender-{number}", microphone=False) for number in range(senders)]
    await until(lambda: len(viewer.received) == senders and viewer.receiving.dtls.state == "connected")
    tiles = [{"participant": each.peer, "source": "camera", "width": 1280, "height": 720} for each in people]
    await viewer.request("set_view", tiles=tiles)
    return viewer, Receiver(viewer), [Film(each) for each in people]


def kept_layers(viewer: Person, sender: str, since: int) -> list[int]:
    return [
        describe(payload, 0, len(payload))[2][5] for _, _, payload in viewer.received["camera", sender].packets[since:]
    ]


async def filmed(film: Film, happened: Callable[[], Any]) -> None:
    async with running(film.run()):
        await until(happened)


async def test_keyframe_is_spread_in_order_and_stamped_as_it_leaves(meeting: Meeting):
    viewer, receiver, [film] = await audience(meeting, 1)
    received = viewer.received["camera", "sender-0"]
    await filmed(film, lambda: received.packets)
    before = len(received.packets)
    film.frame({"low": 80, "high": 80})  # 56 kB: 75 ms at twice the first estimate
    await until(lambda: len(received.packets) >= before + 80)
    assert [sequence - received.sequences[0] & 0xFFFF for sequence in received.sequences] == list(range(before + 80))
    first = receiver.numbers[0]
    assert [number - first & 0xFFFF for number in receiver.numbers] == list(range(len(receiver.numbers)))
    assert receiver.arrivals[-1] - receiver.arrivals[-80] > 0.03


async def test_sound_overtakes_a_burst_and_who_leaves_in_it_leaves_nothing_behind(meeting: Meeting):
    viewer = await meeting.join("viewer-0", publish=False)
    sender = await meeting.join("sender-0")
    await until(lambda: len(viewer.received) == 2 and viewer.receiving.dtls.state == "connected")
    film = Film(sender)
    video, sound = viewer.received["camera", "sender-0"], viewer.received["microphone", "sender-0"]
    await filmed(film, lambda: video.packets)
    before = len(video.packets)
    film.frame({"low": 200, "high": 200})
    sender.microphone.send()
    await until(lambda: sound.packets)
    assert len(video.packets) < before + 200
    endpoint = meeting.worker.routers[ROUTER].peers["viewer-0"].subscribing.endpoint
    await meeting.link.request("close_peer", router=ROUTER, peer="viewer-0", reason="left")
    assert len(endpoint.pacer) == 0
    assert endpoint._timer is None or endpoint._timer.cancelled()


async def test_temporal_layers_are_left_out_and_nobody_misses_them(meeting: Meeting):
    viewer, _, [film] = await audience(meeting, 1)
    received = viewer.received["camera", "sender-0"]
    await filmed(film, lambda: {0, 1, 2} <= set(kept_layers(viewer, "sender-0", 0)))
    [subscription] = subscriptions(meeting, "viewer-0")
    subscription.forward.thin(0)
    film.frame()
    before = len(received.packets)
    await filmed(film, lambda: len(received.packets) >= before + 12)
    assert set(kept_layers(viewer, "sender-0", before + 4)) == {0}
    sequences = received.sequences
    assert [sequence - sequences[0] & 0xFFFF for sequence in sequences] == list(range(len(sequences)))


async def test_client_without_transport_wide_feedback_is_offered_remb_and_believed(meeting: Meeting):
    viewer = await meeting.join("viewer-0", publish=False)
    understood = viewer.answer
    viewer.answer = lambda offer: "\r\n".join(  # type: ignore[method-assign]
        line for line in understood(offer).split("\r\n") if not line.startswith("a=extmap")
    )
    await meeting.join("sender-0", microphone=False)
    await until(lambda: len(viewer.offers) >= 2 and viewer.receiving.dtls.state == "connected")
    assert "goog-remb" not in viewer.offers[0]["sdp"]
    assert "goog-remb" in viewer.offers[-1]["sdp"]
    words = ((1 << 24) | (2 << 18) | 100_000).to_bytes(4, "big")
    body = bytes(8) + b"REMB" + words + bytes(4)
    viewer.receiving.send_rtcp(bytes((0x8F, 206)) + (len(body) // 4).to_bytes(2, "big") + body)
    await until(lambda: downlink(meeting, "viewer-0").estimator.bits_per_second == 400_000)
    assert len(viewer.offers) == 2


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_estimate_settles_on_a_narrow_link_and_the_best_comes_back(meeting: Meeting):
    viewer, receiver, films = await audience(meeting, 3)
    estimator = downlink(meeting, "viewer-0").estimator

    def layers() -> list[int | None]:
        return [each.forward.layers.current for each in subscriptions(meeting, "viewer-0")]

    async with running(receiver.run(), *(film.run() for film in films)):
        await until(lambda: layers() == [1, 1, 1] and estimator.bits_per_second > 1.5e6, 20)
        receiver.link.impairment = Impairment(rate_kbps=NARROW_KBPS, queue_ms=600)
        await asyncio.sleep(15)
        before = [len(viewer.received["camera", f"sender-{number}"].packets) for number in range(3)]
        estimates, delays = [], []
        for _ in range(100):
            await asyncio.sleep(0.1)
            estimates.append(estimator.bits_per_second / 1000)
            delays.append(receiver.link._free_at[None] - asyncio.get_running_loop().time())
        moved = [
            len(viewer.received["camera", f"sender-{number}"].packets) - then for number, then in enumerate(before)
        ]
        assert 0.7 * NARROW_KBPS <= mean(estimates) <= NARROW_KBPS, estimates
        assert max(delays) < 0.3
        assert min(moved) >= 5 * 10, moved
        receiver.link.impairment = Impairment()
        await until(lambda: layers() == [1, 1, 1], 20)
