import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.forwarding.sequence import MAX_JUMP, MAX_RANGES, WINDOW, SequenceMap, SequenceWindow


def window(*sequences: int) -> SequenceWindow:
    made = SequenceWindow()
    for sequence in sequences:
        made.accept(sequence)
    return made


def test_numbers_go_on_past_the_wrap():
    assert [window(65534, 65535).accept(sequence) for sequence in (0,)] == [65536]


def test_late_packet_gets_its_place():
    assert window(65534, 1).accept(65535) == 65535


@pytest.mark.parametrize("late", [10, 9, 11])
def test_duplicate_is_refused(late: int):
    assert window(9, 10, 11, 12).accept(late) is None


def test_packet_older_than_the_window_is_refused():
    made = window(5000)
    assert made.accept(5000 - WINDOW + 1) is not None
    assert made.accept(5000 - WINDOW) is None


def test_nothing_lies_before_zero():
    assert window(3).accept(65535) is None


def test_one_stray_number_is_ignored():
    made = window(100)
    assert made.accept(100 + MAX_JUMP + 1) is None
    assert made.accept(101) == 101


@pytest.mark.parametrize("restart", [40000, 60000, 10])
def test_two_successive_numbers_restart_the_count_upwards(restart: int):
    made = window(20000)
    assert made.accept(restart) is None
    accepted = made.accept(restart + 1)
    assert accepted is not None
    assert accepted > 20000
    assert accepted & 0xFFFF == restart + 1
    assert made.accept(restart + 2) == accepted + 1


@given(st.integers(0, 65535), st.lists(st.integers(-WINDOW + 1, 200), max_size=200))
def test_no_number_is_given_twice_and_each_keeps_its_low_bits(first: int, steps: list[int]):
    made = SequenceWindow()
    given_numbers = []
    for step in itertools.chain((0,), steps):
        sequence = max(made.highest, first) + step & 0xFFFF
        number = made.accept(sequence)
        if number is not None:
            assert number & 0xFFFF == sequence
            given_numbers.append(number)
    assert len(given_numbers) == len(set(given_numbers))


def mapped(first: int = 100, number: int = 1000) -> SequenceMap:
    made = SequenceMap()
    made.restart(first, number)
    return made


def test_gaps_survive():
    made = mapped()
    assert [made.map(sequence) for sequence in (100, 103, 101)] == [1000, 1003, 1001]


def test_packet_before_the_switch_has_no_number():
    made = mapped()
    made.map(100)
    assert made.map(99) is None


def test_swallowed_packet_leaves_no_hole():
    made = mapped()
    assert [made.map(100), made.map(101), made.swallow(101), made.map(102)] == [1000, 1001, True, 1001]


def test_packet_late_across_a_swallowed_one_keeps_its_own_number():
    made = mapped()
    made.map(100)
    made.map(102)
    assert made.swallow(102)
    assert [made.map(103), made.map(101)] == [1002, 1001]


def test_packet_that_came_late_cannot_be_swallowed():
    made = mapped()
    made.map(100)
    made.map(102)
    assert made.map(101) == 1001
    assert not made.swallow(101)


def test_restarted_sender_leaves_one_hole():
    made = mapped()
    made.map(100)
    assert made.map(100 + MAX_JUMP + 1) == 1002
    assert made.map(99 + MAX_JUMP) is None


def test_run_of_padding_costs_one_range():
    made = mapped()
    made.map(100)
    made.map(102)
    for sequence in range(103, 103 + 2 * MAX_RANGES):
        made.map(sequence)
        assert made.swallow(sequence)
    assert made.map(101) == 1001


def test_range_that_was_pushed_out_has_no_numbers():
    made = mapped()
    made.map(100)
    for sequence in range(102, 102 + 2 * MAX_RANGES, 2):
        made.map(sequence)
        made.map(sequence + 1)
        made.swallow(sequence + 1)
    assert made.map(101) is None


class Padding:
    """The set of numbers that are padding, and the map's outputs, compared with counting."""

    def __init__(self, padding: set[int]) -> None:
        self.padding = padding
        self.map = mapped(0, 1000)
        self.outputs: dict[int, int] = {}

    def feed(self, sequence: int) -> None:
        number = self.map.map(sequence)
        if number is None or (sequence in self.padding and self.map.swallow(sequence)):
            return
        self.outputs[sequence] = number


@given(st.sets(st.integers(1, 80)), st.permutations(range(0, 80)), st.integers(0, 12))
def test_outputs_are_distinct_and_in_order_whatever_the_order(padding: set[int], order: list[int], displacement: int):
    run = Padding(padding)
    run.feed(0)
    for _, sequence in sorted((sequence + order[sequence] % (displacement + 1), sequence) for sequence in range(1, 80)):
        run.feed(sequence)
    numbers = [number for _, number in sorted(run.outputs.items())]
    assert numbers == sorted(set(numbers))
    if len(padding) < MAX_RANGES:
        assert numbers == list(range(1000, 1000 + len(numbers)))
