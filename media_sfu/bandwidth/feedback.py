"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1).

Times are counted in ticks of 250 µs; the reference time of a feedback is a multiple of 256 ticks (64 ms).
"""

from struct import Struct
from typing import NamedTuple

from media_sfu.rtp.rtcp import RtcpError

TICKS_PER_SECOND = 4000
REFERENCE = 256
_CYCLE = REFERENCE << 24
_HALF_CYCLE = _CYCLE // 2

MAX_STATUSES = 400
"""Packets in one feedback; with two octets for each it still fits a datagram."""
MAX_RANGE = 2000
"""Packets reported at once; what lies further back is left out."""
KEPT = 500
"""How far back, in packets, a late arrival is still reported."""

_HEAD = Struct("!HHI")
_SHORT = Struct("!H")
_SIGNED = Struct("!h")

_ABSENT, _SMALL, _LARGE, _RESERVED = 0, 1, 2, 3


class FeedbackGenerator:
    """Collects the arrivals on one publish transport and reports them every 50–100 ms."""

    __slots__ = ("_arrivals", "_count", "_highest", "_next")

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}
        self._highest = -1
        self._next = 0
        self._count = 0

    def arrived(self, sequence: int, now: float) -> None:
        """Note a transport-wide sequence number (16 bits), of audio and retransmissions too."""
        highest = self._highest
        if highest < 0:
            # One cycle up, so that what was sent before the first arrival has a positive number too.
            self._highest = self._next = number = sequence + 0x10000
        else:
            number = highest + (sequence - highest + 0x8000 & 0xFFFF) - 0x8000
            if number > highest:
                self._highest = number
            elif number <= highest - KEPT:
                return
            elif number < self._next:
                self._next = number
        if number not in self._arrivals and len(self._arrivals) < MAX_RANGE + KEPT:
            self._arrivals[number] = int(now * TICKS_PER_SECOND)

    def build(self) -> list[bytes]:
        """Give the feedback messages since the last call, each for `rtcp.transport_feedback`; [] if nothing came."""
        end = self._highest + 1
        first = max(self._next, end - MAX_RANGE)
        messages: list[bytes] = []
        while first < end:
            message, first = self._message(first, min(end, first + MAX_STATUSES))
            messages.append(message)
        self._next = end
        if len(self._arrivals) > 2 * KEPT:  # now and then: the walk costs more than what it frees
            self._arrivals = {number: at for number, at in self._arrivals.items() if number >= end - KEPT}
        return messages

    def _message(self, first: int, end: int) -> tuple[bytes, int]:
        """Build one message from `first` on; the second value is where the next one begins."""
        arrivals = self._arrivals
        start = next((arrivals[number] for number in range(first, end) if number in arrivals), 0)
        reference = start // REFERENCE
        tick = reference * REFERENCE
        statuses: list[int] = []
        deltas = bytearray()
        for number in range(first, end):
            at = arrivals.get(number)
            if at is None:
                statuses.append(_ABSENT)
                continue
            delta, tick = at - tick, at
            if 0 <= delta <= 255:
                statuses.append(_SMALL)
                deltas.append(delta)
            elif -32768 <= delta <= 32767:
                statuses.append(_LARGE)
                deltas += _SIGNED.pack(delta)
            else:
                break
        head = _HEAD.pack(first & 0xFFFF, len(statuses), (reference & 0xFFFFFF) << 8 | self._count & 255)
        self._count += 1
        message = head + _chunks(statuses) + deltas
        return message + bytes(-len(message) % 4), first + len(statuses)


def _chunks(statuses: list[int]) -> bytes:
    """Pack the statuses: run lengths where they pay, else one- or two-bit vectors."""
    chunks = bytearray()
    at, size = 0, len(statuses)
    while at < size:
        run = _run_length(statuses, at)
        window = statuses[at : at + 14]
        if run >= (7 if _LARGE in window else 14) or at + run == size:
            chunks += _SHORT.pack(statuses[at] << 13 | run)
            at += run
        elif _LARGE in window:
            chunks += _SHORT.pack(0xC000 | _vector(window[:7], 7, 2))
            at += 7
        else:
            chunks += _SHORT.pack(0x8000 | _vector(window, 14, 1))
            at += 14
    return bytes(chunks)


def _run_length(statuses: list[int], start: int) -> int:
    status = statuses[start]
    end = start + 1
    while end < len(statuses) and statuses[end] == status:
        end += 1
    return end - start


def _vector(statuses: list[int], places: int, bits: int) -> int:
    value = 0
    for status in statuses:
        value = value << bits | status
    return value << bits * (places - len(statuses))


class Feedback(NamedTuple):
    """One message read back: `arrivals` has `(16-bit sequence, tick)` of what arrived, oldest number first.

    The ticks count from zero of the 24-bit reference time, which wraps after 12.4 days; `ReceiverClock` unwraps it.
    """

    base_sequence: int
    status_count: int
    feedback_count: int
    arrivals: list[tuple[int, int]]


def parse_feedback(information: bytes) -> Feedback:
    """Read what `TransportFeedback.information` holds. The work is bounded by its size. Raises RtcpError."""
    if len(information) < 8:
        raise RtcpError("short feedback")
    base, count, packed = _HEAD.unpack_from(information)
    chunks, at = _read_chunks(information, count)
    tick = (packed >> 8) * REFERENCE
    arrivals: list[tuple[int, int]] = []
    for index, statuses in chunks:
        if at + sum(statuses) > len(information):  # a status is the number of octets of its delta
            raise RtcpError("feedback deltas beyond the end")
        for number, status in enumerate(statuses, base + index):
            if status == _SMALL:
                tick += information[at]
            elif status == _LARGE:
                tick += _SIGNED.unpack_from(information, at)[0]
            else:
                continue
            at += status
            arrivals.append((number & 0xFFFF, tick))
    return Feedback(base, count, packed & 255, arrivals)


class ReceiverClock:
    """The receiver's time over all feedbacks of one transport: the reference time starts anew every 12.4 days (24 bits
    of 64 ms), of the receiver's clock and not of the meeting.
    """

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: int | None = None  # the first tick of the last feedback, unwrapped

    def times(self, arrivals: list[tuple[int, int]]) -> list[tuple[int, float]]:
        """Give `Feedback.arrivals` with seconds that go on where the reference time wraps, from an unknown origin on.

        Of the two ways to a tick the shorter one is taken, so a reordered feedback goes back. Never raises: a client
        that jumps gets times that jump.
        """
        if not arrivals:
            return []
        first = arrivals[0][1]
        newest = first if self._newest is None else self._newest
        self._newest = newest + (first - newest + _HALF_CYCLE) % _CYCLE - _HALF_CYCLE
        ahead = self._newest - first
        return [(number, (tick + ahead) / TICKS_PER_SECOND) for number, tick in arrivals]


def _read_chunks(information: bytes, count: int) -> tuple[list[tuple[int, bytes]], int]:
    """Give `(index, statuses)` of each chunk in which something arrived, and where the deltas begin."""
    chunks: list[tuple[int, bytes]] = []
    at, index = 8, 0
    while index < count:
        if at + 2 > len(information):
            raise RtcpError("feedback chunks beyond the end")
        chunk = information[at] << 8 | information[at + 1]
        at += 2
        if chunk & 0x8000:
            statuses = _read_vector(chunk)[: count - index]
            if any(statuses):
                chunks.append((index, statuses))
            index += 7 if chunk & 0x4000 else 14
        else:
            run, status = min(chunk & 0x1FFF, count - index), chunk >> 13
            if status and run > len(information):
                raise RtcpError("feedback deltas beyond the end")
            if status and run:
                chunks.append((index, bytes((status,)) * run))
            index += chunk & 0x1FFF
    if any(_RESERVED in statuses for _, statuses in chunks):
        raise RtcpError("reserved feedback status")
    return chunks, at


_SEVEN_OF_ONE = [bytes(value >> place & 1 for place in range(6, -1, -1)) for value in range(128)]
_FOUR_OF_TWO = [bytes(value >> place & 3 for place in (6, 4, 2, 0)) for value in range(256)]


def _read_vector(chunk: int) -> bytes:
    """The statuses of a vector: seven of two bits, or fourteen of one."""
    if chunk & 0x4000:
        return (_FOUR_OF_TWO[chunk >> 8 & 63] + _FOUR_OF_TWO[chunk & 255])[1:]
    return _SEVEN_OF_ONE[chunk >> 7 & 127] + _SEVEN_OF_ONE[chunk & 127]
