import pytest

from media_sfu.forwarding.layers import NEVER, SILENCE, LayerSwitch, select_layer

THREE = [(320, 180), (640, 360), (1280, 720)]


def switch(*, want: int | None, current: int | None = None) -> LayerSwitch:
    made = LayerSwitch()
    if current is not None:
        made.want(current)
        made.admit(current, keyframe=True)
    made.want(want)
    return made


def test_nothing_passes_before_a_keyframe():
    made = switch(want=1)
    assert not made.admit(1, keyframe=False)
    assert made.current is None
    assert made.admit(1, keyframe=True)
    assert made.current == 1


def test_first_picture_may_come_from_a_lower_layer():
    assert switch(want=2).admit(0, keyframe=True)


def test_first_picture_never_comes_from_a_higher_layer():
    assert not switch(want=0).admit(1, keyframe=True)


def test_running_layer_stays_until_the_keyframe_of_the_target():
    made = switch(want=2, current=0)
    assert not made.admit(1, keyframe=True)
    assert made.current == 0
    assert made.admit(2, keyframe=True)


def test_wanting_nothing_stops_at_once():
    made = switch(want=None, current=1)
    assert made.current is None
    assert not made.admit(1, keyframe=True)
    assert made.check(1.0, [1.0, 1.0]) is None


def test_keyframe_of_the_target_is_asked_for_until_it_comes():
    made = switch(want=1, current=0)
    assert made.check(1.0, [1.0, 1.0]) == 1
    assert made.check(1.1, [1.1, 1.1]) == 1
    made.admit(1, keyframe=True)
    assert made.check(1.2, [1.2, 1.2]) is None


def test_silent_layer_gives_way_to_the_next_lower_one_that_runs():
    made = switch(want=2, current=2)
    now = 1.0 + SILENCE + 0.01
    assert made.check(now, [now, now, 1.0]) is None
    assert made.check(now + 0.1, [now, now, 1.0]) == 1
    assert made.admit(1, keyframe=True)
    made.check(now + 0.2, [now, now, now])
    assert made.check(now + 0.3, [now, now, now]) == 2


def test_layer_that_comes_back_is_taken_with_its_first_keyframe():
    made = switch(want=0, current=0)
    made.check(9.0, [9.0, 1.0])
    made.want(1)
    assert made.check(9.0, [9.0, 1.0]) is None  # nothing to ask of a layer that is off
    assert made.check(9.1, [9.1, 1.0]) is None
    assert made.admit(1, keyframe=True)
    assert made.check(9.2, [9.2, 9.2]) is None


def test_layers_of_a_slow_camera_do_not_flap():
    made = switch(want=1, current=1)
    assert made.check(1.0, [1.0, 0.5]) is None
    assert made.check(1.1, [1.0, 1.01]) is None
    assert made.check(1.5, [1.5, 1.01]) is None


def test_layer_that_never_came_is_waited_for_with_the_next_lower():
    made = switch(want=2)
    assert made.check(1.0, [1.0, NEVER, NEVER]) == 0
    assert made.admit(0, keyframe=True)
    assert made.check(1.0, [1.0, NEVER, NEVER]) is None
    made.check(1.1, [1.1, NEVER, 1.1])
    assert made.check(1.2, [1.1, NEVER, 1.1]) == 2


def test_higher_layer_is_taken_when_it_is_the_only_one():
    made = switch(want=0)
    assert made.check(1.0, [NEVER, 1.0]) == 1
    assert made.admit(1, keyframe=True)


def test_still_picture_is_no_reason_to_switch():
    assert switch(want=1, current=1).check(9.0, [1.0, 1.0]) is None


def test_newcomer_to_a_still_picture_asks_for_a_keyframe():
    assert switch(want=0).check(9.0, [1.0]) == 0


def test_nothing_is_asked_of_a_track_that_never_sent():
    assert switch(want=1).check(9.0, [NEVER, NEVER]) is None


@pytest.mark.parametrize(
    ("tile", "current", "expected"),
    [
        ((160, 90), None, 0),
        ((320, 180), None, 0),
        ((400, 225), None, 0),
        ((401, 226), None, 1),
        ((800, 450), None, 1),
        ((801, 451), None, 2),
        ((3840, 2160), None, 2),
        # leaving downwards needs a margin
        ((400, 225), 1, 1),
        ((353, 199), 1, 1),
        ((352, 198), 1, 0),
        ((800, 450), 2, 2),
        ((352, 198), 2, 0),
        # upwards as at first
        ((400, 225), 0, 0),
        ((402, 227), 0, 1),
        # a tile of another shape shows bars
        ((2000, 180), None, 0),
        ((0, 180), 1, None),
        ((320, 0), None, None),
    ],
)
def test_camera_layer_by_tile(tile: tuple[int, int], current: int | None, expected: int | None):
    assert select_layer(*tile, THREE, current=current) == expected


@pytest.mark.parametrize(("tile", "expected"), [((320, 180), 0), ((321, 181), 1), ((1000, 600), 2), ((2000, 1200), 2)])
def test_shared_screen_is_never_enlarged(tile: tuple[int, int], expected: int):
    assert select_layer(*tile, THREE, source="screen") == expected


def test_unknown_sizes_are_taken_for_half_of_the_next():
    assert select_layer(330, 186, [None, None, (1280, 720)]) == 0
    assert select_layer(800, 450, [(320, 180), None, None]) == 1
    assert select_layer(900, 506, [None, (640, 360), None]) == 2


def test_without_any_size_the_lowest_is_taken():
    assert select_layer(1000, 1000, [None, None]) == 0
    assert select_layer(1000, 1000, []) is None


@pytest.mark.parametrize("current", [None, 0, 1, 2])
def test_choice_is_stable(current: int | None):
    for width in range(1, 2000, 7):
        chosen = select_layer(width, width * 9 // 16 + 1, THREE, current=current)
        assert select_layer(width, width * 9 // 16 + 1, THREE, current=chosen) == chosen
