"""H.264, VP9 and AV1: keyframes and frame sizes, of real encoders and at the edges of the formats."""

from contextlib import suppress

import pytest

from media_sfu.codecs import CODECS, CodecError
from tests.media_sfu.pure.encoded import HEIGHT, KEYFRAMES, WIDTH, payloads

VIDEO = ("vp8", "vp9", "h264", "av1")


def described(name: str, payload: bytes) -> tuple[bool, bool]:
    padded = b"head" + payload + b"tail"
    return CODECS[name].describe(padded, 4, 4 + len(payload))[:2]


def size_of(name: str, payload: bytes) -> tuple[int, int] | None:
    padded = b"head" + payload + b"tail"
    return CODECS[name].frame_size(padded, 4, 4 + len(payload))


@pytest.mark.parametrize("name", VIDEO)
def test_keyframes_of_an_encoder_are_told_by_their_first_packet(name: str):
    frames = payloads(name)
    starts = {
        index: [at for at, payload in enumerate(frame) if described(name, payload)[1]]
        for index, frame in enumerate(frames)
    }
    assert starts == {index: [0] if index in KEYFRAMES else [] for index in range(len(frames))}


@pytest.mark.parametrize("name", VIDEO)
def test_first_packet_of_every_frame_starts_it(name: str):
    assert all(described(name, frame[0])[0] for frame in payloads(name))
    assert not any(described(name, payload)[0] for frame in payloads(name) for payload in frame[2:])


@pytest.mark.parametrize("name", VIDEO)
def test_size_is_read_from_keyframes_alone(name: str):
    for index, frame in enumerate(payloads(name)):
        expected = (WIDTH, HEIGHT) if index in KEYFRAMES else None
        assert [size_of(name, payload) for payload in frame] == [expected] + [None] * (len(frame) - 1)


def test_payload_types_and_those_of_their_repairs_are_all_different():
    numbers = [codec.payload_type for codec in CODECS.values()]
    repairs = [CODECS[name].repair_payload_type for name in VIDEO]
    assert len({*numbers, *repairs}) == len(CODECS) + len(VIDEO)


@pytest.mark.parametrize("name", VIDEO)
def test_padding_starts_nothing(name: str):
    assert described(name, b"") == (False, False)
    assert size_of(name, b"") is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x67\x42\xe0\x1f", (True, True)),
        (b"\x68\xce", (False, False)),
        (b"\x09\xf0", (True, False)),
        (b"\x65\x88", (True, False)),  # first slice of an IDR picture: its parameter set came before
        (b"\x65\x08", (False, False)),  # a later slice
        (b"\x41\x9a", (True, False)),
        (b"\x41", (False, False)),
        (b"\x7c\x87\x42", (True, True)),  # fragments
        (b"\x7c\x85\x88", (True, False)),
        (b"\x7c\x05\x88", (False, False)),
        (b"\x78\x00\x01\x67", (True, True)),  # aggregated
        (b"\x78\x00\x01\x09\x00\x02\x67\x42", (True, True)),
        (b"\x78\x00\x01\x68", (True, False)),
        (b"\x79\x00\x00\x00\x01\x67", (False, False)),  # STAP-B is of another packetization mode
    ],
)
def test_h264_units_are_told_apart(payload: bytes, expected: tuple[bool, bool]):
    assert described("h264", payload) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x08\x82", (True, True)),
        (b"\x48\x82", (True, False)),  # refers to another picture
        (b"\x04\x82", (False, False)),
        (b"\xa8\x12\x00\x00", (True, True)),  # picture number and layer indices
        (b"\xa8\x92\x34\x00\x00", (True, True)),
        (b"\xa8\x92\x34\x02\x00", (True, False)),  # an upper spatial layer
    ],
)
def test_vp9_keyframes_are_those_of_the_lowest_layer(payload: bytes, expected: tuple[bool, bool]):
    assert described("vp9", payload) == expected


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("h264", b"\x7c\x87"),
        ("h264", b"\x78\x00\x09\x67"),
        ("h264", b"\x78\x00\x00\x67"),
        ("vp9", b"\x28"),
        ("vp9", b"\xa8"),
        ("vp9", b"\xa8\x92"),
        ("vp9", b"\xa8\x92\x34"),
        ("av1", b"\x88\x0a"),
    ],
)
def test_payload_that_ends_too_early_or_contradicts_itself_is_refused(name: str, payload: bytes):
    with pytest.raises(CodecError):
        described(name, payload)


@pytest.mark.parametrize("name", VIDEO)
def test_no_size_from_a_keyframe_that_is_cut(name: str):
    first = payloads(name)[0][0]
    for length in (2, 3, 5):
        with suppress(CodecError):
            assert size_of(name, first[:length]) is None


def test_av1_elements_may_all_tell_their_sizes():
    whole = payloads("av1")[0][0]
    header = whole[1 : 2 + whole[1]]
    assert size_of("av1", b"\x08" + header + b"\x01\x30") == (WIDTH, HEIGHT)
    assert size_of("av1", b"\x18" + header) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("h264", {"profile-level-id": "42e01f", "packetization-mode": "1"}, True),
        ("h264", {"profile-level-id": "42C029", "packetization-mode": "1"}, True),
        ("h264", {"profile-level-id": "42e01f"}, False),
        ("h264", {"profile-level-id": "42001f", "packetization-mode": "1"}, False),
        ("h264", {"profile-level-id": "640c1f", "packetization-mode": "1"}, False),
        ("h264", {}, False),
        ("vp9", {}, True),
        ("vp9", {"profile-id": "2"}, False),
        ("av1", {"profile": "0", "level-idx": "8"}, True),
        ("av1", {"profile": "1"}, False),
        ("vp8", {"max-fs": "12288"}, True),
    ],
)
def test_one_variant_of_each_codec_is_relayed(name: str, parameters: dict[str, str], expected: bool):
    assert CODECS[name].relays(parameters) == expected
