"""From cumulative counters to samples."""

import pytest
from django.utils import timezone

from audit.models import Attendance, BandwidthSample
from conferences.services.bandwidth import PeerCounters, flush_bandwidth
from conferences.services.meetings import leave_meeting
from tests.conferences.visits import join

pytestmark = pytest.mark.django_db


@pytest.fixture
def flush(room, host):
    participant = join(room, host)

    def flush(*samples: PeerCounters) -> int:
        """Flush, and return the bytes that the attendance has now."""
        flush_bandwidth([(participant.public_id, sample) for sample in samples], now=timezone.now())
        return Attendance.objects.get().bytes_in

    flush.participant = participant
    return flush


def counters(bytes_in: int, *, start: str = "a", final: bool = False) -> PeerCounters:
    counts = {"bytes_in": bytes_in, "bytes_out": 0, "packets_in": 0, "packets_out": 0}
    return PeerCounters(start, counts, final)


def test_only_the_difference_is_added(flush):
    assert flush(counters(100)) == 100
    assert flush(counters(250)) == 250
    assert flush(counters(250)) == 250
    assert sum(BandwidthSample.objects.values_list("bytes_in", flat=True)) == 250


def test_another_start_counts_from_zero(flush):
    flush(counters(100))
    assert flush(counters(100, start="b")) == 200


def test_peer_made_anew_after_a_final_count_counts_from_zero(flush):
    flush(counters(100))
    flush(counters(150, final=True))
    assert flush(counters(120)) == 270


def test_final_count_told_twice_is_added_once(flush):
    flush(counters(100))
    flush(counters(150, final=True))
    assert flush(counters(150, final=True)) == 150


def test_counter_that_went_back_is_a_new_one(flush):
    flush(counters(100))
    assert flush(counters(40)) == 140


def test_two_starts_in_one_flush(flush):
    assert flush(counters(100), counters(30, start="b")) == 130


def test_nonsense_of_a_worker_counts_nothing(flush):
    assert flush(PeerCounters("a", {"bytes_in": "many", "bytes_out": -5})) == 0


def test_final_count_after_the_leave_is_still_added(flush):
    leave_meeting(flush.participant, reason="left")
    assert flush(counters(100, final=True)) == 100


def test_unknown_participant_is_passed_over(flush):
    flush_bandwidth([("nobody", counters(5))], now=timezone.now())
    assert flush(counters(1)) == 1
