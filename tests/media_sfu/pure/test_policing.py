from media_sfu.bandwidth.policing import AUDIO_PACKETS_PER_SECOND, VIDEO_PACKETS_PER_SECOND, TokenBucket, TrackPolicer


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
