"""Draining a worker: its meetings move while the old place goes on for a while."""

import asyncio
from dataclasses import replace

import pytest

from audit.events import SYSTEM
from audit.models import Attendance
from conferences import moving, placing, runtime
from conferences.errors import MediaUnavailable
from conferences.models import MediaWorker, Participant
from conferences.services.placement import order_drain
from conferences.services.removal import remove_participant
from tests.conferences.fake_worker import FakeWorker
from tests.conferences.waiting import until, until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)


async def order(worker: FakeWorker, *, drain: bool) -> None:
    """As the operator's command does, and the worker obeys."""
    await until_stored(lambda: MediaWorker.objects.filter(name=worker.name, worker_epoch=worker.epoch).exists())
    assert await as_operator(order_drain)(worker.name, drain=drain)
    await worker.wait_for("drain" if drain else "undrain")
    worker.draining = drain
    await worker.beat()


def counted(count: int) -> dict[str, int]:
    return dict.fromkeys(("bytes_in", "bytes_out", "packets_in", "packets_out"), count)


async def test_draining_worker_hands_its_meetings_over(worker, browser, second_worker, monkeypatch):
    monkeypatch.setattr(moving, "KEEP_SECONDS", 1.0)
    await order(worker, drain=True)
    assert await browser.expect("rebuild") == {"type": "rebuild", "epoch": 2, "keep": True}
    assert second_worker.asked("create_peer")
    assert not worker.asked("close_peer"), "the old place carries media until the new one does"
    assert (await worker.wait_for("close_peer"))["reason"] == "moved"


async def test_what_is_decided_during_a_move_holds_at_the_old_place_too(worker, browser, second_worker, room):
    await order(worker, drain=True)
    await browser.expect("rebuild")
    await browser.send("mute", source="microphone", muted=True)
    assert (await worker.wait_for("set_muted", source="microphone"))["muted"]
    present = Participant.objects.select_related("meeting__room__tenant", "user")
    stay = await as_operator(present.get)(public_id=browser.id)
    await as_operator(remove_participant)(stay, actor=SYSTEM)
    assert (await worker.wait_for("bar"))["subjects"]
    await until(lambda: not worker.routers.get(browser.joined["meeting"], {"peers": {}})["peers"])


async def test_bytes_of_both_places_are_counted_once(worker, browser, second_worker, monkeypatch):
    monkeypatch.setattr(moving, "KEEP_SECONDS", 0.2)
    meeting = browser.joined["meeting"]
    before, after = counted(1_000), counted(300)
    await worker.emit("statistics", router=meeting, peers={browser.id: before})
    await order(worker, drain=True)
    await browser.expect("rebuild")
    await second_worker.emit("statistics", router=meeting, peers={browser.id: after})
    worker.counters[browser.id] = counted(1_500)
    await worker.wait_for("close_peer")
    second_worker.counters[browser.id] = counted(400)
    await browser.send("leave")
    await second_worker.wait_for("close_peer")
    await until_stored(lambda: Attendance.objects.get().bytes_in == 1_900)


async def test_worker_is_taken_back_into_service(worker, browser):
    await order(worker, drain=True)
    await order(worker, drain=False)
    assert not (await as_operator(MediaWorker.objects.get)()).draining


async def test_mute_during_the_making_of_the_new_peer_holds_in_both_places(worker, browser, second_worker, monkeypatch):
    media, meeting = runtime.hub().media, browser.joined["meeting"]

    def mute_first(**fields):
        media._meetings[meeting].peers[browser.id].note_muted("microphone", muted=True)
        return FakeWorker._create_peer(second_worker, **fields)

    monkeypatch.setattr(second_worker, "_create_peer", mute_first, raising=False)
    await order(worker, drain=True)
    await browser.expect("rebuild")
    assert (await second_worker.wait_for("set_muted", source="microphone"))["muted"]
    media._meetings[meeting].peers[browser.id].is_placed = False
    with pytest.raises(MediaUnavailable):
        await media.negotiate(meeting, browser.id, "set_muted", source="camera", muted=True)
    assert (await worker.wait_for("set_muted", source="camera"))["muted"], "the old place carries media meanwhile"


async def test_meeting_frozen_while_its_new_router_is_made_stays_frozen(worker, browser, second_worker, monkeypatch):
    taken = []

    def placed(meeting, reports):
        found = place(meeting, reports)
        taken.append(found)
        return replace(found, frozen=True) if len(taken) > 1 else found

    place = placing._place
    monkeypatch.setattr(placing, "_place", placed)
    await order(worker, drain=True)
    await browser.expect("rebuild")
    assert [each["frozen"] for each in second_worker.asked("freeze")] == [False, True]


async def test_mute_while_the_link_was_lost_holds_at_the_worker(worker, browser):
    media, meeting = runtime.hub().media, browser.joined["meeting"]
    await worker.drop_links()
    media._meetings[meeting].peers[browser.id].note_muted("microphone", muted=True)
    await worker.wait_for("take_over")
    assert (await worker.wait_for("set_muted", source="microphone"))["muted"]


async def test_old_place_of_a_worker_that_is_back_in_service_is_told_too(worker, browser, second_worker):
    await order(worker, drain=True)
    await browser.expect("rebuild")
    await order(worker, drain=False)
    await until(lambda: not runtime.hub().media.workers.draining())
    await browser.send("freeze", frozen=True)
    assert (await worker.wait_for("freeze", frozen=True))["router"] == browser.joined["meeting"]
    await second_worker.wait_for("freeze", frozen=True)


async def test_old_place_that_hangs_lets_the_new_one_not_wait(worker, browser, second_worker, monkeypatch):
    answers = asyncio.Event()

    async def request(*_, **fields):
        await answers.wait()
        return {}

    await order(worker, drain=True)
    await browser.expect("rebuild")
    monkeypatch.setattr(runtime.hub().media.workers.live[worker.name].link, "request", request)
    await browser.send("freeze", frozen=True)
    await second_worker.wait_for("freeze", frozen=True)
    answers.set()


async def test_meeting_that_comes_back_to_the_place_it_was_leaving_stays(worker, browser, second_worker):
    await order(worker, drain=True)
    await browser.expect("rebuild", epoch=2)
    await order(worker, drain=False)
    await order(second_worker, drain=True)
    await browser.expect("rebuild", epoch=3)
    runtime.hub().media._meetings[browser.joined["meeting"]].departure.until = 0.0
    assert (await second_worker.wait_for("close_peer"))["reason"] == "moved"
    assert not worker.asked("close_peer")
    assert not worker.asked("close_router")


async def test_peer_that_another_process_took_over_is_closed_at_the_old_place(
    worker, browser, second_worker, monkeypatch
):
    monkeypatch.setattr(moving, "KEEP_SECONDS", 1.0)
    media, meeting = runtime.hub().media, browser.joined["meeting"]
    await order(worker, drain=True)
    await browser.expect("rebuild")
    media.let_go(meeting, browser.id)
    assert (await worker.wait_for("close_peer"))["reason"] == "moved"
    await until(lambda: meeting not in media._meetings)
    assert not second_worker.asked("close_peer")
