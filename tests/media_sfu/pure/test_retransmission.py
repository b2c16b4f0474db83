import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.forwarding.retransmission import (
    BUDGET,
    BURST,
    MAX_AGE,
    MAX_GAP,
    MAX_MISSING,
    MAX_NACK,
    MAX_RESENDS,
    MAX_TRIES,
    NACK_DELAY,
    LossDetector,
    unwrap_rtx,
)
from media_sfu.rtp import packet
from media_sfu.rtp.extensions import read_all
from tests.media_sfu.pure.packets import rtp, vp8
from tests.media_sfu.pure.relay import Relay


def sending(count: int = 3, *, body: bytes = b"body", name: str = "VP8", level_id: int = 0) -> Relay:
    """`count` packets sent at time 1, numbered from 2000."""
    relay = Relay(name=name, level_id=level_id)
    for sequence in range(count):
        payload = vp8(keyframe=sequence == 0, picture=sequence, body=body)
        relay.feed(rtp(payload, sequence=sequence, timestamp=sequence, marker=True), now=1.0)
    return relay


def answer(relay: Relay, sequence: int, *, now: float = 1.1, round_trip: float = 0.1, stamp: int = 0) -> bytes | None:
    octets = relay.rewriter.octets
    return relay.history.answer(sequence, sent_octets=octets, round_trip=round_trip, stamp=stamp, now=now)


@pytest.mark.parametrize("level_id", [0, 1])
def test_lost_packet_is_wrapped(level_id: int):
    relay = sending(level_id=level_id)
    out = answer(relay, 2001, stamp=0xABCDEF)
    assert out is not None
    original = relay.sent[1]
    marker, payload_type, sequence, timestamp, ssrc, *_, start, end = packet.parse(out)
    assert (marker, payload_type, sequence, timestamp, ssrc) == (0x80, 97, 5000, original.timestamp, 0xBBBB)
    assert unwrap_rtx(out, start, end) == (2001, start + 2)
    assert out[start + 2 : end] == original.payload
    assert read_all(out, *packet.parse(out)[5:8])[3] == b"\xab\xcd\xef"


def test_retransmissions_are_numbered_by_themselves():
    relay = sending()
    numbers = [packet.parse(out)[2] for sequence in (2000, 2002) if (out := answer(relay, sequence))]
    assert numbers == [5000, 5001]


@pytest.mark.parametrize("sequence", [1999, 2003, 2000 + 1024])
def test_number_never_sent_is_not_answered(sequence: int):
    assert answer(sending(), sequence) is None


def test_old_packet_is_not_answered():
    assert answer(sending(), 2000, now=1.01 + MAX_AGE) is None


def test_packet_pushed_out_of_the_ring_is_not_answered():
    relay = sending(1025)
    assert answer(relay, 2000) is None
    assert answer(relay, 2001) is not None


def test_repeat_within_the_round_trip_is_the_same_request():
    relay = sending()
    assert answer(relay, 2000, now=1.10, round_trip=0.1)
    assert answer(relay, 2000, now=1.17, round_trip=0.1) is None
    assert answer(relay, 2000, now=1.20, round_trip=0.12), "a browser that takes the round trip for 100 ms"


@pytest.mark.parametrize(("round_trip", "wait"), [(0.0, 0.015), (30.0, 0.375)])
def test_absurd_round_trips_are_bounded(round_trip: float, wait: float):
    relay = sending()
    assert answer(relay, 2000, now=1.1, round_trip=round_trip)
    assert answer(relay, 2000, now=1.1 + wait * 0.9, round_trip=round_trip) is None
    assert answer(relay, 2000, now=1.1 + wait * 1.1, round_trip=round_trip)


def test_packet_is_sent_again_ten_times_at_most():
    relay = sending()
    answers = [answer(relay, 2000, now=1.1 + 0.15 * attempt) for attempt in range(MAX_RESENDS + 1)]
    assert [bool(out) for out in answers] == [True] * MAX_RESENDS + [False]


def test_retransmissions_stay_within_their_share():
    relay = sending(1)
    for sequence in range(1, 2000):
        relay.feed(rtp(vp8(picture=sequence, body=bytes(1000)), sequence=sequence), now=1.0)
        answer(relay, 2000 + sequence)
    assert relay.history.octets <= BUDGET * relay.rewriter.octets + BURST
    assert relay.history.octets > BUDGET * relay.rewriter.octets


