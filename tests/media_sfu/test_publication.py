"""What one published track may send, whatever its SSRCs are."""

from media_sfu.codecs import CODECS
from media_sfu.publication import Publication

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
