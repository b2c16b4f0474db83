"""Every page in both languages, light and dark, wide and on a telephone: a picture to look at, no serious axe finding.

The pictures are in `screenshots/<language>-<scheme>-<size>/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product as combinations
from pathlib import Path
from typing import Literal

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.e2e.admintool import Administrator
from tests.e2e.conftest import SCREENSHOTS
from tests.e2e.person import Person, new_person
from tests.e2e.product import Organisation
from tests.test_permissions import ADDRESSES, PAGES

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
RUN_AXE = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  return violations.filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target.join(" ")).join(", ")}`);
}"""


# Each language, scheme and size meets each other one; all eight combinations are in `make test-long`.
USUAL = {("ja", "light", "wide"), ("en", "dark", "wide"), ("ja", "dark", "phone"), ("en", "light", "phone")}
DRESSES = [
    pytest.param(*dress, marks=[] if dress in USUAL else [pytest.mark.long])
    for dress in combinations(("ja", "en"), ("light", "dark"), SIZES)
]
NO_PICTURE = ("login", "confirm", "now", "export", "template")  # other visits show them, or they are no whole page


def admin_pages() -> dict[str, str]:
    """Every page of Admintool that needs nothing but the key: name → path below it."""
    named = [name for name in PAGES if name.startswith("admintool:") and ADDRESSES[name] == {"admintool_key"}]
    shown = {name.removeprefix("admintool:"): name for name in named if PAGES[name].method == "get"}
    return {
        short: reverse(name, args=["key"]).removeprefix("/admintool/key/")
        for short, name in shown.items()
        if not set(NO_PICTURE) & set(short.split("-"))
    }


ADMIN_PAGES = admin_pages()


@dataclass
class People:
    """Who looks at the pages: nobody in particular, a member, an administrator, a guest with a pass."""

    stranger: Page
    member: Person
    admin: Administrator
    guest: Person
    guest_link: str

    @property
    def pages(self) -> list[Page]:
        return [self.stranger, self.member.page, self.admin.page, self.guest.page]


@pytest.fixture(scope="module")
def people(browser, organisation) -> Iterator[People]:
    red = browser("chromium", "red")
    member, host, guest = (new_person(red, "red") for _ in range(3))
    member.login(organisation, "sato")
    host.login(organisation, "admin")
    link = host.make_guest_link(organisation.rooms["open"], "Picture Guest")
    host.close()
    found = People(new_person(red, "red").page, member, Administrator(red, organisation), guest, link)
    yield found
    for page in found.pages:
        page.context.close()


def visits(people: People, organisation: Organisation) -> Iterator[tuple[str, Page]]:
    """Goes from page to page; yields a name and the page that shows it."""
    stranger, member, admin = people.stranger, people.member, people.admin.page
    base, admintool = organisation.login_url.removesuffix("login/"), organisation.admintool_url
    outside = {"login": f"{base}login/", "sso": f"{base}sso/", "not-found": f"{base}nowhere/"}
    for name, url in {**outside, "admintool-login": admintool}.items():
        stranger.goto(url)
        yield name, stranger
    member_pages = {
        "rooms": "rooms/",
        "room-new": "rooms/new/",
        "password": "password/",
        "network-test": "network-test/",
    }
    for name, path in member_pages.items():
        member.page.goto(base + path)
        yield name, member.page
    member.open_join_page(organisation.rooms["locked"])
    yield "join-locked", member.page
    people.guest.open_join_page(people.guest_link)
    yield "guest-join", people.guest.page
    yield from meeting_visits(member, organisation)
    for name, path in ADMIN_PAGES.items():
        people.admin.open(path)
        yield f"admintool-{name}", admin
    yield from admin_visits(admin, organisation)


def meeting_visits(member: Person, organisation: Organisation) -> Iterator[tuple[str, Page]]:
    member.join(organisation.rooms["open"])
    yield "meeting", member.page
    for panel in ("chat", "people", "statistics"):
        member.see(f"{panel}-toggle").click()
        yield f"meeting-{panel}", member.page
    member.see("leave-button").click()
    member.page.wait_for_url("**/rooms/")


def admin_visits(admin: Page, organisation: Organisation) -> Iterator[tuple[str, Page]]:
    """What an administrator sees of one user, and of one room."""
    admin.goto(f"{organisation.admintool_url}users/")
    address = admin.locator("tbody a").first.evaluate("link => link.href")
    for name, path in {"user": "", "user-disable": "disable/", "user-password": "password/"}.items():
        admin.goto(address + path)
        yield f"admintool-{name}", admin
    for name, path in {"room-edit": "edit/", "guest-passes": "guests/"}.items():
        admin.goto(organisation.rooms["open"] + path)
        yield name, admin


def dress(page: Page, language: str, scheme: Literal["light", "dark"], size: str, url: str) -> None:
    context: BrowserContext = page.context
    context.add_cookies([{"name": "liveon_language", "value": language, "url": url}])
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(SIZES[size])


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window: nobody should have to scroll sideways."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("language", "scheme", "size"), DRESSES)
def test_every_page_is_accessible(people, organisation, product, language, scheme, size):
    pictures = SCREENSHOTS / f"{language}-{scheme}-{size}"
    pictures.mkdir(parents=True, exist_ok=True)
    for page in people.pages:
        dress(page, language, scheme, size, product.url)
    findings: dict[str, list[str]] = {}
    for name, page in visits(people, organisation):
        page.screenshot(path=pictures / f"{name}.png", full_page=True)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(RUN_AXE)
        found += [f"{overflow(page)} px too wide"] if overflow(page) > 0 else []
        if found:
            findings[name] = found
        assert page.locator("html").get_attribute("lang") == language, name
    assert findings == {}
