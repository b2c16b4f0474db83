"""Which part of a layer's rate each of its temporal layers takes."""

from collections.abc import Sequence
from itertools import accumulate

from media_sfu.bandwidth.allocation import WHOLE

REMEMBERED = 0.8
"""What a second ago counts for: a keyframe belongs to the lowest temporal layer alone and does not come each second."""


class TemporalShares:
    """Of one incoming SSRC. `octets` counts what came by temporal layer, lowest first."""

    __slots__ = ("_before", "_recent", "octets", "values")

    def __init__(self) -> None:
        self.octets = [0] * len(WHOLE)
        self.values: Sequence[float] = WHOLE
        self._before = list(self.octets)
        self._recent = [0.0] * len(WHOLE)

    def measure(self) -> None:
        """Bring `values` up to date, each second: the share of the lowest, of the two lowest, …; the last is 1."""
        new = [octets - before for octets, before in zip(self.octets, self._before, strict=True)]
        self._before = list(self.octets)
        self._recent = [REMEMBERED * recent + came for recent, came in zip(self._recent, new, strict=True)]
        total = sum(self._recent)
        if total:
            self.values = tuple(min(1.0, octets / total) for octets in accumulate(self._recent))
