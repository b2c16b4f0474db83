"""Dividing a link among videos: fair, step by step, in the order of importance, without flapping."""

from collections.abc import Sequence
from itertools import product

from hypothesis import assume, given
from hypothesis import strategies as st

from media_sfu.bandwidth.allocation import STEP_UP, WHOLE, Demand, Step, allocate, wanted_rate
from media_sfu.codecs.thinning import HIGHEST

RATES = (100.0, 400.0, 1500.0)
THREE = (0.5, 0.7, 1.0, 1.0)
"""Shares of three temporal layers."""


def demand(
    key: str,
    *,
    wanted: int = 2,
    present: Step | None = (2, HIGHEST),
    rates: tuple[float, ...] = RATES,
    shares: Sequence[float] = WHOLE,
) -> Demand[str]:
    return Demand(key, rates, wanted, present, [shares] * len(rates))


def whole(**layers: int | None) -> dict[str, Step | None]:
    return {key: None if layer is None else (layer, HIGHEST) for key, layer in layers.items()}


def test_everything_fits_into_a_wide_link():
    assert allocate([demand("a"), demand("b", wanted=1)], 5000.0) == whole(a=2, b=1)


def test_everybody_gets_the_lowest_before_anybody_gets_more():
    assert allocate([demand("a"), demand("b"), demand("c")], 750.0) == whole(a=1, b=0, c=0)


def test_the_more_important_come_first_and_what_does_not_fit_is_paused():
    assert allocate([demand("a"), demand("b"), demand("c")], 250.0) == whole(a=0, b=0, c=None)


def test_nothing_is_bought_that_the_tile_does_not_deserve():
    assert allocate([demand("a", wanted=0)], 1e6) == whole(a=0)


def test_layer_that_does_not_run_is_skipped():
    assert allocate([demand("a", rates=(100.0, 0.0, 1500.0))], 1e6) == whole(a=2)


def test_lowest_layer_that_runs_is_everybodys_least():
    shut = (0.0, 400.0, 1500.0)
    assert allocate([demand("a", rates=shut), demand("b")], 500.0) == whole(a=1, b=0)
    assert allocate([demand("a", rates=shut), demand("b")], 390.0) == whole(a=None, b=0)
    assert allocate([demand("a", rates=shut, present=None)], 430.0) == whole(a=None)
    assert allocate([demand("a", rates=shut, present=None)], 450.0) == whole(a=1)
    assert allocate([demand("a", rates=shut, shares=THREE)], 250.0) == {"a": (1, 0)}


def test_temporal_layers_go_before_a_video_is_paused():
    three = [demand(key, shares=THREE) for key in "abc"]
    assert allocate(three, 150.0) == {"a": (0, 0), "b": (0, 0), "c": (0, 0)}
    assert allocate(three, 190.0) == {"a": (0, 1), "b": (0, 1), "c": (0, 0)}
    assert allocate(three, 240.0) == {"a": (0, 3), "b": (0, 1), "c": (0, 1)}
    assert allocate(three, 140.0) == {"a": (0, 1), "b": (0, 1), "c": None}


def test_large_picture_with_half_of_its_frames_comes_before_all_of_them():
    assert allocate([demand("a", wanted=1, shares=THREE)], 290.0) == {"a": (1, 1)}
    assert allocate([demand("a", wanted=1, shares=THREE)], 200.0) == {"a": (0, 3)}


def test_step_up_needs_room_to_spare_and_staying_does_not():
    cost = RATES[1] - RATES[0]
    assert allocate([demand("a", present=(0, HIGHEST))], RATES[0] + cost) == whole(a=0)
    assert allocate([demand("a", present=(0, HIGHEST))], RATES[0] + cost * STEP_UP) == whole(a=1)
    assert allocate([demand("a", present=(1, HIGHEST))], RATES[0] + cost) == whole(a=1)
    assert allocate([demand("a", present=None)], RATES[0]) == whole(a=None)
    assert allocate([demand("a", present=(0, 0), shares=THREE)], 71.0) == {"a": (0, 0)}
    assert allocate([demand("a", present=(0, 0), shares=THREE)], 73.0) == {"a": (0, 1)}


def test_wanted_rate_is_that_of_the_deserved_layers():
    assert wanted_rate([demand("a"), demand("b", wanted=0)]) == 1600.0
    assert wanted_rate([demand("a", rates=(100.0, 400.0, 0.0))]) == 400.0


rates = st.lists(st.floats(1, 5e6), min_size=3, max_size=3).map(sorted)
shares = st.lists(st.floats(0.1, 1.0), min_size=3, max_size=3).map(lambda parts: [*sorted(parts), 1.0])
steps = st.one_of(st.none(), st.tuples(st.integers(0, 2), st.integers(0, HIGHEST)))
demands = st.lists(st.tuples(rates, st.integers(0, 2), steps, st.lists(shares, min_size=3, max_size=3)), max_size=12)


@given(demands, st.floats(0, 2e7))
def test_never_more_than_the_link_carries_and_never_more_than_wanted(made, budget):
    listed = [Demand(key, *each) for key, each in enumerate(made)]
    chosen = allocate(listed, budget)
    assert set(chosen) == {each.key for each in listed}
    taken = [each.cost(step) for each in listed if (step := chosen[each.key]) is not None]
    assert sum(taken) <= budget * 1.000001
    assert all(step is None or step[0] <= each.wanted for each in listed for step in [chosen[each.key]])


@given(demands, st.floats(0, 2e7))
def test_dividing_again_changes_nothing(made, budget):
    """As long as each step takes more than the one before: a large layer that is cheaper than a small one is none."""
    listed = [Demand(key, *each) for key, each in enumerate(made)]
    for each in listed:
        costs = [
            each.cost(step) for step in product(range(each.wanted + 1), range(1, HIGHEST + 1)) if each.rates[step[0]]
        ]
        assume(costs == sorted(costs))
    once = allocate(listed, budget)
    again = [Demand(each.key, each.rates, each.wanted, once[each.key], each.shares) for each in listed]
    assert allocate(again, budget) == once
