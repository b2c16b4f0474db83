"""What changes while a router or a peer is being made, and finds nothing at the worker that it could change."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from audit.events import SYSTEM
from conferences import placing, runtime
from conferences.media import Media
from conferences.models import Participant
from conferences.services.muting import mute_microphone
from conferences.services.placement import Placement
from tests.conferences.people import member_browser
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

Rows = Callable[[Placement, int], Placement | None]


@pytest.fixture
def rows(monkeypatch) -> Callable[[Rows], None]:
    """Have placements read what `change(placement, how many before)` makes of them."""

    def install(change: Rows) -> None:
        taken: list[None] = []

        def changed(meeting, reports):
            taken.append(None)
            return change(place(meeting, reports), len(taken) - 1)

        place = placing._place
        monkeypatch.setattr(placing, "_place", changed)

    return install


async def test_bar_that_is_lifted_meanwhile_does_not_stay_at_the_worker(worker, room, host, rows):
    rows(lambda placement, before: placement if before else replace(placement, bars=["user:somebody", "user:other"]))
    await (await member_browser(host, room)).join()
    assert sorted((await worker.wait_for("unbar"))["subjects"]) == ["user:other", "user:somebody"]
    (router,) = worker.routers.values()
    assert not router["bars"]


async def test_router_of_a_meeting_that_ends_meanwhile_is_closed(worker, room, host, rows):
    rows(lambda placement, before: None if before else placement)
    browser = await member_browser(host, room)
    await browser.join()
    await browser.expect("media_unavailable")
    assert (await worker.wait_for("close_router"))["reason"] == "meeting_ended"
    assert not worker.routers


async def test_place_of_before_is_not_closed_with_a_new_one_that_is_lost_at_once(worker, browser, second_worker, rows):
    rows(lambda placement, before: None if before else placement)
    worker.draining = True
    await worker.beat()
    assert (await second_worker.wait_for("close_router"))["router"] == browser.joined["meeting"]
    assert not worker.asked("close_router")


async def test_mute_by_somebody_else_before_the_welcome_holds(worker, room, host, monkeypatch):
    async def attach(*arguments, **named):
        goes_on = await Media.attach(*arguments, **named)
        participant = await as_operator(Participant.objects.select_related("meeting").get)()
        await as_operator(mute_microphone)(participant, actor=SYSTEM)
        return goes_on

    browser = await member_browser(host, room)
    monkeypatch.setattr(runtime.hub().media, "attach", partial(attach, runtime.hub().media))
    joined = await browser.join()
    assert joined["participants"][0]["muted"]["microphone"]
    assert {"type": "muted_by_host", "source": "microphone"} in browser.seen
    assert (await worker.wait_for("set_muted", source="microphone"))["muted"]
