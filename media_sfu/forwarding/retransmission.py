"""NACK and RTX (RFC 4585, RFC 4588): answering a subscriber, and finding out what a publisher must send again.

The sending side keeps, per packet, a reference to the input and the rewritten head (header and payload descriptor):
about 200 octets per subscriber and packet, where the rewritten packet itself would be six times as much.
"""

from struct import Struct

MAX_AGE = 2.0
PADDING_CHOICE = 8
"""How many of the newest packets padding is chosen from."""
MAX_PADDING = 255
MAX_RESENDS = 10
"""As often as browsers ask; three are not enough for 5 % loss: a packet in 8,000 stops a picture for seconds."""
MIN_REPEAT, MAX_REPEAT = 0.02, 0.5
"""Bounds, in seconds, of the round trip within which a repeated request is taken for the same one."""
SAME_REQUEST = 0.75
"""Of a round trip: browsers that only receive do not know it, take it for 100 ms, and may be right."""
BUDGET = 0.2
"""Retransmitted octets per octet sent."""
BURST = 65536
"""Octets of budget that may be saved up; a new subscription starts with half of it."""

NACK_DELAY = 0.015
MAX_TRIES = 10
MAX_GAP = 200
MAX_MISSING = 1000
MAX_NACK = 200
"""Sequence numbers in one request."""

_FIXED = Struct("!BBHII")
_WORD = Struct("!I")
_SHORT = Struct("!H")

# extended output number, sent at, header and descriptor, input packet, rest of the payload: start and end
Slot = tuple[int, float, bytes, bytes, int, int]


class RetransmissionBuffer:
    """The newest `capacity` (a power of two) packets of one subscription, written by its Rewriter into `slots`.

    `ssrc` is that of the RTX stream, whose payload type is the one after that of the media; `first_sequence` as for
    the Rewriter.
    """

    __slots__ = (
        "_allowance",
        "_earned_at",
        "_resent",
        "_sequence",
        "_ssrc",
        "mask",
        "octets",
        "packets",
        "slots",
    )

    def __init__(self, ssrc: int, first_sequence: int, *, capacity: int = 1024) -> None:
        self.mask = capacity - 1
        self.slots: list[Slot | None] = [None] * capacity
        self.packets = self.octets = 0
        self._ssrc, self._sequence = ssrc, first_sequence - 1
        self._resent: dict[int, tuple[int, float]] = {}
        self._allowance = BURST / 2
        self._earned_at = 0

    def answer(self, sequence: int, *, sent_octets: int, round_trip: float, stamp: int, now: float) -> bytes | None:
        """Build the RTX packet for a NACKed 16-bit number; None if there is nothing to send, or not again, or not yet.

        `sent_octets` is the Rewriter's `octets`, from which the budget grows; `round_trip` in seconds;
        `stamp` as for `Rewriter.rewrite`.
        """
        slot = self.slots[sequence & self.mask]
        if slot is None or slot[0] & 0xFFFF != sequence or now - slot[1] > MAX_AGE:
            return None
        count, last = self._resent.get(slot[0], (0, -MAX_AGE))
        if count >= MAX_RESENDS or now - last < SAME_REQUEST * min(max(round_trip, MIN_REPEAT), MAX_REPEAT):
            return None
        packet = self._build(slot, stamp)
        if not self._afford(len(packet), sent_octets):
            return None
        self._remember(slot[0], count + 1, now)
        return packet

    def pad(self, newest: int, *, stamp: int, now: float) -> bytes | None:
        """The largest of the last packets up to the extended number `newest` as RTX, whose only use is its size.

        It costs no budget and does not count as a resend. None while nothing was sent for a second.
        """
        recent = [self.slots[newest - back & self.mask] for back in range(PADDING_CHOICE)]
        fresh = [slot for slot in recent if slot is not None and now - slot[1] < 1.0]
        if not fresh:
            return None
        self.packets += 1
        return self._build(max(fresh, key=lambda slot: slot[5] - slot[4]), stamp)

    def blank(self, head: bytes) -> bytes:
        """An RTX packet of nothing but padding (RFC 3550 section 5.1), with what `head`, a Rewriter's, says."""
        self.packets += 1
        self._sequence += 1
        kind = (head[1] & 0x7F) + 1
        fixed = _FIXED.pack(0xB0, kind, self._sequence & 0xFFFF, _timestamp(head), self._ssrc)
        return fixed + head[12:20] + bytes(MAX_PADDING - 1) + bytes((MAX_PADDING,))

    def _build(self, slot: Slot, stamp: int) -> bytes:
        """RFC 4588 section 4: own header, the original sequence number, then the original payload."""
        number, _, head, data, start, end = slot
        self._sequence += 1
        size = 24 if head[15] == 2 else 20
        fixed = _FIXED.pack(0x90, head[1] + 1, self._sequence & 0xFFFF, _timestamp(head), self._ssrc)
        extension = head[12:17] + stamp.to_bytes(3, "big") + head[20:size]
        return fixed + extension + _SHORT.pack(number & 0xFFFF) + head[size:] + data[start:end]

    def _afford(self, size: int, sent_octets: int) -> bool:
        self._allowance = min(BURST, self._allowance + BUDGET * (sent_octets - self._earned_at))
        self._earned_at = sent_octets
        if self._allowance < size:
            return False
        self._allowance -= size
        self.packets += 1
        self.octets += size
        return True

    def _remember(self, number: int, count: int, now: float) -> None:
        if len(self._resent) > self.mask:
            self._resent = {key: entry for key, entry in self._resent.items() if now - entry[1] <= MAX_AGE}
        self._resent[number] = (count, now)


