import struct

import pytest

from media_sfu.forwarding.clock import SenderClock
from media_sfu.forwarding.rewriter import FIRST_SEQUENCES, Rewriter
from media_sfu.rtp import packet
from media_sfu.rtp.extensions import read_all
from tests.media_sfu.pure.packets import one_byte, rtp, vp8
from tests.media_sfu.pure.relay import Relay, Sent, codec

SECOND = 90000


def key(sequence: int, timestamp: int = 0, *, marker: bool = True, picture: int = 0, **values) -> bytes:
    return rtp(vp8(keyframe=True, picture=picture), sequence=sequence, timestamp=timestamp, marker=marker, **values)


def delta(sequence: int, timestamp: int = 0, *, marker: bool = True, picture: int = 0) -> bytes:
    return rtp(vp8(picture=picture), sequence=sequence, timestamp=timestamp, marker=marker)


def two_layers() -> Relay:
    """Layer 0 with one keyframe sent at time 10; what comes next comes from layer 1."""
    relay = Relay(2)
    assert relay.feed(key(100, 5000), now=10.0)
    relay.switch.want(1)
    return relay


def fed(relay: Relay, data: bytes, *, layer: int = 0, now: float = 0.0) -> Sent:
    sent = relay.feed(data, layer=layer, now=now)
    assert sent is not None
    return sent


def test_header_is_rebuilt():
    data = key(7, 99, ssrc=5, extension=one_byte((1, b"mid"), (4, b"secret"))) + b"rest"
    sent = fed(Relay(first_sequence=2000), data)
    assert sent.data[:20] == struct.pack("!BBHIIHHI", 0x90, 0x80 | 96, 2000, 0, 0xAAAA, 0xBEDE, 1, 0x32000000)
    assert b"secret" not in sent.data
    assert sent.payload == vp8(keyframe=True, picture=1) + b"rest"


def test_stamp_and_level_go_into_the_extension():
    opus = codec("opus")
    rewriter = Rewriter(1, opus, 1000, stamp_element=0x32, level_id=1)
    data = rtp(b"sound", sequence=3)
    rewriter.switch(SenderClock(48000), data, 3, 0, 12, opus.describe(data, 12, 17), 0.0)
    out = rewriter.rewrite(data, 0, 3, 0, 12, 17, opus.describe(data, 12, 17), 0xABCDEF, 0.0, 0x9E)
    assert out is not None
    header = packet.parse(out)
    assert header[8] == 24
    assert read_all(out, *header[5:8]) == {3: b"\xab\xcd\xef", 1: b"\x9e"}


def test_transport_sequence_takes_the_same_place():
    rewriter = Rewriter(1, codec("VP8"), 1000, stamp_element=0x51)
    data = key(3)
    rewriter.switch(SenderClock(90000), data, 3, 0, 12, codec("VP8").describe(data, 12, len(data)), 0.0)
    out = rewriter.rewrite(
        data, 0x80, 3, 0, 12, len(data), codec("VP8").describe(data, 12, len(data)), 0x1234 << 8, 0.0
    )
    assert out is not None
    assert read_all(out, *packet.parse(out)[5:8]) == {5: b"\x12\x34"}


@pytest.mark.parametrize("first", [FIRST_SEQUENCES.start - 1, FIRST_SEQUENCES.stop, 65000])
def test_first_sequence_far_from_the_wrap_is_required(first: int):
    with pytest.raises(ValueError, match="first_sequence"):
        Rewriter(1, codec("VP8"), first)


def test_counters_for_the_sender_report():
    relay = Relay()
    sizes = [len(fed(relay, key(1)).payload), len(fed(relay, delta(2)).payload)]
    assert (relay.rewriter.packets, relay.rewriter.octets) == (2, sum(sizes))


def test_nothing_before_the_first_keyframe():
    relay = Relay()
    assert relay.feed(delta(1)) is None
    assert fed(relay, key(2)).number == 2000
    assert relay.feed(rtp(vp8(keyframe=True), sequence=1)) is None


def test_switch_continues_the_sequence():
    relay = two_layers()
    assert fed(relay, key(60000), layer=1, now=11.0).number == 2001


def test_switch_after_an_unfinished_frame_leaves_one_hole():
    relay = two_layers()
    fed(relay, delta(101, marker=False), now=10.5)
    assert fed(relay, key(60000), layer=1, now=11.0).number == 2003


def test_sound_has_no_frames_to_finish():
    relay = Relay(2, name="opus")
    fed(relay, rtp(b"a", sequence=1))
    relay.switch.want(1)
    assert fed(relay, rtp(b"b", sequence=9), layer=1, now=1.0).number == 2001


