from tests.net.link import Impairment, Link


def arrivals(link: Link, count: int, *, every: float = 0.01, size: int = 1200) -> list[float | None]:
    return [link.arrival(size, number * every) for number in range(count)]


def test_healthy_link_delivers_at_once():
    assert arrivals(Link(1), 3) == [0.0, 0.01, 0.02]


def test_delay_shifts_every_packet():
    link = Link(1, Impairment(delay_ms=50))
    assert arrivals(link, 2) == [0.05, 0.060000000000000005]


def test_loss_is_about_the_probability_and_the_same_for_the_same_seed():
    first, again, other = (Link(seed, Impairment(loss=0.05)) for seed in (1, 1, 2))
    fates = arrivals(first, 10_000)
    assert 400 < first.lost < 600
    assert fates == arrivals(again, 10_000)
    assert fates != arrivals(other, 10_000)


def test_jitter_keeps_the_order():
    link = Link(1, Impairment(delay_ms=10, jitter_ms=100))
    found = [arrival for arrival in arrivals(link, 200) if arrival is not None]
    assert found == sorted(found)
    assert max(arrival - number * 0.01 for number, arrival in enumerate(found)) > 0.05


def test_rate_spaces_packets_and_the_full_queue_drops():
    link = Link(1, Impairment(rate_kbps=96, queue_ms=250))  # 1200 bytes take 100 ms
    fates = [link.arrival(1200, 0.0) for _ in range(5)]
    assert fates[:3] == [0.1, 0.2, 0.30000000000000004]
    assert fates[3:] == [None, None]
    assert link.overflowed == 2


def test_stream_waits_and_never_loses():
    link = Link(1, Impairment(loss=1.0, rate_kbps=96, queue_ms=0))
    assert [link.arrival(1200, 0.0, lossy=False) for _ in range(2)] == [0.1, 0.2]


def test_unknown_impairment_is_refused():
    try:
        Impairment.from_json({"los": 0.5})
    except ValueError as error:
        assert "los" in str(error)
    else:
        raise AssertionError("accepted")
