"""A tone in Opus, loud and as a murmur: what the crowd's microphones send."""

import math
import struct
from fractions import Fraction
from functools import cache

SAMPLE_RATE, FRAME_SAMPLES, FRAMES = 48_000, 960, 50
LOUD, MURMUR = 0.35, 0.002
SILENCE = b"\xf8\xff\xfe"  # 20 ms of nothing in CELT, as libwebrtc sends it for a muted microphone
SILENT_LEVEL = 127


@cache
def voice(hertz: int, amplitude: float) -> list[bytes]:
    """A second of Opus in packets of 20 ms."""
    import av  # only who encodes needs FFmpeg in memory

    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.format, context.layout = SAMPLE_RATE, "s16", "mono"
    context.bit_rate, context.time_base = 32_000, Fraction(1, SAMPLE_RATE)
    context.options = {"application": "voip", "frame_duration": "20"}
    encoded = []
    for number in range(FRAMES):
        samples = av.AudioFrame("s16", "mono", FRAME_SAMPLES)
        samples.sample_rate, samples.pts = SAMPLE_RATE, number * FRAME_SAMPLES
        samples.planes[0].update(_tone(hertz, amplitude, number * FRAME_SAMPLES))
        encoded += context.encode(samples)
    return [bytes(packet) for packet in [*encoded, *context.encode(None)]][:FRAMES]


def level_of(amplitude: float) -> int:
    """What the audio level extension says of a tone: −dBov (RFC 6464), 127 for silence."""
    return min(SILENT_LEVEL, round(-20 * math.log10(amplitude / math.sqrt(2))))


def _tone(hertz: int, amplitude: float, first: int) -> bytes:
    step, peak = 2 * math.pi * hertz / SAMPLE_RATE, 32_767 * amplitude
    samples = [round(peak * math.sin(step * index)) for index in range(first, first + FRAME_SAMPLES)]
    return struct.pack(f"<{FRAME_SAMPLES}h", *samples)
