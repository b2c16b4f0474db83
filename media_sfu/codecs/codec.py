"""What the forwarding core needs to know of a codec."""

from collections.abc import Callable, Mapping
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

    def thin(self, level: int) -> bool:
        """Leave out what is above this temporal layer. Gives whether `passes` is to be asked from now on."""

    def passes(self, description: Description) -> bool:
        """Say whether the picture of this payload is not left out. To be asked right before `rewrite`."""


def _no_continuity() -> None:
    return None


def _any_variant(_parameters: Mapping[str, str]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Codec:
    """`describe(data, start, end)` raises CodecError; `frame_size` gives `(width, height)` of a keyframe's first
    packet; `temporal(fields)` the temporal layer from 0 (lowest) to 3, None for a codec without.

    `payload_type` is ours, towards subscribers, in every m-line the same; its RTX has the next one. `parameters` is
    what our `a=fmtp` says of video. `relays` says whether a payload type with these parameters, names in lower case, is
    of the one variant of the codec that we pass on.
    """

    name: str
    kind: Literal["audio", "video"]
    clock_rate: int
    payload_type: int
    describe: Callable[[bytes, int, int], Description]
    frame_size: Callable[[bytes, int, int], tuple[int, int] | None]
    continuity: Callable[[], Continuity | None] = _no_continuity
    parameters: str = ""
    relays: Callable[[Mapping[str, str]], bool] = _any_variant
    temporal: Callable[[Fields], int] | None = None

    @property
    def repair_payload_type(self) -> int:
        return self.payload_type + 1
