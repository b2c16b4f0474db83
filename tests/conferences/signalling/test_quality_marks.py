"""The mark at a participant says how the present peer's network is, never that of a peer before."""

import pytest

from tests.conferences.people import member_browser, user_cookies
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)


async def mark(worker, browser, watcher, level: str) -> None:
    await worker.emit("quality", router=browser.joined["meeting"], peer=browser.id, level=level)
    await sees(watcher, browser, level)


async def sees(watcher, browser, level: str) -> None:
    while True:
        seen = (await watcher.expect("participant_updated"))["participant"]
        if seen["id"] == browser.id and seen["connected"] and seen["quality"] == level:
            return


@pytest.fixture
async def watcher(browser, room, member):
    watcher = await member_browser(member, room)
    await watcher.join()
    return watcher


async def test_peer_made_anew_after_its_media_was_lost_counts_as_good(worker, browser, watcher):
    await mark(worker, browser, watcher, "lost")
    meeting = browser.joined["meeting"]
    worker.routers[meeting]["peers"].pop(browser.id)
    await worker.emit("peer_closed", router=meeting, peer=browser.id, reason="media_timeout", statistics={})
    await sees(watcher, browser, "good")


async def test_restarted_worker_clears_the_marks_and_tells_nothing_of_those_without(worker, browser, watcher):
    await mark(worker, browser, watcher, "poor")
    told = len([each for each in watcher.seen if each["type"] == "participant_updated"])
    await worker.restart()
    await sees(watcher, browser, "good")
    await watcher.expect("rebuild")
    await watcher.send("ping", sent=1)
    await watcher.expect("pong")
    assert len([each for each in watcher.seen if each["type"] == "participant_updated"]) == told + 1


async def test_change_that_was_lost_with_the_link_does_not_leave_a_mark(worker, browser, watcher):
    await mark(worker, browser, watcher, "lost")
    await worker.drop_links()
    await sees(watcher, browser, "good")


async def test_reload_clears_the_mark(worker, room, host, member):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    await browser.join()
    watcher = await member_browser(member, room)
    await watcher.join()
    await mark(worker, browser, watcher, "poor")
    await browser.lose()
    again = await member_browser(host, room, cookies)
    await again.join()
    await sees(watcher, again, "good")
