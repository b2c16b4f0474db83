"""What one published track may send, whatever its SSRCs are."""

import pytest

from media_sfu.codecs import CODECS
from media_sfu.publication import BITS_PER_SECOND, Publication

NOW = 0.0


def test_new_ssrc_does_not_get_around_the_caps():
    camera = Publication(None, "camera", CODECS["vp8"])
    first = camera.source_at(0, 1111)
    while first.policer.admit(1200, NOW):
        pass
    assert not camera.source_at(0, 2222).policer.admit(1200, NOW)


def test_layers_have_caps_of_their_own():
    camera = Publication(None, "camera", CODECS["vp8"])
    camera.sources = [None, None]
    low = camera.source_at(0, 1111)
    while low.policer.admit(1200, NOW):
        pass
    assert camera.source_at(1, 2222).policer.admit(1200, NOW)


def test_what_a_layer_took_when_it_ran_stays_known():
    screen = Publication(None, "screen", CODECS["vp8"])
    screen.place(None, "0", [], CODECS["vp8"], (96, 97))
    assert screen.usual_rates == [BITS_PER_SECOND["screen"] / 4]
    source = screen.source_at(0, 1111)
    for second in range(1, 4):
        source.reception.octets += 50_000
        source.last_packet_at = float(second)
        screen.measure(second + 0.1)
    assert screen.rates == screen.usual_rates == [pytest.approx(400_000)]
    screen.measure(9.0)
    assert screen.rates == [0.0]
    assert screen.usual_rates == [pytest.approx(400_000)]
