"""Which codec an m-line of a real offer is answered with, and what the answer and our own offers say of it."""

from pathlib import Path

import pytest

from media_sfu.codecs import CODECS, FALLBACK
from media_sfu.sdp.choice import choose_codec
from media_sfu.sdp.model import Section
from media_sfu.sdp.reader import read_description
from media_sfu.sdp.writer import AnsweredSection, ForwardedTrack, write_answer, write_offer
from tests.media_sfu.test_sdp import OURS

OFFERS = Path(__file__).parents[1] / "data" / "sdp"
"""Video-only offers of Chromium 156 and Firefox ESR 153 in their own order of codecs."""


def offered(browser: str, *order: str) -> Section:
    """The m-line, with the codecs of `order` alone when there are any, as after `setCodecPreferences`."""
    sdp = (OFFERS / f"{browser}-video.sdp").read_bytes().decode()
    [section] = read_description(sdp).sections
    if order:
        ranked = [each for name in order for each in section.codecs.values() if each.name.lower() == name]
        repairs = [each for each in section.codecs.values() if each.name == "rtx"]
        section.codecs = {each.payload_type: each for each in (*ranked, *repairs)}
    return section


def chosen(section: Section, *forbidden: str) -> tuple[str, int] | None:
    found = choose_codec(section, lambda codec: codec.name not in forbidden)
    return (found[1].name, found[0].payload_type) if found else None


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_browsers_of_themselves_offer_vp8_first(browser: str):
    name, number = chosen(offered(browser))
    assert name == "VP8"
    assert offered(browser).codecs[number].name == "VP8"


@pytest.mark.parametrize(
    ("browser", "order", "expected"),
    [
        ("chromium", ("h264", "vp8"), "H264"),
        ("chromium", ("vp9", "vp8"), "VP9"),
        ("chromium", ("av1", "vp8"), "AV1"),
        ("firefox", ("h264", "vp8"), "VP8"),
        ("firefox", ("av1", "vp9"), "AV1"),
    ],
)
def test_preferred_codec_is_taken_where_the_browser_has_it(browser, order, expected):
    assert chosen(offered(browser, *order))[0] == expected


def test_constrained_baseline_is_picked_among_the_variants_of_h264():
    section = offered("chromium", "h264")
    _, number = chosen(section)
    assert section.codecs[number].parameters["profile-level-id"] == "42e01f"
    assert section.codecs[number].parameters["packetization-mode"] == "1"
    assert section.repair_of(number) is not None


def test_codec_that_may_not_be_sent_is_passed_over():
    assert chosen(offered("chromium", "h264", "vp9", "vp8"), "H264")[0] == "VP9"
    assert chosen(offered("chromium", "h264"), "H264") is None


def test_layers_are_taken_in_the_fallback_codec_alone():
    section = offered("chromium", "h264", "vp8")
    section.rids = ["low", "high"]
    assert chosen(section)[0] == "VP8"
    section.rids = ["high"]
    assert chosen(section)[0] == "H264"


@pytest.mark.parametrize("name", ["vp8", "vp9", "h264", "av1"])
def test_answer_names_the_codec_with_the_browsers_numbers(name: str):
    section = offered("chromium", name)
    codec, _ = choose_codec(section, lambda codec: True)
    answer = write_answer(OURS, 1, [AnsweredSection(section, codec, section.repair_of(codec.payload_type), ())])
    [read] = read_description(answer).sections
    assert list(read.codecs) == [codec.payload_type, section.repair_of(codec.payload_type)]
    assert CODECS[name].relays(read.codecs[codec.payload_type].parameters)


@pytest.mark.parametrize("name", ["vp8", "vp9", "h264", "av1"])
def test_m_line_to_a_subscriber_lists_its_codec_and_the_fallback(name: str):
    codec = CODECS[name]
    offer = write_offer(
        OURS, 1, [("video", ForwardedTrack(codec, "stream", "track", 111, 222, "name")), ("video", None)]
    )
    used, unused = read_description(offer).sections
    numbers = dict.fromkeys((codec.payload_type, FALLBACK.payload_type))
    assert list(used.codecs) == [each for number in numbers for each in (number, number + 1)]
    assert [used.repair_of(number) for number in numbers] == [number + 1 for number in numbers]
    assert codec.relays(used.codecs[codec.payload_type].parameters)
    assert list(unused.codecs) == [FALLBACK.payload_type, FALLBACK.repair_payload_type]
