"""What the crowd's microphones play is as loud as they say."""

import array
import math

import av
import pytest

from tests.load.voice import FRAMES, LOUD, MURMUR, SILENCE, level_of, voice


def level(packets: list[bytes]) -> float:
    """−dBov of what a decoder makes of them, without the first 100 ms."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout, decoder.format = 48_000, "mono", "s16"
    samples = array.array("h")
    for packet in packets:
        for frame in decoder.decode(av.Packet(packet)):
            samples.frombytes(bytes(frame.planes[0])[: 2 * frame.samples])
    heard = samples[4800:]
    return -20 * math.log10(max(math.sqrt(sum(each * each for each in heard) / len(heard)) / 32_768, 1e-7))


@pytest.mark.parametrize("amplitude", [LOUD, MURMUR])
def test_the_level_is_honest(amplitude: float):
    packets = voice(440, amplitude)
    assert len(packets) == FRAMES
    assert level(packets) == pytest.approx(level_of(amplitude), abs=3)


def test_silence_is_silent():
    assert level([SILENCE] * 50) > 80
