"""A person at a browser: what they do, and what they see and hear."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.e2e.browsers import new_page
from tests.e2e.capture import COLOURS
from tests.e2e.product import PASSWORD, Organisation
from tests.services import wait_until

PROBE = Path(__file__).with_name("probe.js")
MEDIA_TIMEOUT_S = 20.0


@dataclass
class Person:
    """Their camera shows `colour`. `problems` collects uncaught errors of the page."""

    page: Page
    colour: str
    problems: list[str] = field(default_factory=list)

    def login(self, organisation: Organisation, login_id: str, password: str = PASSWORD) -> None:
        self.page.goto(organisation.login_url)
        self.page.fill("[name=login_id]", login_id)
        self.page.fill("[name=password]", password)
        self.page.click("main [type=submit]")
        self.page.wait_for_url("**/rooms/")

    def join(self, room_url: str, password: str = "") -> None:
        """Through the join page into the meeting, camera and microphone on."""
        self.open_join_page(room_url)
        if password:
            self.page.fill("[name=room_password]", password)
        self.see("join-button").click()
        self.wait_in_meeting()

    def open_join_page(self, url: str) -> None:
        self.page.goto(url)
        self.see("join-button").wait_for()

    def join_as_guest(self, pass_url: str, name: str, password: str = "") -> None:
        self.ask_in_as_guest(pass_url, name, password)
        self.wait_in_meeting()

    def ask_in_as_guest(self, pass_url: str, name: str, password: str = "") -> None:
        self.open_join_page(pass_url)
        self.page.fill("[name=display_name]", name)
        if password:
            self.page.fill("[name=room_password]", password)
        self.see("join-button").click()

    def admit_from_lobby(self) -> None:
        """As the host: let the waiting guest in."""
        self.see("people-toggle").click()
        self.see("lobby-admit").click()

    def wait_in_meeting(self) -> None:
        self.page.wait_for_url(re.compile(r"/meeting/"))
        self.see("tile").first.wait_for(state="attached")
        self.see("cover").wait_for(state="hidden")

    def ended_because(self) -> str:
        """The reason on the cover after the meeting ended for this person."""
        notice = self.page.locator("[data-testid=removed-notice], [data-testid=over-notice]")
        notice.wait_for()
        return notice.get_attribute("data-reason") or ""

    def make_guest_link(self, room_url: str, name: str) -> str:
        """In a second tab, as a host or administrator; the pass stays on that tab's list under `name`."""
        with self.second_tab() as tab:
            tab.goto(f"{room_url}guests/")
            tab.fill("[name=name]", name)
            tab.click("main form.card [type=submit]")
            return tab.locator("#guest-link").inner_text()

    def revoke_guest_link(self, room_url: str, name: str) -> None:
        with self.second_tab() as tab:
            tab.goto(f"{room_url}guests/")
            tab.locator("tr", has_text=name).locator("[type=submit]").click()
            tab.locator("tr", has_text=name).locator("form").wait_for(state="detached")

    @contextmanager
    def second_tab(self) -> Iterator[Page]:
        tab = self.page.context.new_page()
        try:
            yield tab
        finally:
            tab.close()

    def see(self, test_id: str, **data: str) -> Locator:
        """What carries `data-testid`, narrowed by further `data-` attributes."""
        narrowed = "".join(f'[data-{name}="{value}"]' for name, value in data.items())
        return self.page.locator(f'[data-testid="{test_id}"]{narrowed}')

    def tiles(self) -> list[tuple[str, str]]:
        """(participant, source) of every tile on the page."""
        found = self.see("tile").evaluate_all(
            "tiles => tiles.map(({dataset}) => [dataset.participant, dataset.source])"
        )
        return [(participant, source) for participant, source in found]

    def colour_of(self, participant: str, source: str = "camera") -> str:
        """The name of the colour in the middle of that tile, or empty while it shows none of ours."""
        seen = self.page.evaluate("([who, what]) => probe.colour(who, what)", [participant, source])
        if seen is None:
            return ""
        distance = {
            name: max(abs(a - b) for a, b in zip(seen, colour, strict=True)) for name, colour in COLOURS.items()
        }
        nearest = min(distance, key=lambda name: distance[name])
        return nearest if distance[nearest] < 40 else ""

    def colours(self, source: str = "camera") -> dict[str, str]:
        """Participant → colour, for every tile of `source`."""
        return {
            participant: self.colour_of(participant, source) for participant, what in self.tiles() if what == source
        }

    def wait_for_colours(self, *colours: str) -> dict[str, str]:
        """Until the camera tiles show exactly `colours`; participant by colour."""
        wait_until(
            lambda: sorted(self.colours().values()) == sorted(colours),
            what=f"{self.colour} seeing {colours}",
            timeout=MEDIA_TIMEOUT_S,
            every=0.25,
        )
        return {colour: participant for participant, colour in self.colours().items()}

    def inbound(self, kind: str, **wanted: str) -> list[dict[str, Any]]:
        """Incoming streams of `kind` (`audio`, `video`) from getStats, narrowed by `participant` and `source`."""
        streams = self.page.evaluate("() => probe.inbound()")
        found = [each for each in streams if each["kind"] == kind]
        return [each for each in found if all(each.get(name) == value for name, value in wanted.items())]

    def outbound(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.page.evaluate("() => probe.outbound()") if each["kind"] == kind]

    def transports(self) -> dict[str, list[str]]:
        """`ciphers` (in Chromium's spelling) and `protocols` of the connected transports."""
        found = self.page.evaluate("() => probe.transports()")
        return found | {"ciphers": [cipher.removeprefix("SRTP_") for cipher in found["ciphers"]]}

    def close(self) -> None:
        """Leave the meeting first: a lost connection would be waited for, in the next test's meeting."""
        if self.see("leave-button").is_visible() and self.see("cover").is_hidden():
            self.see("leave-button").click()
            self.page.wait_for_url(lambda url: "/meeting/" not in url)
        self.page.context.close()


def new_person(browser: Browser, colour: str) -> Person:
    page = new_page(browser, colour)
    page.add_init_script(path=PROBE)
    person = Person(page, colour)
    page.on("pageerror", lambda error: person.problems.append(f"{error}"))
    return person
