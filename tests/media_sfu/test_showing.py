"""Limits of cameras, screens and their bits in one meeting, and what happens to a layer that sends too much."""

import asyncio

import pytest

from media_sfu.control.client import WorkerError
from media_sfu.endpoint import MAX_SSRCS
from media_sfu.publication import BITS_PER_SECOND
from media_sfu.rtp.extensions import MID, RTP_STREAM_ID
from media_sfu.subscription import Subscription
from tests.media_sfu.conftest import LIMITS, ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person, new_id

CAMERA = BITS_PER_SECOND["camera"]


async def limit(meeting: Meeting, **limits: int) -> None:
    await meeting.link.request("create_router", router=ROUTER, epoch=1, bars=[], limits={**LIMITS, **limits})


async def refusal(meeting: Meeting, peer: str) -> str:
    """What somebody who publishes camera and microphone is told, or nothing."""
    try:
        await meeting.join(peer)
    except WorkerError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"publishers": 2}, "too_many_publishers"),
        ({"bits_per_second": 2 * CAMERA}, "bitrate_limit"),
        ({"bits_per_second": 3 * CAMERA - 1}, "bitrate_limit"),
        ({"publishers": 3, "bits_per_second": 3 * CAMERA}, ""),
        ({}, ""),
    ],
)
async def test_the_third_camera_may_be_one_too_many(meeting, limits, code):
    await limit(meeting, **limits)
    await meeting.pair()
    assert await refusal(meeting, "person-c") == code


async def test_who_was_refused_is_admitted_when_the_limits_are_raised(meeting):
    await limit(meeting, publishers=1)
    await meeting.join("person-a")
    assert await refusal(meeting, "person-b") == "too_many_publishers"
    raised = {"limits": {**LIMITS, "publishers": 2}}
    for _ in range(2):
        await meeting.link.request("set_limits", router=ROUTER, **raised)
    assert await refusal(meeting, "person-b") == ""
    with pytest.raises(WorkerError, match="unknown_router"):
        await meeting.link.request("set_limits", router="meeting-2", **raised)


async def test_who_was_refused_still_has_what_there_was(meeting):
    await limit(meeting, publishers=1)
    await meeting.join("person-a")
    other = await meeting.join("person-b", camera=())
    with pytest.raises(WorkerError, match="too_many_publishers"):
        await other.request("publish", transport_id=new_id(), sdp=other.offer(True, ("low",)), sources={"1": "camera"})
    assert meeting.states("person-b")["publish"] == "connected"


async def test_a_muted_camera_leaves_its_place_and_may_not_find_it_again(meeting):
    await limit(meeting, publishers=1)
    first = await meeting.join("person-a")
    await first.request("set_muted", source="camera", muted=True)
    second = await meeting.join("person-b")
    with pytest.raises(WorkerError, match="too_many_publishers"):
        await first.request("set_muted", source="camera", muted=False)
    await second.request("set_muted", source="camera", muted=True)
    await first.request("set_muted", source="camera", muted=False)


async def test_one_that_is_muted_before_it_is_published_does_not_count(meeting):
    await limit(meeting, publishers=1)
    await meeting.join("person-a")
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-b", subjects=["user:b"])
    await meeting.link.request("set_muted", router=ROUTER, peer="person-b", source="camera", muted=True)
    assert await refusal(meeting, "person-b") == ""


async def test_a_camera_goes_on_in_its_place_over_a_new_transport(meeting):
    await limit(meeting, publishers=1)
    person = await meeting.join("person-a")
    again = Person(meeting.link, ROUTER, "person-a")
    assert await again.publish()
    await again.close()
    assert person.peer == "person-a"


async def test_a_screen_may_take_the_place_of_the_own_camera_and_of_no_other(meeting):
    await limit(meeting, publishers=2)
    await meeting.join("person-a")
    person = await meeting.join("person-b")
    swap = {"transport_id": new_id(), "sdp": person.offer(True, ("low",))}
    answer = await person.request("publish", **swap, sources={"0": "microphone", "1": "screen"})
    assert {each["source"] for each in answer["publications"]} == {"microphone", "screen"}
    other = await meeting.join("person-c", camera=())
    with pytest.raises(WorkerError, match="too_many_publishers"):
        await other.request("publish", transport_id=new_id(), sdp=other.offer(True, ("low",)), sources={"1": "screen"})


