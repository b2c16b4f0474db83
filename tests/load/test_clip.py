"""What the crowd's cameras play can be decoded, with and without its higher temporal layers."""

import av
import pytest

from tests.e2e.capture import yuv
from tests.load.clip import FRAME_RATE, FRAMES, PALETTE, SIZES, Frame, clip

SMALL = ("180p", "360p")


def decode(frames: list[Frame]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("vp8", "r")
    return [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]


def pixels(picture: av.VideoFrame) -> list[bytes]:
    return [bytes(plane) for plane in picture.planes]


@pytest.mark.parametrize("size", SMALL)
def test_a_clip_is_one_keyframe_and_what_follows_it(size: str):
    frames = clip(size, "red")
    assert [bool(frame.data[0] & 1) for frame in frames] == [False] + [True] * (FRAMES - 1)
    assert {(picture.width, picture.height) for picture in decode(frames)} == {(SIZES[size].width, SIZES[size].height)}


@pytest.mark.parametrize("size", SMALL)
def test_its_bit_rate_is_about_the_stated_one(size: str):
    frames = clip(size, "red")
    rate = sum(len(frame.data) for frame in frames) * 8 * FRAME_RATE / len(frames)
    assert rate == pytest.approx(SIZES[size].bits_per_second, rel=0.25)


@pytest.mark.parametrize("highest", [0, 1])
def test_lower_temporal_layers_need_no_higher_one(highest: int):
    frames = clip("180p", "red")
    whole = [pixels(picture) for picture in decode(frames)]
    kept = [number for number, frame in enumerate(frames) if frame.temporal <= highest]
    assert len(kept) == FRAMES // (4 if highest == 0 else 2)
    alone = [pixels(picture) for picture in decode([frames[number] for number in kept])]
    assert alone == [whole[number] for number in kept]


def test_a_temporal_layer_may_begin_where_its_frame_says_so():
    frames = clip("180p", "red")
    whole = [pixels(picture) for picture in decode(frames)]
    for start in (number for number, frame in enumerate(frames[:12]) if frame.temporal and frame.synchronised):
        kept = [number for number, frame in enumerate(frames[: start + 1]) if not frame.temporal or number == start]
        assert pixels(decode([frames[number] for number in kept])[-1]) == whole[start]


def test_the_middle_shows_the_colour():
    picture = decode(clip("180p", "green")[:30])[-1]
    y, u, v = yuv(*PALETTE["green"])
    middle = picture.planes[0].line_size * 90 + 160
    chroma = picture.planes[1].line_size * 45 + 80
    shown = bytes(picture.planes[0])[middle], bytes(picture.planes[1])[chroma], bytes(picture.planes[2])[chroma]
    assert shown == pytest.approx((y, u, v), abs=4)
