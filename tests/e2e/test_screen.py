"""A shared screen: sharp for whoever sees it large, small for small tiles, with its sound."""

from typing import Any

import pytest

from tests.e2e.capture import fine_screen_script
from tests.e2e.person import Person
from tests.services import wait_until

SMALL, LARGE = {"width": 340, "height": 480}, {"width": 1400, "height": 900}
SHARP = 100.0  # of 255, for columns of black and white
MOST_FRAMES_PER_S = 17
OBSERVED_S = 4


def screen(person: Person) -> dict[str, Any]:
    streams = person.inbound("video", source="screen")
    return streams[0] if streams else {}


def contrast(person: Person) -> float:
    [(presenter, _)] = [tile for tile in person.tiles() if tile[1] == "screen"]
    return float(person.page.evaluate("who => probe.contrast(who, 'screen')", presenter))


def share(organisation, presenter: Person, viewer: Person) -> None:
    for each, login_id in ((presenter, "host"), (viewer, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    viewer.wait_for_colours(presenter.colour, viewer.colour)
    presenter.see("screen-toggle").click()
    viewer.see("tile", source="screen").wait_for()


@pytest.mark.parametrize(("kind", "small"), [("chromium", 640), pytest.param("firefox", 1280, marks=pytest.mark.long)])
def test_text_is_sharp_in_a_large_tile_and_the_small_layer_serves_a_small_one(person, organisation, kind, small):
    presenter, viewer = person("red", kind), person("blue")
    presenter.page.add_init_script(fine_screen_script(1280, 720))
    viewer.page.set_viewport_size(LARGE)
    share(organisation, presenter, viewer)

    wait_until(lambda: screen(viewer).get("frameWidth") == 1280, what="the screen as it is", timeout=20)
    wait_until(lambda: contrast(viewer) > SHARP, what="sharp columns", timeout=20)
    before = screen(viewer)["framesDecoded"]
    viewer.page.wait_for_timeout(OBSERVED_S * 1000)
    assert (screen(viewer)["framesDecoded"] - before) / OBSERVED_S <= MOST_FRAMES_PER_S

    viewer.page.set_viewport_size(SMALL)
    wait_until(lambda: screen(viewer)["frameWidth"] == small, what="the layer for small tiles", timeout=20)
    frames = screen(viewer)["framesDecoded"]
    wait_until(lambda: screen(viewer)["framesDecoded"] > frames + 3, what="a moving screen", timeout=20)


@pytest.mark.long
def test_window_that_is_enlarged_while_it_is_shared_gets_a_small_layer_too(person, organisation):
    presenter, viewer = person("red"), person("blue")
    presenter.page.add_init_script(fine_screen_script(800, 450))
    viewer.page.set_viewport_size(LARGE)
    share(organisation, presenter, viewer)
    wait_until(lambda: screen(viewer).get("frameWidth") == 800, what="the window as it is", timeout=20)
    presenter.page.evaluate("sizeScreen(1600, 900)")
    wait_until(lambda: screen(viewer).get("frameWidth") == 1600, what="the window as it is now", timeout=20)
    viewer.page.set_viewport_size(SMALL)
    wait_until(lambda: screen(viewer).get("frameWidth") == 800, what="the layer for small tiles", timeout=20)


@pytest.mark.long
def test_screen_of_4k_arrives_whole_with_its_sound(person, organisation):
    presenter, viewer = person("red"), person("blue")
    presenter.page.add_init_script("window.screenSize = {width: 5120, height: 2880}")
    viewer.page.set_viewport_size({"width": 2560, "height": 1440})
    share(organisation, presenter, viewer)
    wait_until(lambda: screen(viewer).get("frameWidth") == 3840, what="the screen as it is", timeout=60)
    assert screen(viewer)["frameHeight"] == 2160
    frames = screen(viewer)["framesDecoded"]
    wait_until(lambda: screen(viewer)["framesDecoded"] > frames + 5, what="a moving screen", timeout=60)
    wait_until(lambda: len(viewer.inbound("audio")) == 2, what="the screen's sound")
    [music] = [line for line in sent_sound(presenter) if "stereo=1" in line]
    assert "usedtx" not in music


def sent_sound(person: Person) -> list[str]:
    """The parameters that the browser's Opus encoders were negotiated with."""
    return person.page.evaluate(
        """async () => {
          const stats = [...(await liveonMeeting.publish.getStats()).values()];
          const sent = stats.filter(({type, kind}) => type === "outbound-rtp" && kind === "audio");
          return sent.map(({codecId}) => stats.find(({id}) => id === codecId)?.sdpFmtpLine ?? "");
        }"""
    )
