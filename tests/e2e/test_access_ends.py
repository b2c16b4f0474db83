"""Losing access during a running meeting: out within five seconds, the delay in the log, and no way back."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.e2e.admintool import Administrator
from tests.e2e.person import Person
from tests.e2e.product import LiveOn, Organisation, make_organisation
from tests.services import wait_until

WITHIN = 5.0  # s (requirements.md A5)
numbers = count(1)


@pytest.fixture
def house(product: LiveOn) -> Organisation:
    """An organisation of its own: what is forbidden here disturbs no other test."""
    return make_organisation(product, f"ends{next(numbers)}", rooms=("open",))


@pytest.fixture
def administrator(browser, house) -> Iterator[Administrator]:
    found = Administrator(browser("chromium", "red"), house)
    yield found
    found.close()


@pytest.fixture
def meeting(person, house) -> tuple[Person, Person]:
    """The administrator stays, Sato is about to lose access."""
    stays, leaves = person("red"), person("blue")
    for each, login_id in ((stays, "admin"), (leaves, "sato")):
        each.login(house, login_id)
        each.join(house.rooms["open"])
    stays.wait_for_colours("red", "blue")
    return stays, leaves


def seconds_until_out(leaves: Person, act: Callable[[], object]) -> float:
    """From the moment `act` begins (its own time counts) until the cover says that it is over."""
    begun = time.monotonic()
    act()
    assert leaves.ended_because() == "revoked"
    return time.monotonic() - begun


def delay_in_log(administrator: Administrator, house: Organisation, cause: str) -> float:
    """What the event log says of the newest end of access, in seconds."""
    line = re.compile(rf"within (\d+) ms: {cause}")

    def found() -> re.Match[str] | None:
        administrator.page.goto(f"{house.admintool_url}logs/events/")
        return line.search(administrator.page.locator("main").inner_text())

    wait_until(lambda: found() is not None, what="the end in the log")
    match = found()
    assert match is not None
    return int(match[1]) / 1000


def add_rule(administrator: Administrator, house: Organisation, *, scope: str, name: str) -> None:
    """Through the form and the page that says what it would do, up to the last button."""
    page = administrator.page
    page.goto(f"{house.admintool_url}restrictions/new/")
    page.fill("[name=name]", name)
    page.select_option("[name=scope]", scope)
    page.check("[name=effect][value=deny]")
    page.fill("[name=users]", "sato")
    page.click("main form.card [type=submit]")
    expect(page.get_by_test_id("foresight")).to_contain_text("佐藤 一郎")


def test_tightened_rule_ends_the_meeting_and_keeps_out(meeting, house, administrator):
    stays, leaves = meeting
    add_rule(administrator, house, scope="meeting", name="Not Sato")
    took = seconds_until_out(leaves, lambda: administrator.page.click("[name=confirmed]"))
    assert took < WITHIN
    wait_until(lambda: list(stays.colours().values()) == ["red"], what="the end of the tile")
    assert delay_in_log(administrator, house, "a rule forbids it") < WITHIN
    leaves.page.reload()
    assert leaves.ended_because() == "restricted"
    leaves.page.goto(house.rooms["open"])
    leaves.see("join-button").click()
    assert leaves.ended_because() == "restricted"


def test_tightened_rule_on_signing_in_ends_login_and_meeting(meeting, house, administrator):
    _stays, leaves = meeting
    add_rule(administrator, house, scope="login", name="Sato stays out")
    assert seconds_until_out(leaves, lambda: administrator.page.click("[name=confirmed]")) < WITHIN
    leaves.page.goto(house.rooms["open"])
    leaves.page.wait_for_url("**/login/**")
    leaves.page.fill("[name=login_id]", "sato")
    leaves.page.fill("[name=password]", "correct horse battery")
    leaves.page.click("main [type=submit]")
    expect(leaves.page.get_by_test_id("restricted")).to_be_visible()
    assert "Sato stays out" not in leaves.page.content()


def test_disabled_user_is_out(meeting, house, administrator):
    _stays, leaves = meeting
    page = administrator.page
    page.goto(f"{house.admintool_url}users/")
    page.get_by_role("link", name="sato", exact=True).click()
    page.locator("a[href$='/disable/']").click()
    page.wait_for_url("**/disable/")
    assert seconds_until_out(leaves, lambda: page.click("main form.card [type=submit]")) < WITHIN
    assert delay_in_log(administrator, house, "the account was disabled") < WITHIN
    leaves.page.reload()
    leaves.page.wait_for_url("**/login/**")
    leaves.page.goto(house.rooms["open"])
    leaves.page.wait_for_url("**/login/**")


def test_suspended_organisation_is_empty_at_once_and_works_again_later(meeting, house, product, person, browser):
    stays, leaves = meeting
    link = stays.make_guest_link(house.rooms["open"], "Ueda Guest")
    guest = person("green")
    guest.join_as_guest(link, "Ueda Guest")
    product.manage("suspend_tenant", house.slug, "--reason", "test")
    begun = time.monotonic()  # a command takes seconds to start: what counts is from its commit on, a moment before
    for each in (stays, leaves, guest):
        assert each.ended_because() == "revoked"
    assert time.monotonic() - begun < WITHIN
    assert guest.page.goto(link).status == 404
    leaves.page.goto(house.rooms["open"])
    leaves.page.wait_for_url("**/login/**")
    assert stays.page.goto(house.admintool_url).status == 404

    product.manage("resume_tenant", house.slug)
    stays.login(house, "admin")
    stays.join(house.rooms["open"])
    guest.join_as_guest(link, "Ueda Guest")
    stays.wait_for_colours("red", "green")
    administrator = Administrator(browser("chromium", "red"), house)
    assert delay_in_log(administrator, house, "the organisation was suspended") < WITHIN
    administrator.close()
