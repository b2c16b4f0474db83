"""Dividing a link among videos: fair, layer by layer, in the order of importance, without flapping."""

from hypothesis import given
from hypothesis import strategies as st

from media_sfu.bandwidth.allocation import STEP_UP, Demand, allocate, wanted_rate

RATES = (100.0, 400.0, 1500.0)


def demand(key: str, *, wanted: int = 2, present: int | None = 2, rates: tuple[float, ...] = RATES) -> Demand[str]:
    return Demand(key, rates, wanted, present)


def test_everything_fits_into_a_wide_link():
    assert allocate([demand("a"), demand("b", wanted=1)], 5000.0) == {"a": 2, "b": 1}


def test_everybody_gets_the_lowest_before_anybody_gets_more():
    assert allocate([demand("a"), demand("b"), demand("c")], 750.0) == {"a": 1, "b": 0, "c": 0}


def test_the_more_important_come_first_and_what_does_not_fit_is_paused():
    assert allocate([demand("a"), demand("b"), demand("c")], 250.0) == {"a": 0, "b": 0, "c": None}


def test_nothing_is_bought_that_the_tile_does_not_deserve():
    assert allocate([demand("a", wanted=0)], 1e6) == {"a": 0}


def test_layer_that_does_not_run_is_skipped():
    assert allocate([demand("a", rates=(100.0, 0.0, 1500.0))], 1e6) == {"a": 2}


def test_step_up_needs_room_to_spare_and_staying_does_not():
    cost = RATES[1] - RATES[0]
    assert allocate([demand("a", present=0)], RATES[0] + cost) == {"a": 0}
    assert allocate([demand("a", present=0)], RATES[0] + cost * STEP_UP) == {"a": 1}
    assert allocate([demand("a", present=1)], RATES[0] + cost) == {"a": 1}
    assert allocate([demand("a", present=None)], RATES[0]) == {"a": None}


def test_wanted_rate_is_that_of_the_deserved_layers():
    assert wanted_rate([demand("a"), demand("b", wanted=0)]) == 1600.0
    assert wanted_rate([demand("a", rates=(100.0, 400.0, 0.0))]) == 400.0


rates = st.lists(st.floats(1, 5e6), min_size=3, max_size=3).map(sorted)
demands = st.lists(st.tuples(rates, st.integers(0, 2), st.sampled_from((None, 0, 1, 2))), max_size=12)


@given(demands, st.floats(0, 2e7))
def test_never_more_than_the_link_carries_and_never_more_than_wanted(made, budget):
    listed = [Demand(key, rates, wanted, present) for key, (rates, wanted, present) in enumerate(made)]
    chosen = allocate(listed, budget)
    assert set(chosen) == {each.key for each in listed}
    taken = [each.rates[layer] for each in listed if (layer := chosen[each.key]) is not None]
    assert sum(taken) <= budget * 1.000001
    assert all(chosen[each.key] is None or chosen[each.key] <= each.wanted for each in listed)


@given(demands, st.floats(0, 2e7))
def test_dividing_again_changes_nothing(made, budget):
    listed = [Demand(key, rates, wanted, present) for key, (rates, wanted, present) in enumerate(made)]
    once = allocate(listed, budget)
    again = [Demand(each.key, each.rates, each.wanted, once[each.key]) for each in listed]
    assert allocate(again, budget) == once
