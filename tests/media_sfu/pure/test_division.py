"""What the division of a link counts: what is sent, and what would be."""

import pytest

from tests.media_sfu.pure.link import Link
from tests.media_sfu.pure.simulation import Viewer, Voice, as_any

VOICE, ALL = 40e3, 3


@pytest.fixture
def viewer() -> Viewer:
    return Viewer(Link(20e6))


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
