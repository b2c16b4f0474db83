import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.bandwidth.feedback import MAX_RANGE, MAX_STATUSES, FeedbackGenerator, ReceiverClock, parse_feedback
from media_sfu.rtp.rtcp import RtcpError
from tests.media_sfu.pure.fuzzing import many

TICK = 1 / 4000


def reported(generator: FeedbackGenerator) -> list[tuple[int, int]]:
    """Every arrival in the messages of one build."""
    return [arrival for message in generator.build() for arrival in parse_feedback(message).arrivals]


def generator(*arrivals: tuple[int, int]) -> FeedbackGenerator:
    """Arrivals as `(sequence, tick)`."""
    made = FeedbackGenerator()
    for sequence, tick in arrivals:
        made.arrived(sequence, (tick + 0.5) * TICK)
    return made


def test_nothing_arrived_nothing_reported():
    assert FeedbackGenerator().build() == []


def test_arrivals_are_reported_once():
    made = generator((10, 1000), (11, 1003), (12, 1100))
    assert reported(made) == [(10, 1000), (11, 1003), (12, 1100)]
    assert made.build() == []


def test_message_is_written_as_the_draft_says():
    [message] = generator((10, 1000), (11, 1004), (13, 1200)).build()
    # base 10, 4 statuses, reference 1000 // 256 = 3, feedback 0; one-bit vector 1101; deltas 232, 4, 196
    assert (
        message
        == struct.pack("!HHI", 10, 4, 3 << 8)
        + struct.pack("!H", 0x8000 | 0b1101 << 10)
        + bytes((232, 4, 196))
        + b"\0" * 3
    )


def test_missing_packets_are_counted():
    [message] = generator((10, 1000), (15, 1004)).build()
    assert parse_feedback(message)[:3] == (10, 6, 0)


def test_next_message_starts_where_the_last_ended():
    made = generator((10, 1000))
    made.build()
    made.arrived(13, 1004 * TICK)
    [message] = made.build()
    assert parse_feedback(message) == (11, 3, 1, [(13, 1004)])


def test_late_arrival_is_reported_afterwards():
    made = generator((10, 1000), (12, 1004))
    made.build()
    made.arrived(11, 1050 * TICK)
    assert reported(made) == [(11, 1050), (12, 1004)]


def test_arrival_far_behind_is_left_out():
    made = generator((1000, 1000))
    made.build()
    made.arrived(400, 0.5)
    assert made.build() == []


def test_duplicate_keeps_the_first_time():
    assert reported(generator((10, 1000), (10, 1010))) == [(10, 1000)]


def test_numbers_and_reference_time_wrap():
    late = (1 << 24) * 256 + 5
    [message] = generator((65535, late), (0, late + 7)).build()
    assert parse_feedback(message).arrivals == [(65535, 5), (0, 12)]


def test_receiver_clock_goes_on_where_the_reference_time_wraps():
    clock, cycle = ReceiverClock(), (1 << 24) * 256
    assert clock.times([(1, cycle - 400), (2, cycle - 396)]) == [(1, (cycle - 400) / 4000), (2, (cycle - 396) / 4000)]
    assert clock.times([(3, 4)]) == [(3, (cycle + 4) / 4000)]
    assert clock.times([]) == []
    assert clock.times([(4, cycle - 8)]) == [(4, (cycle - 8) / 4000)]  # reordered
    assert clock.times([(5, 8), (6, 12)]) == [(5, (cycle + 8) / 4000), (6, (cycle + 12) / 4000)]


def test_packet_sent_before_the_first_arrival_is_reported():
    assert reported(generator((0, 1000), (65535, 1004))) == [(65535, 1004), (0, 1000)]


def test_long_silence_starts_another_message():
    made = generator((10, 1000), (11, 1000 + 40000))
    messages = made.build()
    assert [parse_feedback(message).arrivals for message in messages] == [[(10, 1000)], [(11, 41000)]]
    assert [parse_feedback(message).feedback_count for message in messages] == [0, 1]


def test_run_of_losses_costs_one_chunk():
    [message] = generator((10, 1000), (300, 1100)).build()
    assert len(message) <= 16


def test_range_is_bounded():
    made = generator((10, 1000), (30000, 1004))
    messages = made.build()
    assert len(messages) == MAX_RANGE // MAX_STATUSES
    assert sum(parse_feedback(message).status_count for message in messages) == MAX_RANGE


def test_every_message_fits_a_datagram():
    made = generator(*((sequence, 1000 + 300 * sequence) for sequence in range(1500)))
    messages = made.build()
    assert max(map(len, messages)) <= 1000
    assert all(len(message) % 4 == 0 for message in messages)


arrival_runs = st.lists(
    st.tuples(st.integers(1, 30) | st.integers(-600, 39), st.integers(0, 300) | st.integers(-3000, 60000)),
    min_size=1,
    max_size=120,
)


@pytest.mark.fuzz
@many
@given(st.integers(0, 65535), arrival_runs, st.integers(1, 50))
def test_what_is_read_back_is_what_arrived(first: int, run: list[tuple[int, int]], every: int):
    made, sequence, tick, highest = FeedbackGenerator(), first, 100_000, first
    truth: dict[int, int] = {}
    back: dict[int, int] = {}
    for index, (step, wait) in enumerate(run):
        sequence, tick = max(sequence + step, first), max(tick + wait, 0)
        made.arrived(sequence & 0xFFFF, (tick + 0.5) * TICK)
        if sequence > highest - 500:
            truth.setdefault(sequence & 0xFFFF, tick)
        highest = max(highest, sequence)
        if index % every == 0:
            back.update(reported(made))
    back.update(reported(made))
    assert back == truth


@pytest.mark.parametrize(
    "information",
    [
        b"",
        bytes(7),
        struct.pack("!HHI", 0, 1, 0),
        struct.pack("!HHIH", 0, 1, 0, 0x2001),
        struct.pack("!HHIHB", 0, 1, 0, 0x4001, 5),
        struct.pack("!HHIHH", 0, 1, 0, 0x6001, 5),
        struct.pack("!HHIHH", 0, 5000, 0, 0x3FFF, 5),
        struct.pack("!HHIHH", 0, 7, 0, 0xFFFF, 5),
    ],
)
def test_malformed_feedback_is_refused(information: bytes):
    with pytest.raises(RtcpError):
        parse_feedback(information)


def test_run_of_nothing_is_read_without_work():
    information = struct.pack("!HHI", 5, 65535, 0) + struct.pack("!H", 0x1FFF) * 8 + struct.pack("!H", 7)
    assert parse_feedback(information) == (5, 65535, 0, [])
