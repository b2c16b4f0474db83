"""Leaving out the pictures of higher temporal layers, so that what remains can be decoded and is numbered without gaps.

Temporal layers are counted from 0, the lowest (TID of RFC 7741 section 4.2).
"""

WINDOW = 256
"""How many pictures back a late packet is still judged as the rest of its picture was."""
HIGHEST = 3
"""The largest temporal layer that a descriptor can name: level HIGHEST leaves nothing out."""

_WINDOW_MASK = (1 << WINDOW) - 1


class Thinning:
    """Judges the pictures of one layer for one subscriber.

    Begins in the middle of a stream, after the picture `newest`, all of which has passed; `mask` is that of the
    PictureID (0x7F or 0x7FFF). What is above `level` goes at once; it comes back at a keyframe, or one layer at a time
    at a picture that depends on the lowest only.
    """

    __slots__ = ("_highest", "_left_out", "_mask", "_passed", "_total", "current", "level")

    def __init__(self, newest: int, mask: int) -> None:
        self.level = self.current = HIGHEST
        self._highest, self._mask = newest, mask
        self._passed, self._left_out = 1, 0  # bit n: the picture n before the highest
        self._total = 0  # left out so far

    def judge(self, picture: int, temporal: int, *, sync: bool, keyframe: bool) -> int | None:
        """By how much the number of this picture moves back; None when it is left out.

        All packets of a picture are judged alike. `sync`: it depends on the lowest temporal layer only.
        """
        half = self._mask >> 1
        step = (picture - self._highest + half & self._mask) - half
        if step > 0:
            return self._judge_next(step, temporal, sync=sync, keyframe=keyframe)
        if step <= -WINDOW:
            return None
        bit = 1 << -step
        if self._left_out & bit:
            return None
        if not self._passed & bit:
            if temporal > self.current:  # it came late: its number stays free
                return None
            self._passed |= bit
        return self._total - (self._left_out & bit - 1).bit_count()

    def _judge_next(self, step: int, temporal: int, *, sync: bool, keyframe: bool) -> int | None:
        self._highest = self._highest + step & self._mask
        self._passed = self._passed << step & _WINDOW_MASK
        self._left_out = self._left_out << step & _WINDOW_MASK
        self._follow_level(temporal, sync=sync, keyframe=keyframe)
        if temporal > self.current:
            self._left_out |= 1
            self._total += 1
            return None
        self._passed |= 1
        return self._total

    def _follow_level(self, temporal: int, *, sync: bool, keyframe: bool) -> None:
        if self.level < self.current or keyframe:
            self.current = self.level
        elif sync and temporal == self.current + 1 <= self.level:
            self.current = temporal