async def test_a_screen_for_a_camera_sends_more_than_there_is_room_for(meeting):
    await limit(meeting, bits_per_second=CAMERA)
    person = await meeting.join("person-a")
    with pytest.raises(WorkerError, match="bitrate_limit"):
        await person.request(
            "publish", transport_id=new_id(), sdp=person.offer(True, ("low",)), sources={"1": "screen"}
        )


async def test_a_limit_that_was_lowered_switches_nobody_off(meeting):
    first, second = await meeting.pair()
    await limit(meeting, publishers=1, bits_per_second=CAMERA)
    for person in (first, second):
        await person.request(
            "publish", transport_id=new_id(), sdp=person.offer(True, ("low",)), sources={"1": "camera"}
        )
    assert len(meeting.worker.routers[ROUTER].publications()) == 2
    await first.request("set_muted", source="camera", muted=True)
    with pytest.raises(WorkerError, match="too_many_publishers"):
        await first.request("set_muted", source="camera", muted=False)


async def flood(camera, running: asyncio.Event) -> None:
    """30 Mbit/s in each layer."""
    while not running.is_set():
        for _ in range(4):
            camera.send_frame(packets=10, body=b"f" * 1000)
        await asyncio.sleep(0.01)


@pytest.mark.timeout(60)
async def test_a_layer_that_goes_on_sending_too_much_is_shut_and_opened_when_it_has_stopped(meeting, worker):
    offender, viewer = await meeting.pair()
    tiles = [{"participant": "person-a", "source": "camera", "width": 640, "height": 360}]
    await viewer.request("set_view", tiles=tiles)
    over = asyncio.Event()
    flooding = asyncio.create_task(flood(offender.camera, over))
    await until(lambda: meeting.told("policed", peer="person-a", layers=["low", "high"]), seconds=30)
    assert worker.drops()["policed"] > 1000
    arrived = viewer.received["camera", "person-a"].packets
    before = len(arrived)
    await until(lambda: worker.drops()["policed"] > 5000, seconds=10)
    assert len(arrived) == before, "what is shut is not forwarded at all"
    over.set()
    await flooding
    await until(lambda: meeting.told("policed", peer="person-a", layers=[]), seconds=30)

    def moves() -> bool:
        offender.camera.send_frame()
        return len(arrived) > before

    await until(moves, seconds=10)


async def test_a_draining_worker_keeps_no_empty_router(meeting, worker):
    person = await meeting.join("person-a")
    await meeting.link.request("drain")
    await person.request("close_peer", reason="moved")
    await until(lambda: ROUTER not in worker.routers)
    await meeting.link.request("undrain")
    await meeting.open_router()
    assert not worker.draining


async def test_a_camera_that_is_published_anew_does_not_start_with_full_buckets(meeting):
    first = await meeting.join("person-a", camera=("low",))
    peer = meeting.worker.routers[ROUTER].peers["person-a"]
    before = peer.publications["camera"].source_at(0, 1111).policer
    await first.request("publish", transport_id=new_id(), sdp=first.offer(True, ()), sources={})
    assert "camera" not in peer.publications
    await first.request("publish", transport_id=new_id(), sdp=first.offer(True, ("low",)), sources={"1": "camera"})
    camera = peer.publications["camera"]
    assert before in [camera.source_at(layer, 2222 + layer).policer for layer in range(len(camera.sources))]


async def test_a_sender_that_resizes_or_renames_its_layers_at_each_packet_costs_the_others_little(meeting, monkeypatch):
    await meeting.join("person-a", camera=("low",))
    await meeting.join("person-b")
    peer = meeting.worker.routers[ROUTER].peers["person-a"]
    camera, transport = peer.publications["camera"], peer.publishing
    await until(lambda: camera.subscriptions)
    chosen = []
    monkeypatch.setattr(Subscription, "_choose", lambda self: chosen.append(self))
    for _ in range(1000):
        camera._resized()
    assert not chosen, "the clock has them choose"
    numbers = {uri: number for uri, number in transport._extensions.items() if uri in (MID, RTP_STREAM_ID)}
    values = {numbers[MID]: camera.mid.encode(), numbers[RTP_STREAM_ID]: b"low"}
    bound = [transport._learn(10_000 + ssrc, camera.payload_type, values) for ssrc in range(1000)]
    assert 1 <= sum(source is not None for source in bound) <= MAX_SSRCS + 10
