"""The bench's arithmetic."""

import re

import pytest

from tests.bench.figures import SequenceCount, loss_percent, marginal_costs, median_window, percentile, spread
from tests.bench.measuring import Reading, window
from tests.bench.peers import compared
from tests.bench.scenarios import Scenario


def counted(*sequences: int) -> tuple[int, int]:
    stream = SequenceCount()
    for sequence in sequences:
        stream.count(sequence)
    return stream.received, stream.expected


def test_a_stream_without_gaps_has_all_it_expects():
    assert counted(7, 8, 9, 10) == (4, 4)


def test_a_gap_in_the_sequence_numbers_is_loss():
    received, expected = counted(7, 8, 11, 12)
    assert (received, expected) == (4, 6)
    assert loss_percent(received, expected) == pytest.approx(100 / 3)


def test_a_packet_that_comes_late_is_not_lost():
    assert counted(7, 9, 8, 10) == (4, 4)


def test_sequence_numbers_go_on_beyond_sixteen_bits():
    assert counted(65534, 65535, 0, 1, 3) == (5, 6)


def test_nothing_expected_is_no_loss():
    assert counted() == (0, 0)
    assert loss_percent(0, 0) == 0


def test_a_duplicate_makes_no_negative_loss():
    assert loss_percent(*counted(1, 2, 2)) == 0


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_the_nearest_rank(percent: float, value: float):
    assert percentile(list(range(100, 0, -1)), percent) == value


def test_few_values_have_their_greatest_as_p99():
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_values_that_agree_have_no_spread():
    assert spread([5.0, 5.0]) == 0
    assert spread([8.0, 10.0, 13.0]) == 0.5


def test_servers_are_compared_pair_by_pair():
    line = compared("4x4", [30.0, 33.0, 30.0], [60.0, 60.0, 50.0])
    assert (line["pairs"], line["median"]) == ([0.5, 0.55, 0.6], 0.55)
    assert line["noise"] == {"liveon": 0.1, "janus": pytest.approx(0.167)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1x50", Scenario(1, 50, 1)),
        ("25x25/9", Scenario(25, 25, 9)),
        ("4x4/9", Scenario(4, 4, 4)),
        ("10*5", Scenario(5, 0, 4, meetings=10)),
    ],
)
def test_a_scenario_is_read(text: str, found: Scenario):
    assert Scenario.parse(text) == found


@pytest.mark.parametrize("text", ["4", "4x", "0x4", "4x0", "axb", "1x2x3", "-1x4", "4x4/0", "10*1"])
def test_what_is_no_scenario_is_refused(text: str):
    with pytest.raises(ValueError, match=re.escape(text)):
        Scenario.parse(text)


def test_no_values_have_no_percentile():
    assert percentile([], 50) is None


def test_a_disturbed_window_does_not_show_in_the_median():
    windows = [{"cost": 10.0, "rate": 5.0}, {"cost": 900.0, "rate": 4.0}, {"cost": 12.0, "rate": 5.0}]
    assert median_window(windows) == {"cost": 12.0, "rate": 5.0}


def test_two_fan_outs_separate_the_cost_of_a_packet_in_from_that_of_one_out():
    assert marginal_costs((40 + 10 * 8, 10), (40 + 50 * 8, 50)) == (40, 8)


def test_one_fan_out_separates_nothing():
    with pytest.raises(ValueError, match="fan-out"):
        marginal_costs((10, 4), (12, 4))


def test_a_window_shares_the_cpu_time_among_its_packets():
    before = Reading(10.0, 1.0, 0.5, (100, 400), sent=1000, received=5000, expected=5000)
    after = Reading(12.0, 1.1, 0.6, (200, 800), sent=2000, received=15000, expected=15000)
    assert window(before, after) == pytest.approx(
        {
            "worker_cpu_us_per_packet_in": 100,
            "worker_cpu_us_per_packet_out": 10,
            "worker_cpu_pct": 5,
            "packets_in_per_s": 500,
            "packets_out_per_s": 5000,
            "generator_cpu_pct": 5,
            "machine_busy_pct": 25,
        }
    )
