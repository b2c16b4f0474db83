"""What the division of a link counts: what is sent, and what would be."""

import pytest

from media_sfu.bandwidth.allocation import WHOLE
from tests.media_sfu.pure.link import Link
from tests.media_sfu.pure.simulation import Viewer, Voice, as_any

VOICE, ALL = 40e3, 3


@pytest.fixture
def viewer() -> Viewer:
    viewer = Viewer(Link(20e6))
    for camera in viewer.cameras:
        camera.shares = [WHOLE] * 3
    return viewer


def divide(viewer: Viewer, estimate: float) -> None:
    """The link is said to carry `estimate` bits per second."""
    viewer.now += 1
    viewer.downlink.estimator.bits_per_second = estimate
    viewer.downlink.check(as_any([*viewer.voices, *viewer.cameras]), viewer.now)


def allowed(viewer: Viewer) -> list[int | None]:
    return [camera.allowed for camera in viewer.cameras]


def test_sound_comes_before_video(viewer: Viewer):
    divide(viewer, ALL * VOICE + 3 * 150e3)
    assert allowed(viewer) == [0, 0, 0]


def test_voices_that_are_not_forwarded_take_nothing(viewer: Viewer):
    for _ in range(20):
        silent = Voice()
        silent.is_forwarded = False
        viewer.voices.append(silent)
    divide(viewer, ALL * VOICE + 3 * 150e3)
    assert allowed(viewer) == [0, 0, 0]


def paused(viewer: Viewer) -> list[str]:
    return [tile["participant"] for tile in viewer.paused[-1]["tiles"]]


def test_paused_video_that_goes_still_is_paused_all_the_same(viewer: Viewer):
    divide(viewer, ALL * VOICE + 150e3)
    assert paused(viewer) == ["camera-1", "camera-2"]
    viewer.cameras[1].rates = [0.0, 0.0, 0.0]
    divide(viewer, ALL * VOICE + 150e3)
    assert paused(viewer) == ["camera-1", "camera-2"]
    assert allowed(viewer) == [0, None, None]
    divide(viewer, 20e6)
    assert paused(viewer) == []
    assert allowed(viewer) == [2, 2, 2]


def test_video_that_is_forwarded_and_still_takes_nothing(viewer: Viewer):
    viewer.cameras[0].rates = [0.0, 0.0, 0.0]
    divide(viewer, ALL * VOICE + 2 * 150e3)
    assert allowed(viewer) == [2, 0, 0]


def test_video_whose_lowest_layer_is_shut_is_paused_where_the_next_does_not_fit(viewer: Viewer):
    viewer.cameras[0].rates[0] = 0.0
    divide(viewer, ALL * VOICE + 2 * 150e3)
    assert allowed(viewer) == [None, 0, 0]
    assert paused(viewer) == ["camera-0"]
    divide(viewer, ALL * VOICE + 2 * 150e3 + 1.2 * 500e3)
    assert allowed(viewer) == [1, 0, 0]
    assert paused(viewer) == []


def test_layer_that_stands_in_for_a_shut_one_is_counted_in_a_small_tile_too(viewer: Viewer):
    viewer.cameras[0].rates[0] = 0.0
    for camera in viewer.cameras:
        camera.deserved_layer = lambda: 0  # type: ignore[method-assign]
    divide(viewer, ALL * VOICE + 500e3 + 150e3)
    assert allowed(viewer) == [1, 0, None]
    divide(viewer, 20e6)
    assert allowed(viewer) == [1, 0, 0]
