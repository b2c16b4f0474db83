"""A meeting on bad networks, through the impairment relay."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.person import Person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.net.control import Relay, relay
from tests.services import free_port, wait_until

SMALL, LARGE = {"width": 340, "height": 480}, {"width": 1400, "height": 900}
OBSERVED_S = 15


@dataclass
class Network:
    product: LiveOn
    organisation: Organisation
    relay: Relay

    def meet(self, *people: Person) -> None:
        for each, login_id in zip(people, ("host", "sato", "suzuki"), strict=False):
            each.login(self.organisation, login_id)
            each.join(self.organisation.rooms["open"])
        for each in people:
            each.wait_for_colours(*(one.colour for one in people))


@pytest.fixture(scope="module")
def running_network() -> Iterator[Network]:
    media_port = free_port()
    with (
        relay(("127.0.0.1", media_port)) as path,
        liveon(LIVEON_MEDIA_PORT=str(media_port), LIVEON_MEDIA_ANNOUNCE=path.address) as product,
    ):
        yield Network(product, make_organisation(product, rooms=("open",)), path)


@pytest.fixture
def network(running_network: Network) -> Iterator[Network]:
    """The installation behind a relay that disturbs nothing at first."""
    undisturbed = {"up": {}, "down": {}, "udp": True, "tcp": True, "spare": False}
    running_network.relay.set(**undisturbed)
    yield running_network
    running_network.relay.set(**undisturbed)


def video(person: Person) -> dict[str, float]:
    [stream] = person.inbound("video", source="camera")
    return stream


def test_layers_follow_the_size_of_the_tile_without_a_freeze(network, person):
    sender, viewer = person("red"), person("blue")
    viewer.page.set_viewport_size(LARGE)
    network.meet(sender, viewer)
    wait_until(lambda: video(viewer).get("frameWidth") == 640, what="the high layer", timeout=20)
    frozen = video(viewer)["freezeCount"]

    viewer.page.set_viewport_size(SMALL)
    wait_until(lambda: video(viewer)["frameWidth"] == 320, what="the low layer", timeout=20)
    viewer.page.set_viewport_size(LARGE)
    wait_until(lambda: video(viewer)["frameWidth"] == 640, what="the high layer again", timeout=20)

    assert video(viewer)["freezeCount"] == frozen


def test_video_goes_on_at_five_percent_loss_and_lost_packets_are_sent_again(network, person):
    sender, viewer = person("red"), person("blue")
    network.meet(sender, viewer)
    network.relay.set(up={"loss": 0.05}, down={"loss": 0.05})
    before, sent_before = video(viewer), sender.outbound("video")
    viewer.page.wait_for_timeout(OBSERVED_S * 1000)
    after, sent_after = video(viewer), sender.outbound("video")

    assert (after["framesDecoded"] - before["framesDecoded"]) / OBSERVED_S >= 8
    assert after["nackCount"] > before["nackCount"]
    assert after["retransmittedPacketsReceived"] > before.get("retransmittedPacketsReceived", 0)
    resent = [sum(each.get("retransmittedPacketsSent", 0) for each in streams) for streams in (sent_before, sent_after)]
    assert resent[1] > resent[0]
    counters = network.relay.counters()
    assert counters["up"]["lost"] > 10
    assert counters["down"]["lost"] > 10


def test_without_udp_the_meeting_runs_over_tcp(network, person):
    network.relay.set(udp=False)
    sender, viewer = person("red"), person("blue")
    network.meet(sender, viewer)
    before = video(viewer)["framesDecoded"]
    wait_until(lambda: video(viewer)["framesDecoded"] > before + 40, what="moving video", timeout=20)
    for each in (sender, viewer):
        assert set(each.transports()["protocols"]) == {"tcp"}
