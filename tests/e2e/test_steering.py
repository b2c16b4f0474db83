"""An administrator steers a running meeting: freezes it, lets it go on, mutes, sees what flows, ends it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.admintool import Administrator
from tests.e2e.product import Organisation, make_organisation
from tests.services import wait_until

MEASURED_S = 25.0  # two measurements, 10 s apart, and the way to the page


@pytest.fixture(scope="module")
def firm(product) -> Organisation:
    return make_organisation(product, "steered", rooms=("open",))


@pytest.fixture
def admin(browser, firm) -> Iterator[Administrator]:
    found = Administrator(browser("chromium", "red"), firm)
    yield found
    found.close()


def frames(person) -> int:
    return sum(each["framesDecoded"] for each in person.inbound("video", source="camera"))


class Signalling:
    """Stands between a page and its signalling socket, and can keep the two apart."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._sockets: list[WebSocketRoute] = []
        page.route_web_socket("**", self._route)

    def cut(self) -> None:
        """The socket ends, and nobody answers on the next ones."""
        self._is_cut = True
        self._end_all()

    def mend(self) -> None:
        self._is_cut = False
        self._end_all()

    def _end_all(self) -> None:
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    def _route(self, socket: WebSocketRoute) -> None:
        self._sockets.append(socket)
        if not self._is_cut:
            socket.connect_to_server()


def speak(page: Page, language: str, url: str) -> None:
    page.context.add_cookies([{"name": "liveon_language", "value": language, "url": url}])


def test_meeting_stands_still_and_goes_on(admin, person, firm):
    host, member = person("red"), person("blue")
    for each, login_id in ((host, "host"), (member, "sato")):
        each.login(firm, login_id)
        each.join(firm.rooms["open"])
    member.wait_for_colours("red", "blue")
    wait_until(lambda: frames(member) > 20, what="video")

    admin.page.goto(f"{firm.admintool_url}live/")
    admin.page.locator("[id^=freeze-]").click()
    expect(admin.page.locator(".badge--warn")).to_be_visible()
    expect(member.page.locator("[data-part=banner]")).to_contain_text("stopped")
    still = frames(member)
    member.page.wait_for_timeout(2000)
    assert frames(member) - still <= 2  # what was on its way
    member.see("chat-toggle").click()
    member.see("chat-input").fill("hello?")
    member.see("chat-input").press("Enter")
    expect(member.page.locator('[data-code="meeting_frozen"]')).to_be_visible()
    assert member.see("chat-message").count() == 0
    late = person("green", "firefox")
    late.login(firm, "suzuki")
    late.open_join_page(firm.rooms["open"])
    late.see("join-button").click()
    assert late.ended_because() == "meeting_frozen"

    admin.page.locator("[id^=freeze-]").click()
    expect(member.page.locator("[data-part=banner]")).to_be_hidden()
    wait_until(lambda: frames(member) > still + 20, what="video after the stop", timeout=15)

    row = admin.page.locator("tr", has_text="佐藤 一郎")
    row.locator("[id^=mute-]").click()
    expect(member.see("mic-toggle")).to_have_attribute("aria-pressed", "false")


def test_microphone_that_is_muted_while_the_signalling_is_lost_is_silent_and_stays_off(admin, person, firm):
    host, member = person("red"), person("blue")
    signalling = Signalling(member.page)
    for each, login_id in ((host, "host"), (member, "sato")):
        each.login(firm, login_id)
        each.join(firm.rooms["open"])

    def is_heard() -> bool:
        before = sum(each["packetsReceived"] for each in host.inbound("audio"))
        host.page.wait_for_timeout(1000)
        return sum(each["packetsReceived"] for each in host.inbound("audio")) > before

    wait_until(is_heard, what="the member's voice")
    signalling.cut()
    expect(member.page.locator("[data-part=banner]")).to_be_visible()
    assert is_heard()
    admin.page.goto(f"{firm.admintool_url}live/")
    admin.page.locator("tr", has_text="佐藤 一郎").locator("[id^=mute-]").click()
    wait_until(lambda: not is_heard(), what="silence")
    assert frames(host) > 0

    signalling.mend()
    expect(member.see("mic-toggle")).to_have_attribute("aria-pressed", "false", timeout=15_000)
    expect(member.page.locator("[data-part=banner]")).to_be_hidden()
    assert not is_heard()
    member.see("mic-toggle").click()
    wait_until(is_heard, what="the voice of who switches on")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_bandwidth_of_everybody_and_the_end_of_a_meeting(admin, person, product, firm, language):
    speak(admin.page, language, product.url)
    host, member = person("red"), person("blue")
    for each, login_id in ((host, "host"), (member, "sato")):
        each.login(firm, login_id)
        each.join(firm.rooms["open"])
    admin.page.goto(f"{firm.admintool_url}bandwidth/")
    expect(admin.page.locator("#flow-chart canvas")).to_be_visible()
    assert admin.page.locator("html").get_attribute("lang") == language
    figures = admin.page.locator("tr", has_text="Hara Host").locator("td.num")

    def flows() -> bool:
        admin.page.reload()
        rates = [float(text.replace(",", "")) for text in figures.all_inner_texts()]
        return len(rates) == 2 and min(rates) > 10

    wait_until(flows, what="rates on the page", timeout=MEASURED_S, every=1)
    admin.page.fill("[name=login_id]", "sa")
    admin.page.locator("form.filters [type=submit]").click()
    expect(admin.page.locator("#live tbody tr")).to_have_count(1)

    admin.page.goto(f"{firm.admintool_url}live/")
    admin.page.locator("[id^=end-]").click()
    admin.page.locator("main form.card [type=submit]").click()
    assert (host.ended_because(), member.ended_because()) == ("meeting_ended", "meeting_ended")
