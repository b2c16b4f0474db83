from media_sfu.bandwidth.allocation import WHOLE
from media_sfu.bandwidth.shares import TemporalShares


def test_stream_without_temporal_layers_is_whole():
    shares = TemporalShares()
    shares.measure()
    assert shares.values == WHOLE
    shares.octets[0] += 1000
    shares.measure()
    assert tuple(shares.values) == WHOLE


def test_each_temporal_layer_adds_its_share_and_the_past_fades():
    shares = TemporalShares()
    shares.octets[:3] = [500, 200, 300]
    shares.measure()
    assert tuple(shares.values) == (0.5, 0.7, 1.0, 1.0)
    for _ in range(30):
        shares.octets[0] += 1000
        shares.measure()
    assert shares.values[0] > 0.99
