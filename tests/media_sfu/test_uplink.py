"""A layer that nobody watches is switched off at its sender, and is there again when somebody does."""

import time
from collections.abc import Callable

import pytest

from media_sfu.forwarding import wanted
from media_sfu.forwarding.layers import SILENCE
from media_sfu.publication import BITS_PER_SECOND, Publication
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person

LARGE, SMALL = 1280, 160


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "UNWATCHED_SECONDS", 0.4)
    monkeypatch.setattr(wanted, "FIRST_SECONDS", 0.5)


def published(meeting: Meeting, sender: Person) -> Publication:
    return meeting.worker.routers[ROUTER].peers[sender.peer].publications["camera"]


async def look(viewer: Person, width: int) -> None:
    """At everybody else's camera, so wide; at nothing with 0."""
    others = [peer for source, peer in viewer.received if source == "camera"]
    tiles = [{"participant": peer, "source": "camera", "width": width, "height": width * 9 // 16} for peer in others]
    await viewer.request("set_view", tiles=tiles if width else [])


async def filming(sender: Person, happened: Callable[[], bool]) -> None:
    """The sender's camera runs until it has happened."""

    def check() -> bool:
        sender.camera.send_frame()
        return happened()

    await until(check)


async def layers_are(sender: Person, *names: str) -> None:
    await filming(sender, lambda: sender.camera.active == set(names))


async def shows(sender: Person, viewer: Person, layer: str) -> None:
    await filming(sender, lambda: viewer.received["camera", sender.peer].last_layer() == layer)


async def test_only_the_layer_that_is_watched_is_sent(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, LARGE)
    await layers_are(sender, "high")
    await look(viewer, SMALL)
    await layers_are(sender, "low")
    await shows(sender, viewer, "low")


async def test_layer_that_comes_back_takes_one_keyframe(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, SMALL)
    await layers_are(sender, "low")
    await shows(sender, viewer, "low")
    publication = published(meeting, sender)
    await filming(sender, lambda: time.monotonic() - publication.last_packet_at[1] > SILENCE)
    asked = sender.camera.keyframes_asked

    await look(viewer, LARGE)
    await shows(sender, viewer, "high")

    assert sender.camera.keyframes_asked == asked
    received = viewer.received["camera", sender.peer]
    assert received.packets == sorted(received.packets, key=lambda item: item[1])


async def test_camera_that_nobody_sees_is_not_sent_at_all_and_sound_is(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, 0)
    await layers_are(sender)
    sender.microphone.send()
    await until(lambda: viewer.received["microphone", sender.peer].packets)
    assert not meeting.told("layers_wanted", source="microphone")

    await look(viewer, LARGE)
    await shows(sender, viewer, "high")


async def test_last_viewer_leaves_and_another_comes(meeting: Meeting):
    sender, _ = await meeting.pair()
    await meeting.link.request("close_peer", router=ROUTER, peer="person-b", reason="left")
    await layers_are(sender)

    viewer = await meeting.join("person-c", publish=False)
    await until(lambda: viewer.received)
    await shows(sender, viewer, "low")


async def test_nothing_is_switched_off_while_somebody_comes_in(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, LARGE)
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-c", subjects=[])
    slow = Person(meeting.link, ROUTER, "person-c")
    await slow.subscribe()  # and does not answer
    began = time.monotonic()
    await filming(sender, lambda: time.monotonic() - began > 2.5)
    assert sender.camera.active == {"low", "high"}
    assert not all(each.is_accepted for each in published(meeting, sender).subscriptions)
    await slow.close()


async def test_muted_camera_is_ready_for_its_return(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, LARGE)
    await layers_are(sender, "high")
    told = len(meeting.told("layers_wanted"))
    await sender.request("set_muted", source="camera", muted=True)
    began = time.monotonic()
    await filming(sender, lambda: time.monotonic() - began > 2.5)
    assert len(meeting.told("layers_wanted")) == told


async def test_rebuilt_transport_sends_everything_and_its_client_is_told(meeting: Meeting, fresh_id):
    sender, viewer = await meeting.pair()
    await look(viewer, SMALL)
    await layers_are(sender, "low")
    await sender.publishing.close()
    sender.publishing, sender.publish_id = type(sender.publishing)(), fresh_id()
    await sender.publish()
    assert meeting.told("layers_wanted")[-1]["layers"] == ["low", "high"]
    await layers_are(sender, "low")


async def test_new_owner_of_the_peer_is_told(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await look(viewer, SMALL)
    await layers_are(sender, "low")
    meeting.events.clear()
    await meeting.link.request("take_over", router=ROUTER, peer=sender.peer)
    await until(lambda: meeting.told("layers_wanted", peer=sender.peer))
    assert meeting.told("layers_wanted")[0] | {"layers": ["low"]} == meeting.told("layers_wanted")[0]


async def test_rate_of_a_layer_that_is_off_stays_known(meeting: Meeting):
    sender, viewer = await meeting.pair()
    publication = published(meeting, sender)
    await look(viewer, SMALL)
    await filming(sender, lambda: all(publication.rates))
    await layers_are(sender, "low")
    await filming(sender, lambda: 0 < publication.rates[1] < BITS_PER_SECOND["camera"])
    await look(viewer, LARGE)
    await shows(sender, viewer, "high")
