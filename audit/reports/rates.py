"""Bytes as kilobits per second. In: towards the server; out: from it."""

from datetime import datetime
from typing import NamedTuple

from audit.models import Attendance, BandwidthSample


class Rates(NamedTuple):
    incoming: float
    outgoing: float


def kbps(stay: Attendance) -> Rates:
    """Averages over the stay, or over what of it has passed when it goes on (until it was last seen)."""
    end: datetime = stay.left_at or stay.last_seen_at
    seconds = max((end - stay.joined_at).total_seconds(), 1)
    return Rates(_kbps(stay.bytes_in, seconds), _kbps(stay.bytes_out, seconds))


def kbps_of_minute(sample: BandwidthSample) -> Rates:
    return Rates(_kbps(sample.bytes_in, 60), _kbps(sample.bytes_out, 60))


def _kbps(count: int, seconds: float) -> float:
    return round(count * 8 / 1000 / seconds, 1)
