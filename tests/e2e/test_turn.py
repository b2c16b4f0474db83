"""Browsers that may only use the relay (coturn): UDP, TCP and TLS, and a meeting that outlasts its credentials."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.browsers import chromium
from tests.e2e.person import Person, new_person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.net.turn import SECRET, Turn, coturn
from tests.services import folder, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

WAYS = ("udp", "tcp", "tls")
CREDENTIALS_S = 20

ONLY_BY_RELAY = """(() => {
  const only = (options) => ({
    ...options,
    iceTransportPolicy: "relay",
    iceServers: options.iceServers.map((server) => ({ ...server, urls: URLS })),
  });
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(options) { super(only(options)); }
    setConfiguration(options) { super.setConfiguration(only(options)); }
  };
})();"""
OWN_CANDIDATES = """async () => {
  const found = [];
  for (const peer of probe.peers()) {
    const stats = await peer.getStats();
    for (const { type, nominated, state, localCandidateId } of stats.values()) {
      if (type !== "candidate-pair" || !nominated || state !== "succeeded") continue;
      const { candidateType, relayProtocol } = stats.get(localCandidateId);
      found.push([candidateType, relayProtocol ?? ""]);
    }
  }
  return found;
}"""


@dataclass
class Relayed:
    """LiveOn on loopback and its coturn, which can be stopped and started."""

    product: LiveOn
    organisation: Organisation
    server: Turn
    running: ExitStack

    def restart(self) -> None:
        """Every allocation is gone."""
        self.running.close()
        self.running.enter_context(coturn(ports=(self.server.port, self.server.tls_port)))

    def meet(self, way: str, *people: Person) -> None:
        for each, login_id in zip(people, ("host", "sato"), strict=True):
            each.page.add_init_script(ONLY_BY_RELAY.replace("URLS", f"{[self.server.url(way)]}"))
            each.login(self.organisation, login_id)
            each.join(self.organisation.rooms["open"])
        for each in people:
            each.wait_for_colours(*(one.colour for one in people))


@pytest.fixture(scope="module")
def relayed() -> Iterator[Relayed]:
    with ExitStack() as running:
        server = running.enter_context(coturn())
        variables = {
            "LIVEON_MEDIA_ADDRESS": "127.0.0.1",
            "LIVEON_TURN_URLS": " ".join(server.url(way) for way in WAYS),
            "LIVEON_TURN_SECRET": SECRET,
            "LIVEON_TURN_SECONDS": str(CREDENTIALS_S),
        }
        with liveon(**variables) as product:
            yield Relayed(product, make_organisation(product, rooms=("open",)), server, running)


@pytest.fixture(scope="module")
def trusting(playwright: Playwright) -> Iterator[dict[str, Browser]]:
    """Chromiums that take the test's certificate for turns:."""
    with ExitStack() as cleanup, folder("capture") as files:
        yield {
            colour: cleanup.enter_context(chromium(playwright, files, colour, "--ignore-certificate-errors"))
            for colour in ("red", "blue")
        }


@pytest.fixture
def people(trusting: dict[str, Browser], request: pytest.FixtureRequest) -> Iterator[list[Person]]:
    found = request.node.people = [new_person(browser, colour) for colour, browser in trusting.items()]
    yield found
    for each in found:
        each.close()
    assert [each.problems for each in found] == [[], []]


def frames(person: Person) -> int:
    return sum(each["framesDecoded"] for each in person.inbound("video", source="camera"))


def wait_for_moving_video(*people: Person, timeout: float = 30) -> None:
    for each in people:
        before = frames(each)
        wait_until(
            lambda each=each, before=before: abs(frames(each) - before) > 20,
            what=f"moving video at {each.colour}",
            timeout=timeout,
            every=0.25,
        )


def ways(person: Person) -> set[tuple[str, str]]:
    """Kind and protocol to the relay of the person's own candidates in working pairs."""
    return {(kind, protocol) for kind, protocol in person.page.evaluate(OWN_CANDIDATES)}


@pytest.mark.parametrize("way", WAYS)
def test_video_moves_both_ways_through_the_relay(relayed, people, way):
    relayed.meet(way, *people)
    wait_for_moving_video(*people)
    for each in people:
        assert ways(each) == {("relay", way)}


def test_firefox_uses_the_relay_too(relayed, people, person: Callable[..., Person]):
    met = [people[0], person("green", "firefox")]
    relayed.meet("udp", *met)
    wait_for_moving_video(*met)
    assert {kind for kind, _ in ways(met[1])} == {"relay"}  # Firefox does not tell the protocol


def test_meeting_outlasts_its_credentials(relayed, people):
    """The relay restarts when the first credentials have ended: the ICE restart gets allocations with new ones."""
    relayed.meet("udp", *people)
    names = [user_name(each) for each in people]
    wait_until(
        lambda: all(expiry(each) > expiry_of(name) for each, name in zip(people, names, strict=True)),
        what="new credentials",
    )
    people[0].page.wait_for_timeout(CREDENTIALS_S * 1000)
    relayed.restart()
    wait_for_moving_video(*people, timeout=60)
    for each, name in zip(people, names, strict=True):
        each.wait_for_colours("red", "blue")
        assert expiry(each) >= expiry_of(name) + CREDENTIALS_S / 2
        wait_until(lambda each=each: ways(each) == {("relay", "udp")}, what="the new pairs", every=0.25)


def user_name(person: Person) -> str:
    return person.page.evaluate("() => liveonMeeting.publish.getConfiguration().iceServers[0].username")


def expiry(person: Person) -> int:
    return expiry_of(user_name(person))


def expiry_of(name: str) -> int:
    """Unix time at which credentials end."""
    return int(name.partition(":")[0])
