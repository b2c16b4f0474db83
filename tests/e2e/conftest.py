"""One running LiveOn and one browser per colour for all browser tests; people are new in each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.browsers import chromium, firefox
from tests.e2e.person import Person, new_person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.services import folder

SCREENSHOTS = Path(__file__).with_name("screenshots")
NewPerson = Callable[..., Person]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(180))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test leaves a picture of every page in `screenshots/`."""
    report = yield
    if report.when == "call" and report.failed:
        for person in getattr(item, "people", []):
            SCREENSHOTS.mkdir(exist_ok=True)
            picture = SCREENSHOTS / f"{item.name}-{person.colour}.png"
            person.page.screenshot(
                path=picture, caret="initial"
            )  # hiding the caret needs a style that our policy forbids
            report.sections.append((f"page of {person.colour}", "\n".join([person.page.url, *person.problems])))
    return report


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Callable[[str, str], Browser]]:
    """`browser(kind, colour)`: started when first asked for. Firefox takes its colour per page, so there is one."""
    started: dict[tuple[str, str], Browser] = {}
    with ExitStack() as cleanup, folder("capture") as files:

        def get(kind: str, colour: str) -> Browser:
            key = (kind, colour if kind == "chromium" else "")
            if key not in started:
                context = chromium(playwright, files, colour) if kind == "chromium" else firefox(playwright)
                started[key] = cleanup.enter_context(context)
            return started[key]

        yield get


@pytest.fixture
def person(browser: Callable[[str, str], Browser], request: pytest.FixtureRequest) -> Iterator[NewPerson]:
    """`person("red")` sits at a Chromium, `person("green", "firefox")` at a Firefox. Their pages must not throw."""
    people: list[Person] = []
    request.node.people = people

    def make(colour: str, kind: str = "chromium") -> Person:
        people.append(new_person(browser(kind, colour), colour))
        return people[-1]

    yield make
    for each in people:
        each.close()
    assert {each.colour: each.problems for each in people if each.problems} == {}


@pytest.fixture(scope="session")
def product() -> Iterator[LiveOn]:
    with liveon() as found:
        yield found


@pytest.fixture(scope="session")
def organisation(product: LiveOn) -> Organisation:
    return make_organisation(product)
