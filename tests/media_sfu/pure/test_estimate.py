"""The estimate follows what a link carries: over a simulated link with a rate, a queue and random loss."""

import pytest

from media_sfu.bandwidth.estimate import Estimator
from media_sfu.bandwidth.history import CAPACITY, Outcome, SentPackets
from tests.media_sfu.pure.link import Link, Sender

LEVELS = (60e3, 120e3, 180e3, 300e3, 450e3, 540e3, 900e3, 1.5e6, 3e6, 4.5e6)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("rate", [300e3, 600e3, 2e6])
def test_estimate_settles_at_what_a_narrow_link_carries(rate):
    sender = Sender(Link(rate), LEVELS).run(15)
    sender.run(20)
    assert 0.7 * rate <= mean(sender.estimates) <= 1.1 * rate
    assert mean(sender.delays) < 0.1
    assert max(sender.delays) < 0.35


def test_link_that_widens_is_used_within_ten_seconds():
    sender = Sender(Link(600e3), LEVELS).run(20)
    sender.link.rate = 20e6
    sender.run(10)
    assert sender.level == max(LEVELS)


def test_link_that_narrows_is_left_alone_within_two_seconds():
    sender = Sender(Link(20e6), LEVELS).run(10)
    assert sender.level == max(LEVELS)
    sender.link.rate, sender.link.free_at = 600e3, 0.0
    sender.run(2)
    assert sender.level <= 600e3


def test_random_loss_of_five_percent_costs_no_rate():
    sender = Sender(Link(20e6, loss=0.05), LEVELS).run(20)
    assert sender.level == max(LEVELS)


def test_heavy_loss_does():
    sender = Sender(Link(20e6, loss=0.25), LEVELS).run(30)
    assert sender.level <= 1.5e6


def test_nothing_beyond_what_is_wanted_is_probed():
    sender = Sender(Link(100e6), (100e3,)).run(10)
    sent = sender.sent.next
    sender.run(10)
    assert (sender.sent.next - sent) * 1100 * 8 / 10 == pytest.approx(100e3, rel=0.05)


def test_receiver_reports_take_the_place_of_feedback():
    estimator = Estimator()
    before = estimator.bits_per_second
    for second in range(5):
        estimator.reported_loss(0.3, float(second))
    lowest = estimator.bits_per_second
    assert lowest < before / 2
    for second in range(20):
        estimator.reported_loss(0.0, float(second))
    assert estimator.bits_per_second > 2 * lowest


def told(outcomes: list[Outcome]) -> list[tuple[int, bool]]:
    return [(outcome.number, outcome.arrived is not None) for outcome in outcomes]


def test_each_packet_is_told_of_once_and_gaps_are_losses():
    sent = SentPackets()
    for number in range(5):
        sent.note(100, float(number))
    assert told(sent.outcomes([(1, 0.1), (3, 0.3)])) == [(1, True), (2, False), (3, True)]
    assert told(sent.outcomes([(3, 0.3), (4, 0.4)])) == [(4, True)]
    assert sent.in_flight() == 100


def test_numbers_wrap():
    sent = SentPackets()
    for _ in range(0x10000 + 10):
        sent.note(100, 0.0)
    outcomes = sent.outcomes([(sent.next - 1 & 0xFFFF, 1.0)])
    assert outcomes[-1].number == 0x10000 + 10
    assert len(outcomes) == CAPACITY


def test_packets_that_were_never_sent_are_passed_over():
    sent = SentPackets()
    sent.note(100, 0.0)
    assert told(sent.outcomes([(500, 1.0), (1, 1.0)])) == [(1, True)]
    assert sent.outcomes([]) == []
