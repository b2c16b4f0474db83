"""Offers to subscribers: one at a time, m-lines reused and never removed, and shared out when there are too many."""

import secrets
import time

import pylibsrtp
import pytest

from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person
from tests.media_sfu.test_forwarding import see

BIG = {"participants": 50, "publications_per_peer": 4}


async def silent(meeting: Meeting, peer: str, *, microphone: bool = False) -> Person:
    """Somebody whose publications are negotiated and never connected."""
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer=peer, subjects=[])
    person = Person(meeting.link, ROUTER, peer)
    sources = {"1": "camera", **({"0": "microphone"} if microphone else {})}
    offer = person.offer(microphone, ("low", "high"))
    await person.request("publish", transport_id=person.publish_id, sdp=offer, sources=sources)
    return person


def shown(viewer: Person) -> set[str]:
    return {track["participant"] for track in viewer.offers[-1]["tracks"]} if viewer.offers else set()


async def test_changes_at_once_come_in_one_offer(meeting: Meeting):
    for number in range(5):
        await silent(meeting, f"person-{number}")
    viewer = await meeting.join("viewer-1", publish=False)
    await until(lambda: len(shown(viewer)) == 5)
    assert [offer["revision"] for offer in viewer.offers] == [1]


async def test_m_line_of_somebody_who_left_is_reused_after_it_was_inactive(meeting: Meeting):
    await silent(meeting, "person-1")
    viewer = await meeting.join("viewer-1", publish=False)
    await until(lambda: shown(viewer) == {"person-1"})
    await meeting.link.request("close_peer", router=ROUTER, peer="person-1", reason="left")
    await until(lambda: viewer.offers[-1]["tracks"] == [])
    assert "a=inactive" in viewer.offers[-1]["sdp"]
    slots = meeting.worker.routers[ROUTER].peers["viewer-1"].subscribing.slots
    await until(lambda: slots[0].free)
    sender = await meeting.join("person-2", camera=("low",), microphone=False)
    await until(lambda: shown(viewer) == {"person-2"})
    assert [track["mid"] for track in viewer.offers[-1]["tracks"]] == ["0"]
    await see(sender, viewer)


async def test_ended_source_is_taken_back_from_the_others(meeting: Meeting):
    first, second = await meeting.pair()
    await first.request(
        "publish", transport_id=first.publish_id, sdp=first.offer(True, ("low", "high")), sources={"0": "microphone"}
    )
    await until(lambda: [track["source"] for track in second.offers[-1]["tracks"]] == ["microphone"])


async def test_nothing_is_kept_or_sent_of_a_subscription_that_ended(meeting: Meeting):
    viewer = await meeting.join("viewer-1", publish=False)
    sender = await meeting.join("person-1", camera=("low",), microphone=False)
    await until(lambda: ("camera", "person-1") in viewer.received and viewer.receiving.dtls.state == "connected")
    await see(sender, viewer)
    subscribing = meeting.worker.routers[ROUTER].peers["viewer-1"].subscribing
    [subscription] = subscribing.subscriptions()
    ssrcs, egress = (subscription.ssrc, subscription.repair_ssrc), subscribing.endpoint
    assert subscription.forward.pad(100, time.monotonic())  # as RTX: both have sent something
    for ssrc in ssrcs:
        egress.hold(b"\x80\x60" + bytes(6) + ssrc.to_bytes(4, "big") + bytes(20), time.monotonic())
    assert len(egress.pacer) == 2
    subscribing.remove(subscription.publication)
    assert len(egress.pacer) == 0
    for ssrc in ssrcs:
        with pytest.raises(pylibsrtp.Error):  # there is no such context
            egress._tx.remove_stream(ssrc)


async def test_no_ssrc_is_used_twice_whatever_the_dice_say(meeting: Meeting, monkeypatch: pytest.MonkeyPatch):
    """libsrtp would encrypt with the same keystream again."""
    _, viewer = await meeting.pair()
    monkeypatch.setattr(secrets, "randbits", lambda _: 4711)
    subscribing = meeting.worker.routers[ROUTER].peers[viewer.peer].subscribing
    used: set[int] = set()
    for _ in range(20):
        for publication in [each.publication for each in subscribing.subscriptions()]:
            subscribing.remove(publication)
            subscribing.slots[0].free = subscribing.slots[1].free = True
            subscribing.add(publication)
        fresh = {ssrc for each in subscribing.subscriptions() for ssrc in (each.ssrc, each.repair_ssrc)}
        assert len(fresh) == 4
        assert not fresh & used
        used |= fresh
    assert all(0 < ssrc < 1 << 31 for ssrc in used)


async def test_everybody_is_heard_and_video_waits_for_the_view(meeting: Meeting):
    await meeting.link.request("create_router", router=ROUTER, epoch=1, bars=[], limits=BIG)
    for number in range(14):
        await silent(meeting, f"person-{number}", microphone=True)
    viewer = await meeting.join("viewer-1", publish=False)
    await until(lambda: viewer.offers)
    kinds = [track["source"] for track in viewer.offers[-1]["tracks"]]
    assert kinds.count("microphone") == 14
    waiting = {f"person-{number}" for number in range(14)}
    waiting -= {track["participant"] for track in viewer.offers[-1]["tracks"] if track["source"] == "camera"}
    assert 2 <= len(waiting) <= 5
    chosen = waiting.pop()
    await viewer.request("set_view", tiles=[{"participant": chosen, "source": "camera", "width": 320, "height": 180}])
    await until(lambda: {"participant": chosen, "source": "camera"} in tracks_of(viewer))


def tracks_of(viewer: Person) -> list[dict[str, str]]:
    tracks = viewer.offers[-1]["tracks"]
    return [{"participant": track["participant"], "source": track["source"]} for track in tracks]
