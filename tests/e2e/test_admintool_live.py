"""The live page keeps itself fresh, and its script tells nobody where it is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Request, expect

from tests.e2e.admintool import Administrator

REFRESH = 5000  # ms


@pytest.fixture
def live(browser, organisation) -> Iterator[Administrator]:
    """An administrator at the live page; its clock moves when the test moves it."""
    found = Administrator(browser("chromium", "red"), organisation)
    found.page.clock.install()
    found.page.goto(f"{organisation.admintool_url}live/")
    yield found
    found.close()


def test_list_follows_who_comes_until_it_is_told_to_stand_still(live, person, organisation):
    problems: list[str] = []
    asked: list[Request] = []
    live.page.on("console", lambda message: problems.append(message.text))
    live.page.on("pageerror", lambda error: problems.append(str(error)))
    live.page.on("request", lambda request: asked.append(request))
    row = live.page.locator("tr", has_text="Hara Host")
    expect(row).to_have_count(0)

    host = person("blue")
    host.login(organisation, "host")
    host.join(organisation.rooms["open"])
    live.page.clock.run_for(REFRESH)
    expect(row).to_have_count(1)
    assert "hx-current-url" not in asked[0].all_headers()

    live.page.select_option("#refresh-interval", "0")
    asked.clear()
    live.page.clock.run_for(3 * REFRESH)
    assert asked == []
    assert problems == []


def test_list_says_when_the_server_does_not_answer(live):
    live.page.route("**/live/now/", lambda route: route.abort())
    expect(live.page.locator("#stale")).to_be_hidden()
    live.page.clock.run_for(REFRESH)
    expect(live.page.locator("#stale")).to_be_visible()
    live.page.unroute("**/live/now/")
    live.page.clock.run_for(REFRESH)
    expect(live.page.locator("#stale")).to_be_hidden()


def test_ended_login_leads_to_the_login_page(live):
    live.page.context.clear_cookies()
    live.page.clock.run_for(REFRESH)
    live.page.wait_for_url("**/login/?next=live%2F")
