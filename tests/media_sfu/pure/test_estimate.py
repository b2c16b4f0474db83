"""The estimate follows what a link carries: a subscriber of three cameras over a simulated link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.bandwidth.estimate import HIGHEST, MOST_MEASURED, ArrivalRate, Estimator
from media_sfu.bandwidth.feedback import ReceiverClock
from media_sfu.bandwidth.history import CAPACITY, Outcome, SentPackets
from media_sfu.codecs.thinning import HIGHEST as ALL_TEMPORAL
from tests.media_sfu.pure.link import Link
from tests.media_sfu.pure.simulation import FRAMES, Viewer

WIDE = 20e6
BEST = (2, ALL_TEMPORAL)
REFERENCE_CYCLE = 0.064 * (1 << 24)
"""Seconds after which the reference time of the feedbacks starts anew."""


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def narrowed(rate: float, **link: float) -> Viewer:
    """After 15 s at `rate`, which 15 s on a wide link have preceded."""
    viewer = Viewer(Link(WIDE, **link))
    viewer.run(15)
    viewer.link.narrow(rate)
    viewer.run(15)
    viewer.forget_frames()
    return viewer


@pytest.mark.parametrize("queue", [0.15, 0.3, 1.0])
@pytest.mark.parametrize("rate", [300e3, 600e3, 1.2e6, 3e6])
def test_estimate_settles_at_what_a_narrow_link_carries(rate, queue):
    told = narrowed(rate, queue=queue).run(40)
    inside = [estimate for estimate in told.estimates if 0.7 * rate <= estimate <= rate]
    assert len(inside) >= 0.95 * len(told.estimates)
    assert mean(told.delays) < 0.06
    assert max(told.delays) < 0.27
    assert told.lost < 0.02 * told.sent


def test_every_video_of_three_moves_at_600_kbit_and_the_best_comes_back_within_ten_seconds():
    viewer = narrowed(600e3, queue=0.5)
    viewer.run(30)
    assert all(camera.frames >= 15 * 30 for camera in viewer.cameras)
    viewer.link.narrow(WIDE)
    viewer.run(10)
    assert [camera.step for camera in viewer.cameras] == [BEST] * 3


@pytest.mark.parametrize(
    "trouble",
    [
        {"jitter": 0.01},
        {"jitter": 0.03},
        {"jitter": 0.01, "stall": 0.05},
        {"stall": 0.15},
        {"loss": 0.03},
        {"loss": 0.05},
    ],
)
def test_jitter_stalls_and_random_loss_are_not_taken_for_a_full_link(trouble):
    told = narrowed(600e3, **trouble).run(40)
    assert 0.7 * 600e3 <= mean(told.estimates) <= 600e3


def test_frames_go_before_pictures():
    viewer = narrowed(330e3, queue=0.3)
    viewer.run(30)
    slow = [camera for camera in viewer.cameras if 0 < camera.frames < 25 * 30]
    assert len(slow) >= 1
    assert all(camera.frames >= 5 * 30 for camera in viewer.cameras[:2])


def test_link_that_narrows_is_left_alone_within_three_seconds():
    viewer = Viewer(Link(WIDE))
    viewer.run(10)
    assert [camera.step for camera in viewer.cameras] == [BEST] * 3
    viewer.link.narrow(600e3)
    viewer.run(3)
    assert viewer.downlink.estimator.bits_per_second <= 600e3
    assert max(viewer.run(2).delays) < 0.55


@pytest.mark.parametrize("loss", [0.02, 0.05])
def test_random_loss_costs_no_picture(loss):
    viewer = Viewer(Link(WIDE, loss=loss))
    viewer.run(15)
    viewer.forget_frames()
    viewer.run(20)
    assert all(camera.frames >= 0.99 * 20 * FRAMES and camera.step == BEST for camera in viewer.cameras)


def test_heavy_loss_does():
    viewer = Viewer(Link(WIDE, loss=0.25))
    viewer.run(30)
    assert viewer.downlink.estimator.bits_per_second <= 1.5e6


def test_outage_is_not_taken_for_a_narrow_link():
    viewer = Viewer(Link(WIDE))
    viewer.run(15)
    viewer.link.loss = 1.0
    viewer.run(8)
    viewer.link.loss = 0.0
    viewer.run(3)
    assert [camera.step for camera in viewer.cameras] == [BEST] * 3


def test_nothing_beyond_what_is_wanted_is_probed():
    viewer = Viewer(Link(100e6), cameras=1, rates=(100e3,))
    viewer.run(10)
    told = viewer.run(10)
    assert told.octets * 8 / 10 == pytest.approx(140e3, rel=0.15)


def test_link_that_carries_sound_only_shows_so_and_comes_back():
    viewer = narrowed(150e3)
    viewer.run(10)
    assert len(viewer.paused[-1]["tiles"]) == 3
    viewer.link.narrow(WIDE)
    viewer.run(20)
    assert [camera.step for camera in viewer.cameras] == [BEST] * 3
    assert viewer.paused[-1]["tiles"] == []


def test_receiver_reports_take_the_place_of_feedback():
    estimator = Estimator()
    before = estimator.bits_per_second
    for second in range(6):
        estimator.reported_loss([0.3, 0.3], float(second), wanted=5e6)
    lowest = estimator.bits_per_second
    assert lowest < before / 2
    for second in range(6, 60):
        estimator.reported_loss([0.0, 0.01], float(second), wanted=5e6)
    assert 5e6 < estimator.bits_per_second < 10e6


def test_client_that_estimates_itself_is_believed():
    estimator = Estimator()
    estimator.reported_rate(700e3)
    assert estimator.bits_per_second == 700e3
    estimator.reported_rate(float(1 << 80))
    assert estimator.bits_per_second == HIGHEST


def told(outcomes: list[Outcome]) -> list[tuple[int, bool]]:
    return [(number, arrived is not None) for number, _, _, arrived in outcomes]


def outcomes_of(sent: SentPackets, base: int, count: int, *arrived: int) -> list[tuple[int, bool]]:
    return told(sent.outcomes(base & 0xFFFF, count, [(number & 0xFFFF, 1.0) for number in arrived]))


def sent_packets(count: int) -> SentPackets:
    sent = SentPackets()
    for _ in range(count):
        sent.note(100, 0.0)
    return sent


def test_each_packet_is_told_of_once_and_gaps_are_losses():
    sent = sent_packets(5)
    assert outcomes_of(sent, 1, 3, 1, 3) == [(1, True), (2, False), (3, True)]
    assert outcomes_of(sent, 3, 2, 3, 4) == [(4, True)]


def test_what_is_missing_at_the_end_of_a_feedback_is_lost():
    sent = sent_packets(5)
    assert outcomes_of(sent, 1, 3, 1) == [(1, True), (2, False), (3, False)]
    assert outcomes_of(sent, 4, 1, 4) == [(4, True)]


def test_nothing_is_known_of_the_packets_of_a_lost_feedback():
    sent = sent_packets(9)
    assert outcomes_of(sent, 1, 2, 1, 2) == [(1, True), (2, True)]
    assert outcomes_of(sent, 6, 3, 6, 8) == [(6, True), (7, False), (8, True)]
    assert outcomes_of(sent, 3, 3, 3, 5) == []  # it was only late


def test_feedbacks_that_overlap_tell_the_rest():
    sent = sent_packets(9)
    assert outcomes_of(sent, 3, 2, 3, 4) == [(3, True), (4, True)]
    assert outcomes_of(sent, 2, 5, 2, 3, 4, 6) == [(5, False), (6, True)]


def test_numbers_wrap():
    sent = sent_packets(0x10000 + 10)
    newest = sent.next - 1
    outcomes = sent.outcomes(newest - 20000 & 0xFFFF, 20001, [(newest & 0xFFFF, 1.0)])
    assert outcomes[-1] == (newest, 0.0, 100, 1.0)
    assert len(outcomes) == CAPACITY


def test_base_wraps():
    sent = sent_packets(0x10000 + 4)
    arrived = range(0xFFFE, 0x10003)
    assert outcomes_of(sent, 0xFFFE, 5, *arrived) == [(number, True) for number in arrived]
    assert outcomes_of(sent, 0x10004, 1, 0x10004) == [(0x10004, True)]


def test_packets_that_were_never_sent_are_passed_over():
    sent = sent_packets(1)
    assert outcomes_of(sent, 1, 500, 500, 1) == [(1, True)]
    assert outcomes_of(sent, 1, 0) == []


@given(st.integers(0, 70000), st.lists(st.tuples(*[st.integers(0, 0xFFFF)] * 3), min_size=1, max_size=20))
def test_no_base_and_no_count_makes_more_of_a_packet_than_there_is(count, feedbacks):
    sent = SentPackets()
    sent.next += count
    outcomes = [each for base, told_of, number in feedbacks for each in outcomes_of(sent, base, told_of, number)]
    numbers = [number for number, _ in outcomes]
    assert numbers == sorted(set(numbers))
    assert all(0 < number < sent.next for number in numbers)
    assert len(numbers) <= CAPACITY


@pytest.mark.parametrize("deaf", [0.12, 0.3])
def test_lost_feedback_is_no_lost_media(deaf):
    viewer = Viewer(Link(WIDE), deaf=deaf)
    viewer.run(30)
    assert min(viewer.run(60).estimates) > 3e6
    assert [camera.step for camera in viewer.cameras] == [BEST] * 3


def test_loss_is_still_seen_where_feedback_is_lost_too():
    viewer = Viewer(Link(WIDE, loss=0.25), deaf=0.12)
    viewer.run(30)
    assert viewer.downlink.estimator.bits_per_second <= 1.5e6


def test_estimate_goes_on_where_the_reference_time_starts_anew():
    viewer = Viewer(Link(WIDE))
    viewer.clock = REFERENCE_CYCLE - viewer.now - 10
    viewer.run(20)
    arriving = viewer.downlink.estimator.arriving
    assert arriving.bits_per_second == pytest.approx(3 * 1.54e6, rel=0.3)
    assert len(arriving._packets) < 1000
    viewer.link.narrow(600e3)
    viewer.run(15)
    told = viewer.run(20)
    inside = [estimate for estimate in told.estimates if 0.7 * 600e3 <= estimate <= 600e3]
    assert len(inside) >= 0.95 * len(told.estimates)


def packets_at(*arrived: float) -> list[tuple[float, int, float]]:
    return [(0.0, 1000, at) for at in arrived]


def test_rate_begins_anew_when_the_clock_is_set_back():
    rate = ArrivalRate()
    rate.take(packets_at(*(1e6 + number / 10 for number in range(10))))
    for number in range(10):
        rate.take(packets_at(5 + number / 10))
    assert rate.bits_per_second == pytest.approx(80_000)
    assert len(rate._packets) <= 6


@pytest.mark.parametrize("step", [0.0, -0.001, -0.4, -1e6, 1e6])
def test_no_clock_makes_the_window_grow(step):
    rate = ArrivalRate()
    for number in range(400):
        rate.take(packets_at(*[number * step] * 50))
        assert rate.bits_per_second >= 0.0 <= rate.peak
    assert len(rate._packets) <= MOST_MEASURED
    assert rate._octets == 1000 * len(rate._packets)


@given(st.lists(st.lists(st.integers(-(1 << 40), 1 << 40), min_size=1, max_size=30), max_size=60))
def test_estimator_bears_any_clock(jumps):
    estimator, clock, number, now = Estimator(), ReceiverClock(), 0, 0.0
    for ticks in jumps:
        outcomes: list[Outcome] = []
        for _, arrived in clock.times(list(enumerate(ticks))):
            number, now = number + 1, now + 0.01
            outcomes.append((number, now, 1000, arrived))
        estimator.take(outcomes, now)
        assert 50e3 <= estimator.bits_per_second <= HIGHEST
