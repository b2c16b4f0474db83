import pytest

from media_sfu.codecs import CODECS, CodecError, vp8
from media_sfu.codecs.vp8 import Vp8Continuity, describe, frame_size
from tests.media_sfu.pure import packets


def described(payload: bytes):
    return describe(payload, 0, len(payload))


def test_codecs_are_found_by_name():
    assert CODECS["vp8"] is vp8.CODEC
    assert (CODECS["opus"].kind, CODECS["opus"].clock_rate) == ("audio", 48000)


def test_every_opus_packet_can_be_started_at():
    opus = CODECS["opus"]
    assert opus.describe(b"xx", 0, 2) == (True, True, ())
    assert opus.describe(b"xx", 2, 2) == (False, False, ())
    assert opus.frame_size(b"xx", 0, 2) is None
    assert opus.continuity() is None


@pytest.mark.parametrize(
    ("payload", "starts", "keyframe"),
    [
        (packets.vp8(keyframe=True), True, True),
        (packets.vp8(keyframe=True, picture=3, level=4, key_index=5), True, True),
        (packets.vp8(keyframe=True, picture=3, bits=7), True, True),
        (packets.vp8(picture=3), True, False),
        (packets.vp8(starts=False, picture=3, body=b"\x10"), False, False),
        (b"\x11\x10", False, False),
        (b"\x30\x10", True, True),
        (b"\x10", True, False),
        (b"", False, False),
    ],
)
def test_frame_start_and_keyframe_are_told(payload: bytes, starts: bool, keyframe: bool):
    assert described(payload)[:2] == (starts, keyframe)


def test_offsets_count_from_the_payload():
    payload = packets.vp8(picture=0x1234, level=9, key_index=7)
    assert describe(b"head" + payload, 4, 4 + len(payload))[2] == (6, 0x7FFF, 0x1234, 4, 5, 0, 0)


def test_temporal_layer_and_its_sync_point_are_told():
    payload = packets.vp8(picture=0x1234, level=9, key_index=7, temporal=2, sync=True)
    assert described(payload)[2] == (6, 0x7FFF, 0x1234, 4, 5, 2, 1)
    assert described(packets.vp8(picture=1, temporal=1))[2] == (5, 0x7FFF, 1, 0, 0, 1, 0)


@pytest.mark.parametrize("payload", [b"\x90", b"\x90\x80", b"\x90\x80\x80", b"\x90\x80\x05", b"\x90\x40", b"\x90\x20"])
def test_truncated_descriptor_is_refused(payload: bytes):
    with pytest.raises(CodecError):
        described(payload)


def test_frame_size_is_read_from_a_keyframe():
    payload = packets.vp8(keyframe=True, picture=5, size=(1280, 720))
    assert frame_size(payload, 0, len(payload)) == (1280, 720)


def test_scaling_bits_are_not_part_of_the_size():
    payload = packets.vp8(keyframe=True, size=(640 | 0x4000, 360 | 0xC000))
    assert frame_size(payload, 0, len(payload)) == (640, 360)


@pytest.mark.parametrize(
    "payload",
    [
        packets.vp8(picture=1),
        packets.vp8(keyframe=True)[:8],
        packets.vp8(keyframe=True, size=(0, 360)),
        packets.vp8(keyframe=True).replace(b"\x9d", b"\x9c"),
    ],
)
def test_no_frame_size_without_a_whole_keyframe_header(payload: bytes):
    assert frame_size(payload, 0, len(payload)) is None


def rewritten(continuity: Vp8Continuity, payload: bytes, *, switch: bool = False) -> bytes:
    fields = described(payload)[2]
    if switch:
        continuity.switch(payload, 0, fields)
    head = continuity.rewrite(payload, 0, fields)
    return bytes(head) + payload[len(head) :]


@pytest.mark.parametrize("bits", [7, 15])
def test_counters_go_on_across_a_switch(bits: int):
    continuity = Vp8Continuity()
    assert rewritten(
        continuity, packets.vp8(picture=100, bits=bits, level=250, key_index=30), switch=True
    ) == packets.vp8(picture=1, bits=bits, level=1, key_index=1)
    assert rewritten(continuity, packets.vp8(picture=102, bits=bits, level=251, key_index=30)) == packets.vp8(
        picture=3, bits=bits, level=2, key_index=1
    )
    assert rewritten(continuity, packets.vp8(picture=7, bits=bits, level=8, key_index=9), switch=True) == packets.vp8(
        picture=4, bits=bits, level=3, key_index=2
    )


@pytest.mark.parametrize(("bits", "last"), [(7, 127), (15, 32767)])
def test_picture_number_wraps(bits: int, last: int):
    continuity = Vp8Continuity()
    rewritten(continuity, packets.vp8(picture=0, bits=bits), switch=True)
    for picture in range(1, last + 3):
        out = rewritten(continuity, packets.vp8(picture=picture & last, bits=bits))
    assert described(out)[2][2] == last + 3 & last


def test_late_picture_does_not_set_the_count_back():
    continuity = Vp8Continuity()
    rewritten(continuity, packets.vp8(picture=10), switch=True)
    rewritten(continuity, packets.vp8(picture=14))
    rewritten(continuity, packets.vp8(picture=12))
    assert rewritten(continuity, packets.vp8(picture=50), switch=True) == packets.vp8(picture=6)


def test_descriptor_without_counters_stays():
    continuity = Vp8Continuity()
    assert rewritten(continuity, packets.vp8(keyframe=True), switch=True) == packets.vp8(keyframe=True)


def test_seven_bits_after_fifteen_go_on():
    continuity = Vp8Continuity()
    for picture in range(200):
        rewritten(continuity, packets.vp8(picture=picture), switch=picture == 0)
    out = rewritten(continuity, packets.vp8(picture=5, bits=7), switch=True)
    assert described(out)[2][2] == 201 & 0x7F
