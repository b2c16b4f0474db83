"""What the forwarding core needs to know of a codec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Fields = tuple[int, ...]
"""Private to the codec: where its descriptor has what."""

Description = tuple[bool, bool, Fields]
"""`(starts_frame, keyframe, fields)` of one payload; `keyframe` only on the packet that starts a keyframe."""

PADDING: Description = (False, False, ())


class CodecError(ValueError):
    """A payload whose descriptor is malformed."""


class Continuity(Protocol):
    """Keeps the counters inside the payload descriptor continuous for one subscriber across layer switches."""

    def switch(self, data: bytes, start: int, fields: Fields) -> None:
        """Make the payload at `start`, the first of another layer, the successor of the last picture sent."""

    def rewrite(self, data: bytes, start: int, fields: Fields) -> bytes | bytearray:
        """Give the octets that replace those at the same place from `start` on."""


@dataclass(frozen=True, slots=True)
class Codec:
    """`describe(data, start, end)` raises CodecError; `frame_size` gives `(width, height)` of a keyframe's first
    packet.
    """

    name: str
    kind: Literal["audio", "video"]
    clock_rate: int
    describe: Callable[[bytes, int, int], Description]
    frame_size: Callable[[bytes, int, int], tuple[int, int] | None]
    continuity: Callable[[], Continuity | None]
