from media_sfu.bandwidth.policing import (
    AUDIO_PACKETS_PER_SECOND,
    LASTING,
    VIDEO_PACKETS_PER_SECOND,
    TokenBucket,
    TrackPolicer,
)


def admitted(policer: TrackPolicer, *, per_second: int, seconds: int, size: int) -> int:
    times = [index / per_second for index in range(per_second * seconds)]
    return sum(policer.admit(size, at) for at in times)


def test_ordinary_sound_passes():
    policer = TrackPolicer(packets_per_second=AUDIO_PACKETS_PER_SECOND, bits_per_second=64_000)
    assert admitted(policer, per_second=50, seconds=20, size=160) == 1000


def test_packet_rate_is_capped():
    policer = TrackPolicer(packets_per_second=AUDIO_PACKETS_PER_SECOND, bits_per_second=64_000_000)
    assert 1200 <= admitted(policer, per_second=500, seconds=10, size=10) <= 1200 + AUDIO_PACKETS_PER_SECOND


def test_bit_rate_is_capped_after_five_seconds_of_grace():
    policer = TrackPolicer(packets_per_second=VIDEO_PACKETS_PER_SECOND, bits_per_second=1_000_000)
    assert admitted(policer, per_second=375, seconds=5, size=1000) >= 375 * 5 - 2
    assert (
        admitted(
            TrackPolicer(packets_per_second=1500, bits_per_second=1_000_000), per_second=375, seconds=60, size=1000
        )
        < 375 * 40
    )


def test_bucket_never_holds_more_than_its_burst():
    bucket = TokenBucket(8, 5)
    assert bucket.take(5, 100.0)
    assert not bucket.take(1, 100.0625)
    assert bucket.take(1, 100.125)
    assert not bucket.take(6, 1000.0)


def test_what_lasts_is_shut_whole_and_opened_again_when_it_has_stopped():
    policer = TrackPolicer(packets_per_second=VIDEO_PACKETS_PER_SECOND, bits_per_second=1_000_000)
    shut_after = opened_after = 0
    for second in range(20):
        for index in range(1250):  # 10 Mbit/s
            policer.admit(1000, second + index / 1250)
        if policer.judge():
            shut_after = second + 1
            break
    assert LASTING <= shut_after <= LASTING + 2
    for second in range(shut_after + 10, shut_after + 30):
        assert not policer.is_shut or not policer.admit(100, second), "shut is shut, for a small packet too"
        if not policer.judge():
            opened_after = second - shut_after - 9
            break
    assert opened_after == LASTING
    assert policer.admit(100, shut_after + 40)


def test_a_moment_of_too_much_shuts_nothing():
    policer = TrackPolicer(packets_per_second=VIDEO_PACKETS_PER_SECOND, bits_per_second=1_000_000)
    for second in range(40):
        for index in range(1250 if second % 5 == 0 else 100):
            policer.admit(1000, second + index / 1250)
        assert not policer.judge()
