"""Who has gone without media is told when they are back: once, whichever way the worker came back."""

import pytest

from conferences import runtime
from tests.conferences.people import Browser, member_browser, user_cookies
from tests.conferences.waiting import until
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

REBUILD = {"type": "rebuild", "epoch": 1, "keep": False}


async def stays_silent(worker, browser: Browser) -> None:
    """One more loss of the link, of which nobody is told."""
    count = len(worker.asked("take_over"))
    await worker.drop_links()
    await worker.wait_for("take_over", count + 1)
    await until(lambda: runtime.hub().media.epoch_of(browser.joined["meeting"], browser.id))
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    assert browser.types_seen().count("rebuild") == 1


async def test_worker_that_hung_and_still_has_everybody(worker, browser):
    await worker.vanish()
    await browser.expect("media_unavailable")
    await worker.start()
    assert await browser.expect("rebuild") == REBUILD
    assert len(worker.asked("take_over")) == 1
    assert len(worker.asked("create_peer")) == 1
    await stays_silent(worker, browser)


async def test_who_comes_back_before_the_worker_answers(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    first = await member_browser(host, room, cookies)
    await first.join()
    await runtime.stop()
    await worker.vanish()
    await runtime.start()
    again = await member_browser(host, room, cookies)
    assert (await again.join(resume=first.joined["resume"]))["resumed"] is False
    await again.expect("media_unavailable")
    await again.send("subscribe", transport_id="subscribe-2", request="s")
    await again.expect("error", code="media_unavailable", request="s")
    await worker.start()
    assert await again.expect("rebuild") == REBUILD
    assert len(worker.asked("create_peer")) == 1
    await stays_silent(worker, again)


async def test_who_joins_while_there_is_no_worker(worker, browser, room, member):
    await worker.vanish()
    await browser.expect("media_unavailable")
    late = await member_browser(member, room)
    await late.join()
    await late.expect("media_unavailable")
    await worker.start()
    for each in (browser, late):
        assert await each.expect("rebuild") == REBUILD
    await stays_silent(worker, late)


async def test_who_comes_back_when_the_media_are_there_again_is_told_by_joined(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    first = await member_browser(host, room, cookies)
    await first.join()
    await worker.vanish()
    await first.expect("media_unavailable")
    await first.lose()
    await worker.start()
    await worker.wait_for("take_over")
    again = await member_browser(host, room, cookies)
    assert (await again.join(resume=first.joined["resume"]))["resumed"] is True
    await again.send("ping", sent=1)
    await again.expect("pong")
    assert not {"rebuild", "media_unavailable"} & set(again.types_seen())


@pytest.mark.parametrize("kind", ["publish", "subscribe"])
async def test_refused_request_is_made_good(worker, browser, kind):
    worker.refuse[kind] = "not_owner"
    fields = {"sdp": "offer", "sources": {}} if kind == "publish" else {}
    await browser.send(kind, transport_id="transport-2", request="r", **fields)
    await browser.expect("error", code="media_unavailable", request="r")
    assert await browser.expect("rebuild") == REBUILD
    del worker.refuse[kind]
    await stays_silent(worker, browser)


async def test_whose_browser_does_not_answer_an_offer_builds_anew(worker, browser):
    failed = {"router": browser.joined["meeting"], "peer": browser.id, "transport": "subscribe", "state": "failed"}
    await browser.send("subscribe", transport_id="subscribe-1")
    await worker.wait_for("subscribe")
    offer = {"transport_id": "subscribe-1", "revision": 1, "sdp": "v=0", "tracks": []}
    await worker.emit("subscribe_offer", router=browser.joined["meeting"], peer=browser.id, **offer)
    await browser.expect("subscribe_offer")
    await worker.emit("transport_state", **failed, transport_id="subscribe-0")
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    assert "rebuild" not in browser.types_seen()
    await worker.emit("transport_state", **failed, transport_id="subscribe-1")
    assert await browser.expect("rebuild") == REBUILD


async def test_somebody_barred_does_not_keep_the_others_from_the_next_worker(
    worker, browser, room, member, monkeypatch
):
    late = await member_browser(member, room)
    await late.join()
    make = worker._create_peer
    no = {"ok": False, "code": "barred"}
    monkeypatch.setattr(worker, "_create_peer", lambda **asked: no if asked["peer"] == browser.id else make(**asked))
    await worker.restart()
    assert (await late.expect("rebuild"))["keep"] is False
    assert "rebuild" not in browser.types_seen()
