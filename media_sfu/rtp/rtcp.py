"""RTCP (RFC 3550 section 6, RFC 4585, RFC 5104, REMB, transport-wide feedback): bounded parser and builders.

aiortc's parser reads transport-cc feedback as NACKs and drops whole compounds, so this is our own. Unknown blocks and
blocks whose inside is malformed are skipped; only a broken framing raises RtcpError.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from media_sfu.rtp.packet import RtpError

MAX_BLOCKS = 64
MAX_COMPOUND = 1500
MAX_NACKED = 512
"""Lost sequence numbers read from one NACK block; what stands behind them is ignored."""

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, BYE = 200, 201, 202, 203
TRANSPORT_LAYER, PAYLOAD_SPECIFIC = 205, 206

_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_REPORT = struct.Struct("!IIIIII")
_WORD = struct.Struct("!I")
_PAIR = struct.Struct("!II")
_LOST = struct.Struct("!HH")


class RtcpError(RtpError):
    """An RTCP compound whose framing is broken."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One reception report. `fraction_lost` in 1/256, `jitter` in timestamp units, `delay` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sender_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """`ntp` is the 64-bit fixed-point time."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    reports: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """CNAMEs only: `(ssrc, cname)`."""

    cnames: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Generic NACK; `sequences` are 16-bit numbers in the order of the block."""

    sender: int
    media: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLossIndication:
    sender: int
    media: int


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    """`requests`: `(ssrc, command sequence number)`."""

    sender: int
    requests: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ReceiverEstimatedBitrate:
    """REMB; `bitrate` in bit/s."""

    sender: int
    bitrate: int
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Transport-wide feedback; `information` is read by `bandwidth.feedback.parse_feedback`."""

    sender: int
    media: int
    information: bytes


Block = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Bye
    | Nack
    | PictureLossIndication
    | FullIntraRequest
    | ReceiverEstimatedBitrate
    | TransportFeedback
)


class _Malformed(Exception):
    """The inside of one block cannot be read; the block is skipped."""


def parse_compound(data: bytes) -> list[Block]:
    """Read a compound or reduced-size packet (RFC 5506), at most MAX_COMPOUND octets and MAX_BLOCKS blocks.

    Raises RtcpError.
    """
    size = len(data)
    if not 4 <= size <= MAX_COMPOUND:
        raise RtcpError("length")
    blocks: list[Block] = []
    start = 0
    for _ in range(MAX_BLOCKS):
        if start + 4 > size:
            raise RtcpError("short block")
        first, kind, words = _HEADER.unpack_from(data, start)
        end = start + 4 + 4 * words
        if first & 0xC0 != 0x80 or end > size:
            raise RtcpError("version" if end <= size else "block beyond the end")
        block = _read(kind, first & 31, _unpadded(data, start + 4, end) if first & 32 else data[start + 4 : end])
        if block is not None:
            blocks.append(block)
        if end == size:
            return blocks
        start = end
    raise RtcpError("too many blocks")


def _unpadded(data: bytes, start: int, end: int) -> bytes:
    count = data[end - 1]
    return data[start : end - count] if 0 < count <= end - start else b""


def _read(kind: int, count: int, body: bytes) -> Block | None:
    reader = _READERS.get(kind)
    if reader is None:
        return None
    try:
        return reader(count, body)
    except (_Malformed, struct.error, IndexError):
        return None


def _sender_report(count: int, body: bytes) -> SenderReport:
    ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _reports(count, body, 24))


def _receiver_report(count: int, body: bytes) -> ReceiverReport:
    return ReceiverReport(_WORD.unpack_from(body)[0], _reports(count, body, 4))


def _reports(count: int, body: bytes, start: int) -> tuple[ReportBlock, ...]:
    return tuple(_report(*_REPORT.unpack_from(body, start + 24 * index)) for index in range(count))


def _report(ssrc: int, loss: int, highest: int, jitter: int, last: int, delay: int) -> ReportBlock:
    lost = loss & 0xFFFFFF
    if lost & 0x800000:
        lost -= 0x1000000
    return ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last, delay)


def _source_description(count: int, body: bytes) -> SourceDescription:
    cnames: list[tuple[int, bytes]] = []
    start = 0
    for _ in range(count):
        (ssrc,) = _WORD.unpack_from(body, start)
        start += 4
        while body[start]:
            length = body[start + 1]
            if start + 2 + length > len(body):
                raise _Malformed
            if body[start] == 1:
                cnames.append((ssrc, body[start + 2 : start + 2 + length]))
            start += 2 + length
        start = start // 4 * 4 + 4
    return SourceDescription(tuple(cnames))


def _bye(count: int, body: bytes) -> Bye:
    return Bye(tuple(_WORD.unpack_from(body, 4 * index)[0] for index in range(count)))


def _transport_layer(form: int, body: bytes) -> Block | None:
    if form not in (1, 15):
        return None
    sender, media = _PAIR.unpack_from(body)
    if form == 15:
        return TransportFeedback(sender, media, body[8:])
    return Nack(sender, media, _lost_sequences(body))


def _lost_sequences(body: bytes) -> tuple[int, ...]:
    lost: list[int] = []
    for start in range(8, len(body) - 3, 4):
        first, following = _LOST.unpack_from(body, start)
        lost.append(first)
        while following:
            lowest = following & -following
            lost.append(first + lowest.bit_length() & 0xFFFF)
            following ^= lowest
        if len(lost) >= MAX_NACKED:
            break
    return tuple(lost[:MAX_NACKED])


def _payload_specific(form: int, body: bytes) -> Block | None:
    if form not in (1, 4, 15):
        return None
    sender, media = _PAIR.unpack_from(body)
    if form == 1:
        return PictureLossIndication(sender, media)
    if form == 4:
        return FullIntraRequest(
            sender, tuple((_WORD.unpack_from(body, at)[0], body[at + 4]) for at in range(8, len(body) - 7, 8))
        )
    return _estimated_bitrate(sender, body) if body[8:12] == b"REMB" else None


def _estimated_bitrate(sender: int, body: bytes) -> ReceiverEstimatedBitrate:
    """draft-alvestrand-rmcat-remb-03: count (8), exponent (6), mantissa (18), SSRCs."""
    (packed,) = _WORD.unpack_from(body, 12)
    ssrcs = tuple(_WORD.unpack_from(body, 16 + 4 * index)[0] for index in range(packed >> 24))
    return ReceiverEstimatedBitrate(sender, (packed & 0x3FFFF) << (packed >> 18 & 63), ssrcs)


_READERS: dict[int, Callable[[int, bytes], Block | None]] = {
    SENDER_REPORT: _sender_report,
    RECEIVER_REPORT: _receiver_report,
    SOURCE_DESCRIPTION: _source_description,
    BYE: _bye,
    TRANSPORT_LAYER: _transport_layer,
    PAYLOAD_SPECIFIC: _payload_specific,
}


def sender_report(
    ssrc: int, *, ntp: int, rtp_timestamp: int, packets: int, octets: int, reports: Sequence[ReportBlock] = ()
) -> bytes:
    """Build a sender report; the counters wrap at 32 bits, at most 31 reports."""
    body = _SENDER.pack(ssrc, ntp, rtp_timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _build(SENDER_REPORT, len(reports), body + b"".join(map(_pack_report, reports)))


def receiver_report(ssrc: int, reports: Sequence[ReportBlock]) -> bytes:
    """Build a receiver report with at most 31 reports."""
    return _build(RECEIVER_REPORT, len(reports), _WORD.pack(ssrc) + b"".join(map(_pack_report, reports)))


def source_description(ssrc: int, cname: bytes) -> bytes:
    """Build an SDES with one CNAME of at most 255 octets."""
    chunk = _WORD.pack(ssrc) + bytes((1, len(cname))) + cname + b"\0"
    return _build(SOURCE_DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def bye(ssrcs: Sequence[int]) -> bytes:
    """Build a BYE for at most 31 sources."""
    return _build(BYE, len(ssrcs), b"".join(map(_WORD.pack, ssrcs)))


def picture_loss_indication(sender: int, media: int) -> bytes:
    """Build a PLI: ask `media` for a keyframe."""
    return _build(PAYLOAD_SPECIFIC, 1, _PAIR.pack(sender, media))


def nack(sender: int, media: int, sequences: Iterable[int]) -> bytes:
    """Build a generic NACK of 16-bit sequence numbers given oldest first (RFC 4585 section 6.2.1)."""
    items: list[tuple[int, int]] = []
    for sequence in sequences:
        distance = sequence - items[-1][0] & 0xFFFF if items else 0
        if items and 1 <= distance <= 16:
            items[-1] = (items[-1][0], items[-1][1] | 1 << distance - 1)
        else:
            items.append((sequence, 0))
    return _build(TRANSPORT_LAYER, 1, _PAIR.pack(sender, media) + b"".join(_LOST.pack(*item) for item in items))


def transport_feedback(sender: int, media: int, information: bytes) -> bytes:
    """Wrap what `bandwidth.feedback` built; `information` is a multiple of four octets."""
    return _build(TRANSPORT_LAYER, 15, _PAIR.pack(sender, media) + information)


def _build(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _pack_report(report: ReportBlock) -> bytes:
    return _REPORT.pack(
        report.ssrc,
        report.fraction_lost << 24 | report.lost & 0xFFFFFF,
        report.highest_sequence & 0xFFFFFFFF,
        report.jitter & 0xFFFFFFFF,
        report.last_sender_report,
        report.delay,
    )
