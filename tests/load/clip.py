"""Moving pictures of one colour in VP8, encoded once and kept in a folder: what the crowd's cameras send.

A clip is one keyframe and what follows it. A camera plays it again from its keyframe at the end, and whenever somebody
asks for one. Its frames are in three temporal layers as browsers send them (L1T3): 0 2 1 2, each of which refers to
lower ones only.
"""

import random
import struct
import tempfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.e2e.capture import COLOURS, yuv

FRAME_RATE, FRAMES = 25, 100
TEMPORAL = (0, 2, 1, 2)
SYNCHRONISED = (False, True, True, False)  # refers to layer 0 only: one may begin with this layer here (RFC 7741's Y)
PALETTE = COLOURS | {
    "purple": (128, 32, 160),
    "orange": (240, 128, 32),
    "cyan": (32, 192, 192),
    "grey": (128, 128, 128),
}
_HEADER = struct.Struct("<4sHH4sHHIIII")  # IVF
_FRAME = struct.Struct("<IQ")


@dataclass(frozen=True)
class Size:
    """A simulcast layer; `noise` is the size of the corner that changes all the time, which gives the bit rate."""

    width: int
    height: int
    bits_per_second: int
    noise: tuple[int, int]


SIZES = {
    "180p": Size(320, 180, 150_000, (96, 12)),
    "360p": Size(640, 360, 500_000, (128, 32)),
    "720p": Size(1280, 720, 1_500_000, (320, 48)),
}


class Frame(NamedTuple):
    data: bytes
    temporal: int
    synchronised: bool


@cache
def clip(size: str, colour: str) -> list[Frame]:
    """The frames of a size of SIZES in a colour of PALETTE, from the folder or encoded now."""
    folder = Path(tempfile.gettempdir()) / f"liveon-clips-{zlib.crc32(Path(__file__).read_bytes()):08x}"
    path = folder / f"{size}-{colour}.ivf"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        _write(path, SIZES[size], encode(SIZES[size], PALETTE[colour]))
    return [
        Frame(data, TEMPORAL[index % 4], SYNCHRONISED[index % 4]) for index, data in enumerate(_read(path.read_bytes()))
    ]


def encode(size: Size, colour: tuple[int, int, int]) -> list[bytes]:
    """FRAMES frames of VP8, the first of which is the only keyframe."""
    import av  # only who encodes needs FFmpeg in memory

    context = av.CodecContext.create("libvpx", "w")
    context.width, context.height, context.pix_fmt = size.width, size.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
    context.bit_rate, context.gop_size, context.thread_count = size.bits_per_second, 100 * FRAMES, 1
    context.options = _options(size.bits_per_second)
    picture = av.VideoFrame(size.width, size.height, "yuv420p")
    noise, encoded = random.Random(1), []
    for number in range(FRAMES):
        for plane, data in zip(picture.planes, _planes(size, yuv(*colour), noise), strict=True):
            width = plane.width
            rows = [data[start : start + width] for start in range(0, len(data), width)]
            plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))
        picture.pts = number
        encoded += context.encode(picture)
    return [bytes(packet) for packet in [*encoded, *context.encode(None)]]


def _options(bits_per_second: int) -> dict[str, str]:
    """Real time, constant bit rate, temporal layers."""
    rates = ",".join(str(bits_per_second * percent // 100_000) for percent in (40, 60, 100))
    layers = f"ts_number_layers=3:ts_target_bitrate={rates}:ts_rate_decimator=4,2,1:ts_periodicity=4"
    return {
        "deadline": "realtime",
        "cpu-used": "10",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "error-resilient": "default",
        "minrate": str(bits_per_second),
        "maxrate": str(bits_per_second),
        "bufsize": str(bits_per_second * 6 // 10),
        "qmin": "2",
        "qmax": "56",
        "ts-parameters": f"{layers}:ts_layer_id=0,2,1,2:ts_layering_mode=3",
    }


def _planes(size: Size, colour: tuple[int, int, int], noise: random.Random) -> list[bytes]:
    y, u, v = (bytes([component]) for component in colour)
    noisy, rows = size.noise
    rest = y * (size.width - noisy)
    luma = b"".join(noise.randbytes(noisy) + rest for _ in range(rows)) + y * (size.width * (size.height - rows))
    quarter = size.width * size.height // 4
    return [luma, u * quarter, v * quarter]


def _write(path: Path, size: Size, frames: list[bytes]) -> None:
    """As an IVF file, which players know. Several processes may write the same one."""
    header = _HEADER.pack(b"DKIF", 0, 32, b"VP80", size.width, size.height, FRAME_RATE, 1, len(frames), 0)
    body = b"".join(_FRAME.pack(len(data), number) + data for number, data in enumerate(frames))
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(header + body)
    Path(file.name).rename(path)


def _read(data: bytes) -> list[bytes]:
    frames, at = [], _HEADER.size
    while at < len(data):
        length, _ = _FRAME.unpack_from(data, at)
        at += _FRAME.size + length
        frames.append(data[at - length : at])
    return frames