def _timestamp(head: bytes) -> int:
    (timestamp,) = _WORD.unpack_from(head, 4)
    return int(timestamp)


def unwrap_rtx(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give `(original sequence number, payload start)` of an RTX payload; None if it is a padding probe."""
    if end - start <= 2:
        return None
    return data[start] << 8 | data[start + 1], start + 2


class LossDetector:
    """The missing packets of one incoming video SSRC, and when to ask for them. Audio is not asked for again.

    `keyframe_needed` is set when there is too much missing to repair; the owner clears it when it has asked.
    """

    __slots__ = ("_highest", "_missing", "keyframe_needed")

    def __init__(self) -> None:
        self._highest = -1
        self._missing: dict[int, tuple[float, int]] = {}
        self.keyframe_needed = False

    def received(self, sequence: int, now: float, *, keyframe: bool = False) -> None:
        """Take the extended number of a packet, repaired ones included; `keyframe`: it starts one."""
        highest = self._highest
        if sequence <= highest:
            self._missing.pop(sequence, None)
        else:
            self._highest = sequence
            if sequence - highest > 1 and highest >= 0:
                self._open_gap(highest + 1, sequence, now)
        if keyframe and self._missing:
            self._missing = {number: entry for number, entry in self._missing.items() if number > sequence}

    def _open_gap(self, first: int, end: int, now: float) -> None:
        if end - first >= MAX_GAP or len(self._missing) + end - first > MAX_MISSING:
            self._missing.clear()
            self.keyframe_needed = True
            return
        entry = (now + NACK_DELAY, 0)
        for number in range(first, end):
            self._missing[number] = entry

    def due(self, now: float, round_trip: float) -> list[int]:
        """Give the 16-bit numbers to ask for now, oldest first, at most MAX_NACK; each again after a round trip."""
        if not self._missing:
            return []
        retry = now + min(max(round_trip, MIN_REPEAT), MAX_REPEAT)
        numbers: list[int] = []
        for number, (at, tries) in sorted(self._missing.items()):
            if at > now:
                continue
            if tries >= MAX_TRIES:
                del self._missing[number]
            elif len(numbers) < MAX_NACK:
                self._missing[number] = (retry, tries + 1)
                numbers.append(number & 0xFFFF)
        return numbers
