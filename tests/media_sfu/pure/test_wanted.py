import pytest

from media_sfu.forwarding.wanted import FIRST_SECONDS, RETURN_SECONDS, UNWATCHED_SECONDS, WantedLayers

SOON, LATER = FIRST_SECONDS - 0.1, FIRST_SECONDS + UNWATCHED_SECONDS


@pytest.fixture
def layers() -> WantedLayers:
    """Of three, at time 0."""
    return WantedLayers(3, 0.0)


def test_everything_is_sent_at_first(layers: WantedLayers):
    assert not layers.drop_unwatched(SOON)
    assert layers.on == {0, 1, 2}
    assert layers.is_whole


def test_what_nobody_watches_is_switched_off_afterwards(layers: WantedLayers):
    layers.watch({1}, FIRST_SECONDS)
    assert layers.drop_unwatched(FIRST_SECONDS)
    assert layers.on == {1}
    assert not layers.is_whole
    assert not layers.drop_unwatched(FIRST_SECONDS + 0.1)


def test_layer_is_kept_for_five_seconds_after_the_last_look(layers: WantedLayers):
    layers.watch({0, 1, 2}, LATER)
    assert not layers.drop_unwatched(LATER + UNWATCHED_SECONDS - 0.01)
    assert layers.drop_unwatched(LATER + UNWATCHED_SECONDS)
    assert layers.on == set()


def test_layer_comes_back_at_once(layers: WantedLayers):
    layers.drop_unwatched(LATER)
    assert layers.watch({2}, LATER + 0.01)
    assert layers.on == {2}
    assert not layers.watch({2}, LATER + 0.02)


def test_layer_above_the_highest_stands_for_the_highest():
    single = WantedLayers(1, 0.0)
    single.drop_unwatched(LATER)
    assert single.watch({2}, LATER)
    assert single.on == {0}


def test_nothing_is_switched_off_on_hold_and_nothing_on(layers: WantedLayers):
    layers.watch({0}, LATER)
    layers.drop_unwatched(LATER)
    layers.hold(LATER + UNWATCHED_SECONDS)
    assert not layers.drop_unwatched(LATER + UNWATCHED_SECONDS)
    assert layers.on == {0}


def test_layer_that_was_just_switched_on_is_not_expected_yet(layers: WantedLayers):
    assert layers.is_due(2, 0.0)
    layers.drop_unwatched(LATER)
    assert not layers.is_due(2, LATER)
    layers.watch({2}, LATER)
    assert not layers.is_due(2, LATER + RETURN_SECONDS - 0.01)
    assert layers.is_due(2, LATER + RETURN_SECONDS)
