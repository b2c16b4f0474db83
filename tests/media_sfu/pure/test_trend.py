"""The line through delays is that of least squares, however long it runs and however the clock jumps."""

import random
from statistics import linear_regression

import pytest

from media_sfu.bandwidth.trend import REACH, WINDOW, Floor, Line


@pytest.mark.parametrize("jump", [0.0, 3 * REACH, -3 * REACH, 1e6])
def test_slope_is_that_of_least_squares(jump: float):
    dice, line = random.Random(5), Line()
    points: list[tuple[float, float]] = []
    x, y = 1e8, 0.0
    for number in range(3000):
        x += dice.uniform(1, 40) + (jump if number % 700 == 699 else 0)
        y += dice.uniform(-1, 1.2)
        points.append((x, y))
        slope = line.slope_with(x, y)
        if number < WINDOW - 1:
            assert slope is None
        else:
            newest = points[-WINDOW:]
            wanted = linear_regression([at - x for at, _ in newest], [delay for _, delay in newest]).slope
            assert slope == pytest.approx(wanted, abs=1e-6)


def test_points_at_one_time_have_no_slope():
    line = Line()
    assert [line.slope_with(5.0, float(y)) for y in range(WINDOW)][-1] == 0.0


def test_floor_forgets_what_is_old():
    floor = Floor()
    assert floor.above(3.0, 0.0) == 0.0
    assert floor.above(8.0, 5.0) == 5.0
    assert floor.above(8.0, 10.5) == 5.0  # a new span begins; the least of the one before still counts
    assert floor.above(9.0, 21.0) == 1.0


def test_floor_follows_a_clock_that_was_set_back():
    floor = Floor()
    floor.above(3.0, 1e6)
    floor.above(9.0, 5.0)
    assert floor.above(9.0, 16.0) == 0.0
