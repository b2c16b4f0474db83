"""Two web processes hold one meeting: each has its own hub and links, and they share database and channel layer."""

from collections.abc import AsyncIterator

import pytest

from conferences import runtime, wake
from conferences.runtime import Runtime
from tests.conferences.people import Browser, member_browser
from tests.conferences.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def other(worker, monkeypatch) -> AsyncIterator[Runtime]:
    """A second runtime; commits of this process wake only the first one, as those of another process would."""
    second = Runtime()
    second.run()
    wake.remove_listener(second._committed)
    await until(lambda: second.media.workers.live)
    yield second
    wake.add_listener(second._committed)
    await second.stop()


async def browser_at(process: Runtime, user, room, monkeypatch) -> Browser:
    """A tab whose socket is at this process."""
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "_running", process)
        return await member_browser(user, room)


@pytest.fixture
async def pair(other, room, host, member, monkeypatch) -> tuple[Browser, Browser]:
    """The host at the first process, a member at the second."""
    chair = await member_browser(host, room)
    await chair.join()
    talker = await browser_at(other, member, room, monkeypatch)
    joined = await talker.join()
    assert len(joined["participants"]) == 2
    await chair.expect("participant_joined")
    return chair, talker


async def test_chat_and_quality_cross_over(pair, worker):
    chair, talker = pair
    await chair.send("chat", text="hello over there")
    await talker.expect("chat_message", text="hello over there")
    await talker.send("chat", text="hello back")
    await chair.expect("chat_message", text="hello back")
    await worker.emit("quality", router=chair.joined["meeting"], peer=talker.id, level="poor")
    assert (await chair.expect("participant_updated"))["participant"]["quality"] == "poor"


async def test_host_mutes_somebody_at_the_other_process(pair, worker):
    chair, talker = pair
    await chair.send("mute_participant", participant=talker.id, source="microphone")
    await talker.expect("muted_by_host")


async def test_removal_reaches_the_other_process(pair):
    chair, talker = pair
    await chair.send("remove", participant=talker.id)
    await talker.expect("removed", reason="removed")
    assert await talker.expect_close() == 4403


async def test_removal_reaches_it_without_the_channel_layer(pair, monkeypatch):
    chair, talker = pair
    monkeypatch.setattr("conferences.signalling.broadcast.Broadcast.tell_changed", lambda self, meeting_id: None)
    await chair.send("remove", participant=talker.id)
    assert await talker.expect_close() == 4403


async def test_tab_at_the_other_process_takes_over(pair, other, room, host, monkeypatch):
    chair, _ = pair
    newer = await browser_at(other, host, room, monkeypatch)
    await newer.join()
    await chair.expect("removed", reason="duplicate")
    assert await chair.expect_close() == 4409


async def test_resumed_at_the_other_process_the_media_goes_on(pair, worker, other, room, host, monkeypatch):
    chair, talker = pair
    await chair.lose()
    await talker.expect("participant_updated")
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "_running", other)
        again = await member_browser(host, room, chair.cookies)
    monkeypatch.setattr("conferences.signalling.hub.ELSEWHERE_SECONDS", 0.0)
    joined = await again.join(resume=chair.joined["resume"])
    assert (joined["you"], joined["resumed"]) == (chair.id, True)
    assert worker.asked("take_over")
    first = runtime.hub()
    await until(lambda: chair.id not in first.media.peers_of(chair.joined["meeting"]))
    assert not worker.asked("close_peer")


async def test_both_see_the_worker_die_and_place_the_meeting_once(pair, worker):
    chair, talker = pair
    await worker.restart()
    for browser in pair:
        assert (await browser.expect("rebuild"))["epoch"] == 2
    epochs = {request["epoch"] for request in worker.asked("create_router")}
    assert epochs == {1, 2}
