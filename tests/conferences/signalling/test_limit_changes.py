"""Changed limits reach the worker of a running meeting within a second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from audit.events import SYSTEM
from conferences import runtime
from conferences.models import MeetingCommand, Room
from conferences.services import limits as limits_side
from conferences.services.limits import set_limits
from conferences.services.rooms import edit_room
from conferences.signalling import orders
from media_sfu.config import read_config
from media_sfu.control.messages import encode
from media_sfu.worker import Worker
from tests.conferences.people import Browser, member_browser
from tests.conferences.waiting import until, until_stored
from tests.database import as_operator
from tests.media_sfu.peers import Person, new_id

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = {"code": "too_many_publishers", "fatal": False}


async def change(room: Room, **limits: int) -> None:
    await as_operator(edit_room)(room, actor=SYSTEM, **limits)


@pytest.fixture
async def real_worker(empty_runtime: None, sfu_dir: Path) -> AsyncIterator[Worker]:
    """A worker with media, in this process."""
    values = {"worker": "sfu-0", "socket": str(sfu_dir / "sfu-0.sock"), "listen": "127.0.0.1", "port": 0}
    worker = Worker(read_config(encode(values)), "start-of-sfu-0")
    await worker.start()
    running = asyncio.create_task(worker.run())
    await until(lambda: "sfu-0" in runtime.hub().media.workers.live)
    yield worker
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await worker.close()


async def publish(browser: Browser) -> None:
    """Offer a microphone and a camera."""
    offer = Person(None, "", "").offer(True, ("low",))
    await browser.send("publish", transport_id=new_id(), sdp=offer, sources={"0": "microphone", "1": "camera"})
    await browser.expect("published")


async def test_who_was_refused_is_admitted_after_the_raise_and_who_is_on_stays_on(real_worker, room, host, member):
    await change(room, publisher_limit=1)
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    for browser in (chair, talker):
        await browser.join()
        await publish(browser)
    router = real_worker.routers[chair.joined["meeting"]]
    camera = router.peers[talker.id].publications["camera"]
    await talker.send("mute", source="camera", muted=False)
    await talker.expect("error", **REFUSED)
    assert camera.muted
    await change(room, publisher_limit=2)
    await until(lambda: router.limits["publishers"] == 2)
    await talker.send("mute", source="camera", muted=False)
    await until(lambda: not camera.muted)
    await change(room, publisher_limit=1, participant_limit=2)
    await until(lambda: router.limits["participants"] == 12)
    assert len(router.peers) == 2
    assert not camera.muted
    await publish(talker)
    await until_stored(lambda: not MeetingCommand.objects.filter(done_at=None).exists())


async def test_an_organisations_limits_reach_both_places_of_a_meeting_that_moves(
    worker, browser, second_worker, tenant
):
    worker.draining = True
    await worker.beat()
    await browser.expect("rebuild")
    await as_operator(set_limits)(tenant, actor=SYSTEM, publishers=7)
    for each in (worker, second_worker):
        told = await each.wait_for("set_limits")
        assert (told["router"], told["limits"]["publishers"]) == (browser.joined["meeting"], 7)


async def test_who_is_in_stays_in_on_the_next_worker_when_limits_were_lowered(worker, browser, room, member):
    await (await member_browser(member, room)).join()
    await change(room, publisher_limit=1, bitrate_limit=1)
    assert (await worker.wait_for("set_limits"))["limits"]["publishers"] == 2
    await worker.restart()
    await browser.expect("rebuild")
    limits = {"participants": 60, "publications_per_peer": 4, "publishers": 2, "bits_per_second": 6_000_000}
    assert (await worker.wait_for("create_router", 2))["limits"] == limits


async def test_a_worker_that_has_no_such_router_has_nothing_to_do(worker, browser, room):
    worker.refuse["set_limits"] = "unknown_router"
    await change(room, publisher_limit=3)
    await until_stored(lambda: MeetingCommand.objects.filter(kind="limit", done_at__isnull=False).exists())


async def test_limits_that_change_while_they_are_told_are_told_again(worker, browser, room, monkeypatch):
    """Or what an earlier order has read would be told after what a later one has."""

    def outdated_at_first(room: Room) -> limits_side.RouterLimits:
        monkeypatch.setattr(orders, "router_limits", limits_side.router_limits)
        return limits_side.RouterLimits(50, 1, 0)

    monkeypatch.setattr(orders, "router_limits", outdated_at_first)
    await change(room, publisher_limit=3)
    assert (await worker.wait_for("set_limits", 2))["limits"]["publishers"] == 3
