"""`watch_delivery`: what a peer gets of each video, and why it is not more."""

from typing import Any

import pytest

from media_sfu.control.client import WorkerError
from media_sfu.delivery import limited_by
from media_sfu.subscription import Subscription
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person

LARGE, SMALL = (1280, 720), (160, 90)


async def view(person: Person, *tiles: tuple[str, tuple[int, int]]) -> None:
    shown = [{"participant": who, "source": "camera", "width": size[0], "height": size[1]} for who, size in tiles]
    await person.request("set_view", tiles=shown)


async def delivery(meeting: Meeting, sender: Person, **wanted: Any) -> dict[str, Any]:
    """The newest tile that has these fields, while the sender goes on sending."""
    found: list[dict[str, Any]] = []
    seen = len(meeting.events)

    def told() -> bool:
        sender.camera.send_frame()
        tiles = [tile for event in meeting.events[seen:] if event["type"] == "delivery" for tile in event["tiles"]]
        found[:] = [tile for tile in tiles if wanted.items() <= tile.items()]
        return bool(found)

    await until(told, 15)
    return found[-1]


def subscription(meeting: Meeting, viewer: str) -> Subscription:
    side = meeting.worker.routers[ROUTER].peers[viewer].subscribing
    [found] = [each for each in side.subscriptions() if each.publication.kind == "video"]
    return found


async def test_small_tile_is_said_to_be_limited_by_its_size_and_a_large_one_by_nothing(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await view(viewer, ("person-a", SMALL))
    await viewer.request("watch_delivery", on=True)
    small = await delivery(meeting, sender, limited_by="size", layer="low")
    assert small["kbps"] > 0
    assert {name: small[name] for name in ("participant", "source", "layers", "codec")} == {
        "participant": "person-a",
        "source": "camera",
        "layers": ["low", "high"],
        "codec": "VP8",
    }
    await view(viewer, ("person-a", LARGE))
    await delivery(meeting, sender, limited_by=None, layer="high")
    [*_, told] = meeting.told("delivery", peer="person-b")
    assert told["estimate_kbps"] > 0


async def test_only_what_is_in_view_is_told_and_nothing_after_the_watch_is_off(meeting: Meeting):
    _, viewer = await meeting.pair()
    await view(viewer)
    await viewer.request("watch_delivery", on=True)
    await until(lambda: meeting.told("delivery", peer="person-b", tiles=[]))
    assert not meeting.told("delivery", peer="person-a")
    await viewer.request("watch_delivery", on=False)
    heard = len(meeting.told("delivery"))
    beats = len(meeting.told("statistics"))
    await until(lambda: len(meeting.told("statistics")) >= beats + 4)
    assert len(meeting.told("delivery")) == heard


async def test_muted_and_frozen_videos_are_told_as_muted(meeting: Meeting):
    sender, viewer = await meeting.pair()
    await view(viewer, ("person-a", LARGE))
    await viewer.request("watch_delivery", on=True)
    await sender.request("set_muted", source="camera", muted=True)
    assert (await delivery(meeting, sender, limited_by="muted"))["layer"] is None
    await sender.request("set_muted", source="camera", muted=False)
    await delivery(meeting, sender, limited_by=None, layer="high")
    await meeting.link.request("freeze", router=ROUTER, frozen=True)
    await delivery(meeting, sender, limited_by="muted")


@pytest.mark.parametrize(
    ("rates", "allowed", "deserved", "reason"),
    [
        ([100.0, 400.0, 900.0], 2, 2, None),
        ([100.0, 400.0, 900.0], 2, 1, "size"),
        ([100.0, 400.0, 900.0], 1, 2, "network"),
        ([100.0, 400.0, 900.0], 0, 1, "network"),
        ([100.0, 400.0, 900.0], None, 2, "paused"),
        ([100.0, 400.0, 0.0], 1, 2, "sender"),
        ([100.0, 0.0, 0.0], 0, 2, "sender"),
        ([100.0, 400.0, 0.0], 0, 2, "network"),
        ([100.0, 0.0, 0.0], 0, 0, "size"),
        ([0.0], 0, 0, "sender"),
        ([300.0], 0, 0, None),
        ([300.0], 2, None, None),
    ],
)
async def test_the_reason_follows_from_what_is_deserved_allowed_and_sent(
    meeting: Meeting, monkeypatch, rates, allowed, deserved, reason
):
    await meeting.pair()
    found = subscription(meeting, "person-b")
    monkeypatch.setattr(found.publication, "rates", rates)
    monkeypatch.setattr(found, "allowed", allowed)
    monkeypatch.setattr(found, "deserved_layer", lambda: deserved)
    assert limited_by(found) == reason


async def test_frames_left_out_for_the_link_are_told_as_its_limit(meeting: Meeting, monkeypatch):
    await meeting.pair()
    found = subscription(meeting, "person-b")
    monkeypatch.setattr(found.publication, "rates", [100.0, 400.0])
    monkeypatch.setattr(found, "deserved_layer", lambda: 1)
    found.allow(1, 1)
    assert limited_by(found) == "network"
    found.allow(2, 1)
    assert limited_by(found) is None


async def test_only_the_owner_of_a_peer_may_watch(meeting: Meeting):
    await meeting.pair()
    other = Meeting(meeting.worker, "web-process-2")
    await other.link.connect()
    with pytest.raises(WorkerError, match="not_owner"):
        await other.link.request("watch_delivery", router=ROUTER, peer="person-a", on=True)
    await other.close()
