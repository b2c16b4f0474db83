"""A browser sends the layers of its camera that somebody watches, and no others."""

import time

import pytest

from tests.e2e.person import Person
from tests.services import wait_until

SMALL, LARGE = {"width": 340, "height": 480}, {"width": 1400, "height": 900}
SENT_AT_FIRST_S = 10.0
UNWATCHED_S = 7.0


def sent(person: Person) -> dict[str, int]:
    """Octets so far of each layer of their camera."""
    return {each["rid"]: each["bytesSent"] for each in person.outbound("video")}


def wait_until_silent(person: Person, *layers: str, timeout: float) -> None:
    """Until these layers have sent nothing for a second; the others went on."""
    before: list[dict[str, int]] = [sent(person)]

    def is_silent() -> bool:
        before.append(sent(person))
        grown = {layer for layer, octets in before[-1].items() if octets > before[-2][layer]}
        return grown == set(before[-1]) - set(layers)

    wait_until(is_silent, what=f"{person.colour} sending nothing of {layers}", timeout=timeout, every=1.0)


def camera(person: Person) -> dict[str, float]:
    [stream] = person.inbound("video", source="camera")
    return stream


def enter(organisation, *people: Person) -> None:
    for each, login_id in zip(people, ("host", "sato", "suzuki"), strict=False):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours(*(one.colour for one in people))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_layer_that_nobody_watches_stops_and_comes_back_without_a_freeze(person, organisation, kind):
    sender, viewer = person("red", kind), person("blue")
    viewer.page.set_viewport_size(LARGE)
    enter(organisation, sender, viewer)
    wait_until(lambda: camera(viewer).get("frameWidth") == 640, what="the high layer", timeout=20)
    wait_until_silent(sender, "low", timeout=SENT_AT_FIRST_S + UNWATCHED_S)

    viewer.page.set_viewport_size(SMALL)
    wait_until(lambda: camera(viewer)["frameWidth"] == 320, what="the low layer", timeout=5)
    wait_until_silent(sender, "high", timeout=UNWATCHED_S)
    frozen = camera(viewer).get("freezeCount", 0)

    viewer.page.set_viewport_size(LARGE)
    wait_until(lambda: camera(viewer)["frameWidth"] == 640, what="the high layer again", timeout=5)
    assert camera(viewer).get("freezeCount", 0) == frozen


@pytest.mark.long
def test_camera_without_a_viewer_is_not_sent_and_who_joins_sees_it_within_three_seconds(person, organisation):
    sender, viewer = person("red"), person("blue")
    enter(organisation, sender, viewer)
    viewer.see("leave-button").click()
    wait_until_silent(sender, "low", "high", timeout=SENT_AT_FIRST_S + UNWATCHED_S)

    late = person("green")
    late.login(organisation, "suzuki")
    late.open_join_page(organisation.rooms["open"])
    late.see("join-button").click()
    late.wait_in_meeting()
    came = time.monotonic()
    late.wait_for_colours("red", "green")
    assert time.monotonic() - came < 3
