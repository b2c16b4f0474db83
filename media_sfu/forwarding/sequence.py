"""Sequence numbers beyond 16 bits: the window of what has been received, and the map from input to output numbers."""

WINDOW = 1024
"""How far behind the newest a packet may come; SRTP numbers its packets safely within half of 65536."""
MAX_JUMP = 3000
"""A larger step is a restarted sender, not loss (MAX_DROPOUT of RFC 3550 appendix A.1)."""
MAX_RANGES = 32

_WINDOW_MASK = (1 << WINDOW) - 1


class SequenceWindow:
    """Extends the 16-bit sequence numbers of one incoming SSRC and refuses what it has seen.

    The refusal is a matter of security: two inputs on one output number would use one AES-GCM nonce twice.
    """

    __slots__ = ("_jumped_to", "_seen", "highest")

    def __init__(self) -> None:
        self.highest = -1
        self._seen = 0
        self._jumped_to = -1

    def accept(self, sequence: int) -> int | None:
        """Give the extended number, or None for a duplicate, a packet older than WINDOW or a first wild jump.

        After two successive numbers far from the rest the count goes on there, upwards: extended numbers never
        restart.
        """
        highest = self.highest
        if highest < 0:
            self.highest, self._seen = sequence, 1
            return sequence
        step = (sequence - highest + 0x8000 & 0xFFFF) - 0x8000
        if step > 0:
            if step > MAX_JUMP:
                return self._jump(sequence)
            self.highest = highest + step
            self._seen = (self._seen << step | 1) & _WINDOW_MASK
            return self.highest
        if step <= -WINDOW:
            return self._jump(sequence) if step < -MAX_JUMP else None
        bit = 1 << -step
        if self._seen & bit or highest + step < 0:
            return None
        self._seen |= bit
        return highest + step

    def _jump(self, sequence: int) -> int | None:
        if sequence != self._jumped_to:
            self._jumped_to = sequence + 1 & 0xFFFF
            return None
        self._jumped_to = -1
        self.highest += sequence - self.highest & 0xFFFF
        self._seen = 1
        return self.highest


class SequenceMap:
    """Maps extended input numbers to extended output numbers with offsets that depend on the position.

    Gaps survive, so that a receiver's NACK maps back; swallowed packets leave none; a packet that comes late gets the
    number kept free for it. Distinct inputs (SequenceWindow) never share an output number.
    """

    __slots__ = ("_earlier", "_first", "_highest", "_offset")

    def __init__(self) -> None:
        self._earlier: list[tuple[int, int]] = []
        self._first = self._highest = self._offset = 0

    def restart(self, sequence: int, number: int) -> None:
        """Let input `sequence` have `number`, and whatever is older have none: the first packet after a switch."""
        self._earlier.clear()
        self._first, self._highest, self._offset = sequence, sequence - 1, number - sequence

    def map(self, sequence: int) -> int | None:
        """Give the output number, None if it lies before the switch or too many ranges ago."""
        highest = self._highest
        if sequence > highest:
            if sequence - highest > MAX_JUMP:
                self.restart(sequence, highest + self._offset + 2)
            self._highest = sequence
            return sequence + self._offset
        if sequence >= self._first:
            return sequence + self._offset
        for first, offset in reversed(self._earlier):
            if sequence >= first:
                return sequence + offset
        return None

    def swallow(self, sequence: int) -> bool:
        """Take the number just mapped back, if it is the newest; False if it came too late for that."""
        if sequence != self._highest:
            return False
        # A range that held nothing but the packet now swallowed is replaced: runs of padding cost one entry.
        if sequence > self._first:
            self._earlier.append((self._first, self._offset))
            if len(self._earlier) >= MAX_RANGES:
                del self._earlier[0]
        self._first, self._offset = sequence + 1, self._offset - 1
        return True
