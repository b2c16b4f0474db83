"""Damaged and random payloads of every video codec: only CodecError comes out, in under a millisecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.codecs import CODECS, CodecError
from tests.media_sfu.pure.encoded import payloads
from tests.media_sfu.pure.fuzzing import CPU_LIMIT, cpu_seconds, damaged, many

pytestmark = pytest.mark.fuzz

VECTORS = {
    "h264": [
        b"\x67\x42\xc0\x1f\xda\x02\x80\xbf\xe5\xc0\x44",
        b"\x78\x00\x04\x67\x42\xc0\x1f\x00\x02\x68\xce",
        b"\x7c\x85\x88" + bytes(40),
    ],
    "vp9": [
        b"\xaa\x92\x34\x00\x07\x18\x01\x42\x00\xb6\x01\x04\x01\x82\x49\x83\x42\x00\x14\x10\x0b\x50",
        b"\x8a\x12\xf8" + bytes(range(64)),
    ],
    "av1": [b"\x28\x0b\x08\x00\x00\x00\x04\x4a\xab\xff\x7a\x66\x90\x30" + bytes(30), b"\x18\x0a\x01\x02\x03"],
}


def read(name: str, payload: bytes) -> None:
    codec = CODECS[name]
    data = b"head" + payload + b"tail"
    try:
        starts, keyframe, fields = codec.describe(data, 4, 4 + len(payload))
        size = codec.frame_size(data, 4, 4 + len(payload))
    except CodecError:
        return
    assert fields == ()
    assert starts or not keyframe
    assert size is None or (keyframe and min(size) > 0 and max(size) <= 65536)


@pytest.mark.parametrize("name", VECTORS)
def test_video_payload(name: str):
    @many
    @given(damaged([*VECTORS[name], *(frame[0][:200] for frame in payloads(name))]))
    def run(payload: bytes) -> None:
        assert cpu_seconds(lambda: read(name, payload)) < CPU_LIMIT

    run()


@many
@given(st.sampled_from(sorted(VECTORS)), st.binary(max_size=80))
def test_random_payload(name: str, payload: bytes):
    assert cpu_seconds(lambda: read(name, payload)) < CPU_LIMIT
