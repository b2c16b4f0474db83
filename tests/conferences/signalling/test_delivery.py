"""`watch_delivery`: who asked hears `delivery`, and nobody else; a watch that nobody wants any more is ended."""

import json
from pathlib import Path

import pytest

from conferences import runtime
from tests.conferences.people import Browser, member_browser, user_cookies
from tests.conferences.waiting import until
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLE = json.loads((Path(__file__).parents[2] / "data" / "signalling" / "delivery.json").read_text(encoding="utf-8"))


async def tell(worker, browser: Browser) -> None:
    told = {name: value for name, value in EXAMPLE.items() if name != "type"}
    await worker.emit("delivery", router=browser.joined["meeting"], peer=browser.id, **told)


async def test_who_watches_hears_what_the_worker_tells_until_they_stop(worker, browser, room, member):
    other = await member_browser(member, room)
    await other.join()
    await browser.send("watch_delivery", on=True)
    asked = await worker.wait_for("watch_delivery")
    assert (asked["router"], asked["peer"], asked["on"]) == (browser.joined["meeting"], browser.id, True)
    await tell(worker, browser)
    assert await browser.expect("delivery") == EXAMPLE
    await browser.send("watch_delivery", on=False)
    assert (await worker.wait_for("watch_delivery", 2))["on"] is False
    await other.send("ping", sent=1)
    await other.expect("pong")
    assert "delivery" not in other.types_seen()


async def test_watch_ends_with_the_socket_that_asked_for_it(worker, browser):
    await browser.send("watch_delivery", on=True)
    await worker.wait_for("watch_delivery")
    await browser.lose()
    await until(lambda: runtime.hub().connection_of(browser.id) is None)
    await tell(worker, browser)
    assert (await worker.wait_for("watch_delivery", 2))["on"] is False


async def test_watch_is_not_gone_on_with_after_a_resume_unless_it_is_asked_anew(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await browser.send("watch_delivery", on=True)
    await worker.wait_for("watch_delivery")
    await browser.lose()
    again = await member_browser(host, room, cookies)
    await again.join(resume=first["resume"])
    await tell(worker, again)
    assert (await worker.wait_for("watch_delivery", 2))["on"] is False
    await again.send("watch_delivery", on=True)
    assert (await worker.wait_for("watch_delivery", 3))["on"] is True
    await tell(worker, again)
    await again.expect("delivery")
    assert len(worker.asked("watch_delivery")) == 3


async def test_malformed_delivery_of_a_worker_harms_nobody(worker, browser):
    await browser.send("watch_delivery", on=True)
    await worker.wait_for("watch_delivery")
    where = {"router": browser.joined["meeting"], "peer": browser.id}
    await worker.emit("delivery", **where)
    await worker.emit("delivery", **where, estimate_kbps=1, tiles=[{**EXAMPLE["tiles"][0], "limited_by": "magic"}])
    await tell(worker, browser)
    assert await browser.expect("delivery") == EXAMPLE


async def test_many_tiles_of_a_worker_are_cut_to_what_a_screen_shows(worker, browser):
    await browser.send("watch_delivery", on=True)
    await worker.wait_for("watch_delivery")
    tiles = EXAMPLE["tiles"][:1] * 100
    meeting = browser.joined["meeting"]
    await worker.emit("delivery", router=meeting, peer=browser.id, estimate_kbps=None, tiles=tiles)
    assert len((await browser.expect("delivery"))["tiles"]) == 64
