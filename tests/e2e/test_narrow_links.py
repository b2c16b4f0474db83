"""What one person sees and hears behind a bad link, while the others of the meeting have good ones.

The others are the crowd (tests/load) with cameras of 720p, or one browser; they come first, and the relay spares them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean

import pytest

from tests.e2e.person import Person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.load.asking import ask_worker
from tests.load.crowd import crowd
from tests.net.control import Relay, relay
from tests.services import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

WIDE_WINDOW = {"width": 1800, "height": 1150}
"""Four tiles in it are just so large that each deserves 720p."""
CONCEALED_SHARE, FROZEN_SHARE = 0.08, 0.05
LOSSY = {"loss": 0.05, "delay_ms": 50}
RATE_KBPS, SETTLING_S, RESTORED_S = 600, 15, 20


@dataclass
class Network:
    product: LiveOn
    organisation: Organisation
    relay: Relay

    def let_in(self, person: Person, login_id: str, *, camera: bool = True) -> None:
        person.login(self.organisation, login_id)
        person.open_join_page(self.organisation.rooms["open"])
        if not camera:
            person.see("camera-toggle").click()
        person.see("join-button").click()
        person.wait_in_meeting()

    def estimate_kbps(self, person: Person) -> float:
        """The server's, of the link to this person."""
        [estimates] = ask_worker(self.product.data_dir, "get_statistics")["estimates"].values()
        return estimates[own_id(person)] / 1000


@pytest.fixture
def network() -> Iterator[Network]:
    media_port = free_port()
    with (
        relay(("127.0.0.1", media_port)) as path,
        liveon(LIVEON_MEDIA_PORT=str(media_port), LIVEON_MEDIA_ANNOUNCE=path.address) as product,
    ):
        yield Network(product, make_organisation(product, rooms=("open",)), path)


@pytest.fixture
def viewer(network: Network, person) -> Iterator[Person]:
    """At a large window and with no camera, with three others of 720p; alone behind what the relay will do."""
    with crowd(network.product, network.organisation, people=3, tiles=0):
        network.relay.set(spare=True)
        found = person("blue")
        found.page.set_viewport_size(WIDE_WINDOW)
        network.let_in(found, "sato", camera=False)
        wait_until(lambda: widths(found) == [1280] * 3, what="three cameras of 720p", timeout=60, every=0.5)
        yield found


def own_id(person: Person) -> str:
    [own] = {participant for participant, _ in person.tiles()} - {each.get("participant") for each in pictures(person)}
    return own


def pictures(person: Person) -> list[dict[str, float]]:
    return sorted(person.inbound("video", source="camera"), key=lambda each: each["id"])


def widths(person: Person) -> list[int]:
    return [int(each.get("frameWidth", 0)) for each in pictures(person)]


def round_trip_ms(person: Person) -> float:
    """Of the pair in use on the subscribe transport."""
    return person.page.evaluate(
        """async () => {
          const stats = [...(await liveonMeeting.subscribe.getStats()).values()];
          const pairs = stats.filter(({type, nominated}) => type === "candidate-pair" && nominated);
          return 1000 * Math.max(...pairs.map(({currentRoundTripTime}) => currentRoundTripTime ?? 0));
        }"""
    )


@contextmanager
def sound_is_intact(person: Person) -> Iterator[None]:
    """Of each voice that is received meanwhile, little enough is made up."""
    names = "concealedSamples", "silentConcealedSamples", "totalSamplesReceived"

    def voices() -> dict[str, list[float]]:
        return {each["id"]: [each.get(name, 0) for name in names] for each in person.inbound("audio")}

    before = voices()
    yield
    shares = []
    for each, figures in voices().items():
        made_up, silent, total = (now - then for now, then in zip(figures, before.get(each, [0, 0, 0]), strict=True))
        shares.append((made_up - silent) / max(1, total))
    assert shares
    assert max(shares) < CONCEALED_SHARE, shares


def watch(person: Person, seconds: float) -> tuple[list[float], list[float]]:
    """Of each picture, the frames that are decoded in a second, and for which share of the time it stands still."""
    before, began = pictures(person), time.monotonic()
    person.page.wait_for_timeout(seconds * 1000)
    pairs, took = list(zip(before, pictures(person), strict=True)), time.monotonic() - began
    rates, frozen = (
        [(now[name] - then[name]) / took for then, now in pairs] for name in ("framesDecoded", "totalFreezesDuration")
    )
    return rates, frozen


