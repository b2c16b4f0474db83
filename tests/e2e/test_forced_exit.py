"""An administrator puts somebody out of a meeting, and they stay out until re-admitted."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, WebSocket

from tests.e2e.admintool import Administrator
from tests.e2e.ice import are_accepted, credentials_of
from tests.e2e.person import Person
from tests.e2e.product import make_organisation
from tests.services import wait_until

REPLAY = """([url, frame]) => new Promise((resolve) => {
  const answers = [];
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(frame);
  socket.onmessage = ({data}) => answers.push(JSON.parse(data));
  socket.onclose = ({code}) => resolve({answers, code});
})"""

LATE_PROMPT = """(() => {
  const native = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (!native) return;
  window.given = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (document.querySelector("[data-testid=camera-toggle]")) await new Promise((allow) => { window.allow = allow; });
    const stream = await native(wanted);
    window.given.push(...stream.getTracks());
    return stream;
  };
})();"""
"""The person takes their time to allow camera and microphone in the meeting."""


@pytest.fixture
def administrator(browser, organisation) -> Iterator[Administrator]:
    found = Administrator(browser("chromium", "red"), organisation)
    yield found
    found.close()


class JoinFrames:
    """Listens in on a page: where its signalling socket is, and the last `join` it sent."""

    def __init__(self, page: Page) -> None:
        self.url = self.join = ""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        self.url = socket.url
        socket.on("framesent", self._note)

    def _note(self, frame: str | bytes) -> None:
        if json.loads(frame)["type"] == "join":
            self.join = str(frame)


def packets_received(person: Person) -> int:
    return sum(each["packetsReceived"] for kind in ("audio", "video") for each in person.inbound(kind))


def refusal(page: Page) -> str:
    notice = page.locator("[data-testid=removed-notice]")
    notice.wait_for()
    return notice.get_attribute("data-reason") or ""


def test_forced_exit_stops_the_media_and_sticks_until_readmission(person, organisation, product, administrator):
    room = organisation.rooms["open"]
    stays, leaves = person("red"), person("blue")
    stays.login(organisation, "host")
    stays.join(room)
    leaves.login(organisation, "suzuki")
    frames = JoinFrames(leaves.page)
    leaves.join(room)
    stays.wait_for_colours("red", "blue")
    stolen = credentials_of(leaves)
    assert [are_accepted(each, product.media_port) for each in stolen] == [True, True]
    assert frames.join

    administrator.force_out("鈴木 さくら")
    stays.page.wait_for_timeout(1000)
    before = packets_received(stays)
    stays.page.wait_for_timeout(1500)
    assert packets_received(stays) == before
    assert leaves.ended_because() == "removed"
    wait_until(lambda: list(stays.colours().values()) == ["red"], what="the end of the tile")

    assert [are_accepted(each, product.media_port) for each in stolen] == [False, False]
    replayed = leaves.page.evaluate(REPLAY, [frames.url, frames.join])
    assert [answer.get("code") for answer in replayed["answers"]] == ["barred"]
    assert replayed["code"] == 4403
    leaves.page.reload()
    assert leaves.ended_because() == "barred"
    with leaves.second_tab() as tab:
        tab.goto(room)
        tab.locator("[data-testid=join-button]").click()
        assert refusal(tab) == "barred"

    administrator.readmit("鈴木 さくら")
    leaves.join(room)
    stays.wait_for_colours("red", "blue")
    row = administrator.attendance_rows("鈴木 さくら")[1]
    assert "Removed" in row
    assert "Aoki Admin" in row


def test_camera_that_is_allowed_after_the_forced_exit_is_closed_and_out_of_reach(person, product, browser):
    firm = make_organisation(product, "late", rooms=("open",))
    late = person("blue")
    late.login(firm, "suzuki")
    late.page.add_init_script(LATE_PROMPT)
    late.join(firm.rooms["open"])
    wait_until(lambda: late.page.evaluate("'allow' in window"), what="the prompt")
    with closing(Administrator(browser("chromium", "red"), firm)) as administrator:
        administrator.force_out("鈴木 さくら")
    assert late.ended_because() == "removed"
    late.page.evaluate("allow()")
    wait_until(lambda: late.page.evaluate("given.length") == 2, what="camera and microphone")
    late.page.wait_for_timeout(500)
    assert late.page.evaluate("given.map(({readyState}) => readyState)") == ["ended", "ended"]
    assert late.page.evaluate("document.querySelector('[data-testid=camera-toggle]').closest('[inert]') !== null")


def test_removed_guest_cannot_come_back_with_the_pass(person, organisation, administrator):
    room = organisation.rooms["open"]
    admin, guest = person("red"), person("blue")
    admin.login(organisation, "admin")
    admin.join(room)
    link = admin.make_guest_link(room, "Ueda Guest")
    guest.join_as_guest(link, "Ueda Guest")
    admin.wait_for_colours("red", "blue")

    administrator.force_out("Ueda Guest")
    assert guest.ended_because() == "removed"
    guest.ask_in_as_guest(link, "Somebody Else")
    assert guest.ended_because() == "barred"

    administrator.readmit("Ueda Guest")
    guest.ask_in_as_guest(link, "Ueda Guest")
    guest.see("waiting-notice").wait_for()  # after a removal every guest of the meeting goes through the lobby
    admin.admit_from_lobby()
    guest.wait_for_colours("red", "blue")


def test_disabling_a_user_ends_their_running_meeting(person, organisation, administrator):
    room = organisation.rooms["open"]
    stays, leaves = person("red"), person("blue")
    for each, login_id in ((stays, "host"), (leaves, "sato")):
        each.login(organisation, login_id)
        each.join(room)
    stays.wait_for_colours("red", "blue")

    administrator.disable("sato")
    try:
        assert leaves.ended_because() == "revoked"
        wait_until(lambda: list(stays.colours().values()) == ["red"], what="the end of the tile")
        leaves.page.goto(room)
        leaves.page.wait_for_url("**/login/**")
        assert "Access revoked" in administrator.attendance_rows("佐藤 一郎")[0]
    finally:
        administrator.enable("sato")
