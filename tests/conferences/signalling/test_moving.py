"""Draining a worker: its meetings move while the old place goes on for a while."""

import pytest

from audit.events import SYSTEM
from audit.models import Attendance
from conferences import moving, runtime
from conferences.models import MediaWorker, Participant
from conferences.services.placement import order_drain
from conferences.services.removal import remove_participant
from tests.conferences.fake_worker import FakeWorker
from tests.conferences.people import member_browser
from tests.conferences.waiting import until, until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def browser(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    return browser


@pytest.fixture
async def second_worker(browser, sfu_dir):
    second = await FakeWorker(sfu_dir, "sfu-1").start()
    await until(lambda: "sfu-1" in runtime.hub().media.workers.live)
    yield second
    await second.stop()


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
