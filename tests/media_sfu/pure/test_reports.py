import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.forwarding.clock import SenderClock, signed32
from media_sfu.forwarding.reports import ReceptionStatistics, SubscriberReports
from media_sfu.rtp.rtcp import ReportBlock, SenderReport, parse_compound
from tests.media_sfu.pure.packets import rtp, vp8
from tests.media_sfu.pure.relay import Relay

NTP = 3_900_000_000 << 32


def known_clock(rate: int = 90000, *, timestamp: int = 1000, now: float = 50.0) -> SenderClock:
    clock = SenderClock(rate)
    clock.update(NTP, timestamp, now)
    return clock


def received(*sequences: int, clock: SenderClock | None = None) -> ReceptionStatistics:
    statistics = ReceptionStatistics(7, clock or SenderClock(90000))
    for sequence in sequences:
        statistics.received(sequence, 0, 100, 0.0)
    return statistics


def reported(statistics: ReceptionStatistics, now: float = 60.0) -> ReportBlock:
    report = statistics.report(now)
    assert report is not None
    return report


def test_nothing_to_report_before_the_first_packet():
    assert received().report(0.0) is None


def test_everything_received():
    report = reported(received(65535, 65536, 65537))
    assert report == ReportBlock(7, 0, 0, 65537, 0, 0, 0)


def test_loss_is_counted_per_report_and_in_all():
    statistics = received(1, 2, 5, 8)
    assert (reported(statistics).fraction_lost, statistics.lost) == (128, 4)
    statistics.received(9, 0, 100, 0.0)
    report = reported(statistics)
    assert (report.fraction_lost, report.lost) == (0, 4)


def test_late_packets_make_loss_good():
    statistics = received(1, 2, 5)
    statistics.received(3, 0, 100, 0.0)
    statistics.received(4, 0, 100, 0.0)
    assert (reported(statistics).lost, statistics.octets) == (0, 500)


def test_silent_interval_is_no_loss():
    statistics = received(1, 2)
    reported(statistics)
    assert reported(statistics).fraction_lost == 0


def test_even_arrival_has_no_jitter():
    statistics = ReceptionStatistics(7, SenderClock(90000))
    for frame in range(100):
        for part in range(3):
            statistics.received(3 * frame + part, 3000 * frame & 0xFFFFFFFF, 100, frame / 30 + part * 0.004)
    assert reported(statistics).jitter <= 1


def test_jitter_approaches_the_mean_deviation():
    statistics = ReceptionStatistics(7, SenderClock(48000))
    for number in range(400):
        statistics.received(number, 0xFFFFF000 + 960 * number & 0xFFFFFFFF, 100, number * 0.02 + number % 2 * 0.005)
    assert reported(statistics).jitter == pytest.approx(240, abs=5)


def test_last_sender_report_and_delay():
    report = reported(received(1, clock=known_clock(now=50.0)), now=52.5)
    assert (report.last_sender_report, report.delay) == (NTP >> 16 & 0xFFFFFFFF, 5 << 15)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=300), st.integers(1, 40))
def test_report_fields_always_fit(sequences: list[int], every: int):
    statistics = ReceptionStatistics(7, SenderClock(90000))
    for index, sequence in enumerate(sequences):
        statistics.received(sequence, sequence * 7919 & 0xFFFFFFFF, 100, index * 0.1)
        if index % every == 0:
            report = reported(statistics, index * 0.1)
            assert 0 <= report.fraction_lost <= 255
            assert 0 <= report.jitter <= 0xFFFFFFFF


def test_clock_without_time_stays_unknown():
    clock = SenderClock(90000)
    clock.update(0, 5, 1.0)
    assert not clock.known


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.sampled_from((8000, 48000, 90000)))
def test_clock_maps_there_and_back(timestamp: int, reference: int, rate: int):
    clock = known_clock(rate, timestamp=reference)
    assert abs(signed32(clock.timestamp_at(clock.ntp_at(timestamp)) - timestamp)) <= 1


def relay_at(timestamp: int) -> Relay:
    relay = Relay()
    relay.clocks[0].update(NTP, timestamp, 10.0)
    relay.feed(rtp(vp8(keyframe=True, picture=1), sequence=5, timestamp=timestamp), now=10.0)
    return relay


def sent_report(reports: SubscriberReports, relay: Relay, now: float) -> SenderReport:
    data = reports.sender_report(relay.rewriter, relay.clocks[0], now)
    assert data is not None
    [report] = parse_compound(data)
    assert isinstance(report, SenderReport)
    return report


def test_no_sender_report_before_the_publisher_sent_one():
    relay = Relay()
    assert SubscriberReports().sender_report(relay.rewriter, relay.clocks[0], 1.0) is None


@pytest.mark.parametrize("timestamp", [5000, 0xFFFFFFFF])
def test_sender_report_is_translated_and_extrapolated(timestamp: int):
    relay = relay_at(timestamp)
    report = sent_report(SubscriberReports(), relay, 12.0)
    assert report.ssrc == 0xAAAA
    assert report.ntp == NTP + (2 << 32)
    assert report.rtp_timestamp == relay.sent[0].timestamp + 180000
    assert (report.packets, report.octets) == (1, relay.rewriter.octets)


def answered(report: SenderReport, delay: float) -> ReportBlock:
    return ReportBlock(0xAAAA, 0, 0, 0, 0, report.ntp >> 16 & 0xFFFFFFFF, int(delay * 65536))


def test_round_trip_is_measured():
    reports = SubscriberReports()
    report = sent_report(reports, relay_at(0), 12.0)
    assert reports.received(answered(report, 0.5), 12.6) == pytest.approx(0.1, abs=0.001)
    assert reports.round_trip == pytest.approx(0.1, abs=0.001)


def test_answer_to_an_older_report_counts_too():
    reports, relay = SubscriberReports(), relay_at(0)
    first = sent_report(reports, relay, 12.0)
    sent_report(reports, relay, 13.0)
    assert reports.received(answered(first, 1.0), 13.25) == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize(("delay", "now"), [(0.5, 12.2), (0.0, 30.0)])
def test_impossible_round_trip_is_ignored(delay: float, now: float):
    reports = SubscriberReports()
    report = sent_report(reports, relay_at(0), 12.0)
    assert reports.received(answered(report, delay), now) is None
    assert reports.round_trip is None


def test_answer_to_nothing_of_ours_is_ignored():
    assert SubscriberReports().received(ReportBlock(1, 0, 0, 0, 0, 0, 0), 1.0) is None


def test_reports_remembered_are_bounded():
    reports, relay = SubscriberReports(), relay_at(0)
    first = sent_report(reports, relay, 12.0)
    for second in range(13, 40):
        sent_report(reports, relay, float(second))
    assert reports.received(answered(first, 28.0), 40.0) is None


@pytest.mark.parametrize("reference", [1000, 0, 0xFFFFFFFF])
def test_clock_reads_the_nearer_side_of_the_wrap(reference: int):
    clock = known_clock(timestamp=reference)
    assert clock.ntp_at(reference - 90000 & 0xFFFFFFFF) == NTP - (1 << 32)
    assert clock.ntp_at(reference + 90000 & 0xFFFFFFFF) == NTP + (1 << 32)