@pytest.mark.parametrize("seconds", [60])
def test_loss_and_delay_leave_sound_and_pictures_alone(network, viewer, seconds):
    network.relay.set(up=LOSSY, down=LOSSY)
    viewer.page.wait_for_timeout(5_000)
    with sound_is_intact(viewer):
        rates, frozen = watch(viewer, seconds)
    assert min(rates) >= 15, (rates, frozen)
    assert max(frozen) < FROZEN_SHARE, (rates, frozen)
    assert network.relay.counters()["down"]["lost"] > 1000


def test_a_sender_who_loses_packets_is_seen_well_and_nobody_else_is_shown_later(network, person):
    viewer, sender = person("blue"), person("red")
    with crowd(network.product, network.organisation, people=1, tiles=0, video=("180p",)):
        network.let_in(viewer, "sato")
        wait_until(lambda: widths(viewer) == [320], what="the crowd's picture", timeout=60, every=0.5)
        network.relay.set(spare=True)
        network.let_in(sender, "host")
        wait_until(lambda: all(widths(viewer)) and len(widths(viewer)) == 2, what="the sender's picture", timeout=20)
        network.relay.set(up=LOSSY, down=LOSSY)
        viewer.page.wait_for_timeout(10_000)
        rates, frozen = watch(viewer, 60)
        waits = viewer.page.evaluate(WAITS)
    assert min(rates) >= 12, (rates, frozen)
    assert max(frozen) < FROZEN_SHARE, (rates, frozen)
    assert sorted(wait is None for wait in waits) == [False, True], waits


WAITS = """() => liveonMeeting.subscribe.getReceivers().filter(({track}) => track.kind === "video")
  .map(({jitterBufferTarget}) => jitterBufferTarget)"""


def test_estimate_finds_a_narrow_link_every_picture_moves_and_the_best_comes_back(network, viewer):
    network.relay.set(down={"rate_kbps": RATE_KBPS, "queue_ms": 600})
    viewer.page.wait_for_timeout(SETTLING_S * 1000)
    before = [each["framesDecoded"] for each in pictures(viewer)]
    estimates, trips = [], []
    with sound_is_intact(viewer):
        for _ in range(40):
            viewer.page.wait_for_timeout(500)
            estimates.append(network.estimate_kbps(viewer))
            trips.append(round_trip_ms(viewer))
    moved = [each["framesDecoded"] - then for each, then in zip(pictures(viewer), before, strict=True)]
    seen = {"estimates": estimates, "trips": trips, "moved": moved}
    inside = [estimate for estimate in estimates if 0.7 * RATE_KBPS <= estimate <= RATE_KBPS]
    assert len(inside) >= 0.9 * len(estimates), seen
    assert 0.7 * RATE_KBPS <= mean(estimates) <= RATE_KBPS, seen
    assert max(trips) < 300, seen
    assert min(moved) >= 5 * 20, seen

    network.relay.set(down={})
    wait_until(lambda: widths(viewer) == [1280] * 3, what="720p again", timeout=RESTORED_S, every=0.25)


def test_sender_behind_a_narrow_link_adapts_and_is_heard(network, person):
    viewer, sender = person("blue"), person("red")
    network.let_in(viewer, "host")
    wait_until(lambda: network.relay.counters()["up"]["passed"] > 50, what="the viewer's media", timeout=20)
    network.relay.set(spare=True)
    network.let_in(sender, "sato")
    viewer.wait_for_colours("blue", "red")
    network.relay.set(up={"rate_kbps": 300, "queue_ms": 600})
    viewer.page.wait_for_timeout(SETTLING_S * 1000)
    before, lost_before = pictures(viewer)[0]["framesDecoded"], network.relay.counters()["up"]["overflowed"]
    sent_before = sum(each["bytesSent"] for each in sender.outbound("video"))
    with sound_is_intact(viewer):
        viewer.page.wait_for_timeout(20_000)
    sent = (sum(each["bytesSent"] for each in sender.outbound("video")) - sent_before) * 8 / 20_000
    assert 50 < sent < 300, sent
    assert pictures(viewer)[0]["framesDecoded"] - before >= 5 * 20
    assert network.relay.counters()["up"]["overflowed"] - lost_before < 50
