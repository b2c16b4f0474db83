"""The network under a meeting changes: media comes back by itself, and the stay stays one stay."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.browsers import chromium
from tests.e2e.person import Person, new_person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.e2e.records import attendances
from tests.net.control import Relay, relay
from tests.services import folder, free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

LOOK_S = 0.2
OUTAGE_S = 8.0
WEB_ROAD = "127.0.0.2"  # Chromium finds `localhost` here: a relay in front of the web process
FIREFOX_IN_AN_OUTAGE = "ICE failed"
UNDISTURBED = {"up": {}, "down": {}, "udp": True, "tcp": True}

At = dict[float, Callable[[], object]]


@dataclass
class Roads:
    """A running LiveOn, the relay before its media port, and the one before its web port."""

    product: LiveOn
    organisation: Organisation
    media: Relay
    web: Relay

    def cut(self, *, web: bool | str = True) -> None:
        """Nothing passes any more; `web=False` also ends the sockets, `"held"` leaves them hanging."""
        self.media.set(udp=False, tcp="held")
        self.web.set(tcp=web)

    def mend(self) -> None:
        self.media.set(**UNDISTURBED)
        self.web.set(**UNDISTURBED)


@pytest.fixture(scope="module")
def running_roads() -> Iterator[Roads]:
    media_port = free_port()
    with (
        relay(("127.0.0.1", media_port)) as media,
        liveon(LIVEON_MEDIA_PORT=str(media_port), LIVEON_MEDIA_ANNOUNCE=media.address) as product,
        relay(("127.0.0.1", product.port), listen=WEB_ROAD, port=product.port) as web,
    ):
        yield Roads(product, make_organisation(product, rooms=("open",)), media, web)


@pytest.fixture
def roads(running_roads: Roads) -> Iterator[Roads]:
    running_roads.mend()
    yield running_roads
    running_roads.mend()


@pytest.fixture(scope="module")
def travellers_browsers(playwright: Playwright) -> Iterator[dict[str, Browser]]:
    """Chromiums that reach the web process through its relay."""
    through = f"--host-resolver-rules=MAP localhost {WEB_ROAD}"
    with ExitStack() as cleanup, folder("capture") as files:
        yield {
            colour: cleanup.enter_context(chromium(playwright, files, colour, through)) for colour in ("red", "blue")
        }


@pytest.fixture
def people(
    request: pytest.FixtureRequest,
    roads: Roads,
    travellers_browsers: dict[str, Browser],
    browser: Callable[[str, str], Browser],
) -> Iterator[list[Person]]:
    """Two in a meeting who see each other: two Chromiums, or a Firefox with a Chromium."""
    is_firefox = getattr(request, "param", "chromium") == "firefox"
    other = browser("firefox", "blue") if is_firefox else travellers_browsers["blue"]
    met = [new_person(travellers_browsers["red"], "red"), new_person(other, "blue")]
    request.node.people = met
    go_in(met[0], roads.organisation, "host", through_relay=True)
    go_in(met[1], roads.organisation, "sato", through_relay=not is_firefox)
    for each in met:
        each.wait_for_colours("red", "blue")
    yield met
    roads.mend()
    for each in met:
        each.close()
    problems = [problem for each in met for problem in each.problems if not problem.startswith(FIREFOX_IN_AN_OUTAGE)]
    assert problems == []


both_browsers = pytest.mark.parametrize("people", ["chromium", "firefox"], indirect=True)


def go_in(person: Person, organisation: Organisation, login_id: str, *, through_relay: bool) -> None:
    if through_relay:
        near = organisation.login_url.replace("127.0.0.1", "localhost")
        room = organisation.rooms["open"].replace("127.0.0.1", "localhost")
        organisation = Organisation(organisation.slug, near, organisation.admintool_url, {"open": room})
    person.login(organisation, login_id)
    person.join(organisation.rooms["open"])


def frames(person: Person) -> int:
    return sum(each["framesDecoded"] for each in person.inbound("video", source="camera"))


def longest_stills(people: list[Person], seconds: float, at: At) -> list[float]:
    """Watch everybody's incoming picture and do what `at` says meanwhile; the longest each picture stood still, s."""
    began = time.monotonic()
    waiting = sorted(at.items())
    moved_at, counted, longest = [began] * len(people), [frames(each) for each in people], [0.0] * len(people)
    while (now := time.monotonic()) < began + seconds:
        if waiting and now - began >= waiting[0][0]:
            waiting.pop(0)[1]()
        for number, each in enumerate(people):
            count, now = frames(each), time.monotonic()
            longest[number] = max(longest[number], now - moved_at[number])
            if count != counted[number]:  # of a new connection it starts again
                counted[number], moved_at[number] = count, now
        people[0].page.wait_for_timeout(LOOK_S * 1000)
    return longest


def check(roads: Roads, people: list[Person], stills: list[float], *, most: float, before: int) -> None:
    """Nobody waited longer than `most` seconds, everybody sees everybody, and each has one stay."""
    print(f"\npictures stood still for {[round(still, 1) for still in stills]} s")  # noqa: T201 - the measured figure
    for each in people:
        each.wait_for_colours("red", "blue")
        assert [stream for stream in each.inbound("audio") if stream["packetsReceived"] > 0]
    assert max(stills) < most
    for each in people:
        each.see("leave-button").click()
        each.page.wait_for_url("**/rooms/")
    stays = lambda: attendances(roads.product)[before:]  # noqa: E731
    wait_until(lambda: all(row["left_at"] for row in stays()), what="the end of the stays")
    assert sorted((row["login_id"], row["leave_reason"]) for row in stays()) == [("host", "left"), ("sato", "left")]


@pytest.fixture
def before(roads: Roads) -> int:
    """How many stays there were."""
    return len(attendances(roads.product))


@both_browsers
def test_address_and_port_of_everybody_change(before, roads, people):
    stills = longest_stills(people, 20, {2.0: lambda: roads.media.set(move="127.0.0.3")})
    check(roads, people, stills, most=8, before=before)


@both_browsers
def test_udp_dies_and_tcp_remains(before, roads, people):
    stills = longest_stills(people, 35, {2.0: lambda: roads.media.set(udp=False)})
    for each in people:
        assert set(each.transports()["protocols"]) == {"tcp"}
    check(roads, people, stills, most=20, before=before)


@both_browsers
def test_eight_seconds_without_any_network_that_the_socket_survives(before, roads, people):
    stills = longest_stills(people, 30, {2.0: lambda: roads.cut(web="held"), 2.0 + OUTAGE_S: roads.mend})
    check(roads, people, stills, most=OUTAGE_S + 6, before=before)
    assert [row["reconnects"] for row in attendances(roads.product)[before:]] == [0, 0]


def test_eight_seconds_without_any_network_that_end_the_socket(before, roads, people):
    stills = longest_stills(people, 30, {2.0: lambda: roads.cut(web=False), 2.0 + OUTAGE_S: roads.mend})
    check(roads, people, stills, most=OUTAGE_S + 6, before=before)
    assert [row["reconnects"] for row in attendances(roads.product)[before:]] == [1, 1]


def test_everything_about_the_address_changes_and_the_socket_ends(before, roads, people):
    def move() -> None:
        roads.media.set(move="127.0.0.4")
        roads.web.set(move="127.0.0.4")

    stills = longest_stills(people, 20, {2.0: move})
    check(roads, people, stills, most=8, before=before)
    assert [row["reconnects"] for row in attendances(roads.product)[before:]] == [1, 1]