def test_old_layer_is_silent_after_the_switch():
    relay = two_layers()
    fed(relay, key(60000), layer=1, now=11.0)
    assert relay.feed(delta(101), now=11.0) is None


def test_late_packet_from_before_the_switch_is_dropped_when_the_layer_is_back():
    relay = two_layers()
    fed(relay, key(60000), layer=1, now=11.0)
    relay.switch.want(0)
    fed(relay, key(105), now=12.0)
    assert relay.feed(delta(104), now=12.0) is None


def test_late_keyframe_is_no_place_to_switch():
    relay = two_layers()
    assert relay.feed(delta(60002), layer=1, now=11.0) is None
    assert relay.feed(key(60001), layer=1, now=11.0) is None


def test_late_packet_of_the_same_layer_takes_its_place():
    relay = Relay()
    fed(relay, key(100))
    assert [fed(relay, delta(102)).number, fed(relay, delta(101)).number] == [2002, 2001]


def test_padding_is_swallowed():
    relay = Relay()
    fed(relay, key(100))
    assert relay.feed(rtp(sequence=101, padding=200)) is None
    assert fed(relay, delta(102)).number == 2001


def test_late_padding_fills_its_hole_with_an_empty_packet():
    relay = Relay()
    fed(relay, key(100))
    fed(relay, delta(102))
    sent = fed(relay, rtp(sequence=101, padding=200))
    assert (sent.number, sent.payload) == (2001, b"")


def test_timestamps_start_where_told_and_keep_their_steps():
    rewriter = Rewriter(1, codec("VP8"), 1000, first_timestamp=0xFFFFFFF0)
    data = key(3, 777)
    description = codec("VP8").describe(data, 12, len(data))
    rewriter.switch(SenderClock(90000), data, 3, 777, 12, description, 0.0)
    for timestamp, expected in ((777, 0xFFFFFFF0), (777 + 0x20, 0x10)):
        out = rewriter.rewrite(data, 0, timestamp, timestamp, 12, len(data), description, 0, 0.0)
        assert out is not None
        assert packet.parse(out)[3] == expected


def test_timestamps_follow_the_wall_clock_without_sender_reports():
    relay = two_layers()
    assert fed(relay, key(1, 4_000_000_000), layer=1, now=10.5).timestamp == SECOND // 2


def report(relay: Relay, *, at: tuple[int, int]) -> None:
    """Both layers say which RTP timestamps belong to the same moment, the one of the first keyframe."""
    for clock, timestamp in zip(relay.clocks, at, strict=True):
        clock.update(3_900_000_000 << 32, timestamp, 10.0)


@pytest.mark.parametrize("wrap", [0, 0xFFFFFFFF])
def test_timestamps_are_mapped_through_the_sender_reports(wrap: int):
    relay = two_layers()
    report(relay, at=(5000, wrap))
    assert fed(relay, key(1, wrap + 3000 & 0xFFFFFFFF), layer=1, now=10.3).timestamp == pytest.approx(3000, abs=1)


def test_layer_that_lags_is_moved_forward_and_the_shift_taken_back():
    relay = two_layers()
    report(relay, at=(5000, 0))
    fed(relay, delta(101, 5000 + SECOND), now=11.0)
    assert fed(relay, key(1, SECOND - 9000), layer=1, now=11.1).timestamp == SECOND + 1
    relay.switch.want(0)
    assert fed(relay, key(150, 5000 + 2 * SECOND), now=12.0).timestamp == pytest.approx(2 * SECOND, abs=2)


@pytest.mark.parametrize("error", [100, -100, -2_000_000_000])
def test_mad_sender_report_yields_to_the_wall_clock(error: int):
    relay = two_layers()
    report(relay, at=(5000, 0))
    relay.clocks[1].update(3_900_000_000 + error << 32, 0, 10.0)
    assert fed(relay, key(1, 100), layer=1, now=10.5).timestamp == SECOND // 2


def test_pause_keeps_sequence_and_timeline():
    relay = Relay()
    fed(relay, key(100, 5000), now=1.0)
    relay.switch.want(None)
    assert relay.feed(delta(101, 8000), now=1.1) is None
    relay.switch.want(0)
    assert relay.feed(delta(150, 5000 + SECOND), now=2.0) is None
    sent = fed(relay, key(151, 5000 + SECOND), now=2.0)
    assert (sent.number, sent.timestamp) == (2001, SECOND)


def test_pictures_are_numbered_across_the_switch():
    relay = two_layers()
    assert fed(relay, key(1, picture=30000), layer=1, now=11.0).payload == vp8(keyframe=True, picture=2)
    assert fed(relay, delta(2, picture=30001), layer=1, now=11.0).payload == vp8(picture=3)
