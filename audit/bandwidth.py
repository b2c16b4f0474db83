"""Bandwidth: one sample per participant and minute, and the running totals of the attendance."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from audit.models import Attendance, BandwidthSample

BATCH = 100  # participants in one transaction: a sample and a total each, 200 rows
COUNTERS = ("bytes_in", "bytes_out", "packets_in", "packets_out")
Counts = list[int]  # in the order of COUNTERS


class BandwidthDelta(NamedTuple):
    """What was counted for one participant since the last call; `in` is towards the server. Bytes and packets ≥ 0."""

    participant_id: str
    bytes_in: int
    bytes_out: int
    packets_in: int
    packets_out: int


def add_bandwidth(deltas: Iterable[BandwidthDelta], *, now: datetime) -> None:
    """Add `deltas` to the samples of the minute of `now` and to the attendances' totals, ≤ 200 rows per transaction.

    Closed attendances still take their last counts. A participant without attendance is passed over:
    the others' counts matter more.
    """
    minute = now.replace(second=0, microsecond=0)
    merged = _merged(deltas)
    for start in range(0, len(merged), BATCH):
        _add_batch({delta.participant_id: delta for delta in merged[start : start + BATCH]}, minute=minute)


def _merged(deltas: Iterable[BandwidthDelta]) -> list[BandwidthDelta]:
    sums: dict[str, Counts] = defaultdict(lambda: [0, 0, 0, 0])
    for delta in deltas:
        sums[delta.participant_id] = _plus(sums[delta.participant_id], delta)
    return [BandwidthDelta(participant_id, *counts) for participant_id, counts in sorted(sums.items()) if any(counts)]


@transaction.atomic
def _add_batch(deltas: dict[str, BandwidthDelta], *, minute: datetime) -> None:
    # The attendances are locked in the order of their keys: two writers cannot deadlock, and nobody else
    # counts for a locked attendance, so what is read here is what the sums are written over.
    attendances = list(Attendance.objects.filter(participant_id__in=deltas).order_by("pk").select_for_update())
    so_far = _counts_so_far(attendances, minute)
    samples = [_sample(each, minute, _plus(so_far[each.pk], deltas[each.participant_id])) for each in attendances]
    BandwidthSample.objects.bulk_create(
        samples, update_conflicts=True, unique_fields=["attendance", "minute"], update_fields=COUNTERS
    )
    for attendance in attendances:
        attendance.bytes_in += deltas[attendance.participant_id].bytes_in
        attendance.bytes_out += deltas[attendance.participant_id].bytes_out
    Attendance.objects.bulk_update(attendances, ("bytes_in", "bytes_out"))


def _counts_so_far(attendances: list[Attendance], minute: datetime) -> defaultdict[int, Counts]:
    samples = BandwidthSample.objects.filter(attendance__in=attendances, minute=minute)
    found = {attendance_id: counts for attendance_id, *counts in samples.values_list("attendance_id", *COUNTERS)}
    return defaultdict(lambda: [0, 0, 0, 0], found)


def _plus(counts: Counts, delta: BandwidthDelta) -> Counts:
    return [count + more for count, more in zip(counts, delta[1:], strict=True)]


def _sample(attendance: Attendance, minute: datetime, counts: Counts) -> BandwidthSample:
    return BandwidthSample(
        tenant_id=attendance.tenant_id,
        attendance=attendance,
        minute=minute,
        room_id=attendance.room_id,
        room_name=attendance.room_name,
        login_id=attendance.login_id,
        name=attendance.name,
        ip_address=attendance.ip_address,
        **dict(zip(COUNTERS, counts, strict=True)),
    )