def test_memory_of_what_was_resent_is_bounded():
    relay = sending(1)
    for sequence in range(1, 9000):
        now = 1.0 + sequence * 0.01
        relay.feed(rtp(vp8(picture=sequence, body=bytes(500)), sequence=sequence), now=now)
        if sequence % 6 == 0:
            assert answer(relay, 2000 + sequence, now=now)
    assert len(relay.history._resent) <= 1024


def test_padding_is_the_largest_of_the_last_packets_or_nothing_at_all():
    relay = Relay()
    relay.feed(rtp(vp8(keyframe=True, body=b"b" * 500), sequence=1), now=10.0)
    relay.feed(rtp(vp8(), sequence=2), now=10.0)
    again = relay.history.pad(relay.rewriter.newest, stamp=7, now=10.5)
    assert again is not None
    assert b"b" * 500 in again
    assert relay.history.pad(relay.rewriter.newest, stamp=7, now=12.0) is None
    blank = relay.history.blank(relay.rewriter.head(7))
    header = packet.parse(blank)
    assert header[1] == packet.parse(again)[1]
    assert header[2] == packet.parse(again)[2] + 1
    assert (header[4], header[8], len(blank)) == (0xBBBB, header[9], 275)
    assert blank[16:20] == again[16:19] + b"\x07"


def test_padding_probe_holds_no_packet():
    assert unwrap_rtx(b"\0\0", 0, 2) is None
    assert unwrap_rtx(b"", 0, 0) is None
    assert unwrap_rtx(b"xx\x12\x34\x00", 2, 5) == (0x1234, 4)


def losing(*sequences: int, now: float = 0.0) -> LossDetector:
    made = LossDetector()
    for sequence in sequences:
        made.received(sequence, now)
    return made


def test_gap_is_asked_for_after_a_moment():
    made = losing(65534, 65537)
    assert made.due(NACK_DELAY / 2, 0.1) == []
    assert made.due(NACK_DELAY, 0.1) == [65535, 0]


def test_reordered_packet_is_not_asked_for():
    made = losing(1, 3, 2)
    assert made.due(1.0, 0.1) == []


def test_request_is_repeated_each_round_trip_ten_times():
    made = losing(1, 3)
    times = [step / 100 for step in range(500) if made.due(step / 100, 0.1)]
    assert len(times) == MAX_TRIES
    assert all(0.09 < later - sooner < 0.12 for sooner, later in zip(times, times[1:], strict=False))


def test_repaired_packet_is_not_asked_for_again():
    made = losing(1, 4)
    assert made.due(0.1, 0.1) == [2, 3]
    made.received(3, 0.15)
    assert made.due(0.3, 0.1) == [2]


def test_keyframe_ends_the_search_for_what_was_before():
    made = losing(1, 3)
    made.received(5, 0.0)
    made.received(5, 0.0, keyframe=True)
    made.received(7, 0.0)
    assert made.due(0.1, 0.1) == [6]


def test_large_gap_needs_a_keyframe():
    made = losing(1, 3, 3 + MAX_GAP + 1)
    assert made.keyframe_needed
    assert made.due(1.0, 0.1) == []


def test_largest_gap_is_repaired():
    made = losing(1, 1 + MAX_GAP)
    assert not made.keyframe_needed
    assert len(made.due(1.0, 0.1)) == MAX_GAP - 1


def test_too_many_gaps_need_a_keyframe():
    made = losing(*range(0, MAX_MISSING * 2 + 4, 2))
    assert made.keyframe_needed


def test_one_request_is_bounded():
    made = losing(*range(0, 600, 2))
    assert len(made.due(1.0, 0.5)) == MAX_NACK
    assert len(made.due(1.0, 0.5)) == 299 - MAX_NACK


@given(st.lists(st.integers(0, 400), unique=True, min_size=1), st.sets(st.integers(0, 399)))
def test_only_what_is_missing_is_asked_for(order: list[int], keyframes: set[int]):
    made = losing()
    received: set[int] = set()
    for step, sequence in enumerate(order):
        made.received(sequence, step * 0.001, keyframe=sequence in keyframes)
        received.add(sequence)
        assert not received.intersection(made.due(step * 0.001, 0.03))
