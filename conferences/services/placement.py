"""Which media worker carries which meeting.

A placement is a worker's name, the worker's start (`worker_epoch`) and the meeting's own `epoch`, which grows by one
with each re-placement. Processes that see a worker die at the same time agree through the row: the first moves the
meeting, the others find it moved.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.locks import count_alone
from conferences.models import MediaWorker, Meeting
from conferences.services.bars import barred_subjects
from conferences.services.capacity import choose_worker, expected_loads, move
from conferences.services.limits import RouterLimits, router_limits
from conferences.services.meetings import lock_room


@dataclass(frozen=True)
class WorkerReport:
    """What a web process knows of a worker. `load` is in outgoing packets per second, `lag_ms` how late its loop is.

    `answers` is false for a moment after the link was lost: the worker may be alive, but takes no new meetings.
    """

    name: str
    socket: str
    worker_epoch: str
    load: float
    draining: bool = False
    answers: bool = True
    lag_ms: float = 0.0
    routers: int = 0


@dataclass(frozen=True)
class Placement:
    """Where a meeting's router is to be: the arguments of `create_router`, and whether nothing is forwarded in it."""

    worker: str
    worker_epoch: str
    epoch: int
    bars: list[str]
    limits: RouterLimits
    frozen: bool


@dataclass(frozen=True)
class DrainOrder:
    """What a worker is to be told: to drain, or to take part again."""

    worker: str
    drain: bool


@transaction.atomic
def note_workers(reports: Iterable[WorkerReport], *, now: datetime) -> list[DrainOrder]:
    """Write the heartbeats of the workers that this process hears, in the order in which placements lock them.

    Returns what those are to be told that do not do yet what the operator wants.
    """
    answering = sorted((report for report in reports if report.answers), key=lambda report: report.name)
    orders = [_note_worker(report, now=now) for report in answering]
    return [order for order in orders if order is not None]


def _note_worker(report: WorkerReport, *, now: datetime) -> DrainOrder | None:
    row, is_first = MediaWorker.objects.get_or_create(name=report.name)
    if is_first or row.worker_epoch != report.worker_epoch:  # a restarted worker begins anew
        MediaWorker.objects.filter(pk=row.pk).update(draining=report.draining)
        row.draining = report.draining
    MediaWorker.objects.filter(pk=row.pk).update(
        socket=report.socket,
        worker_epoch=report.worker_epoch,
        load=report.load,
        lag_ms=report.lag_ms,
        routers=report.routers,
        heartbeat_at=now,
    )
    return DrainOrder(report.name, row.draining) if row.draining != report.draining else None


@transaction.atomic
def place_meeting(meeting: Meeting, *, workers: Collection[WorkerReport], now: datetime) -> Placement | None:
    """Where the meeting is, after moving it if it has to. A meeting that is under way is moved to a full worker too.

    A placement on a worker that has died or restarted is replaced (`epoch` + 1), one on a draining worker only when
    there is another. None when the meeting is over or there is no worker to move it to; it then stays where it is, for
    a process that hears more.
    """
    room = lock_room(meeting.room_id)
    locked = Meeting.objects.select_related("worker").get(pk=meeting.pk)
    if not locked.is_live:
        return None
    present = _report_of(locked, workers)
    if present is None or present.draining:
        chosen, _ = choose_worker((each.name for each in workers if each.answers and not each.draining), now=now)
        if chosen is None and present is None:
            return None
        if chosen is not None:
            move(locked, chosen, now=now)
    else:  # never beside the workers' rows: a join takes them in the other order
        count_alone(room.tenant)  # limits that change at this moment are read below, or find the meeting running
    assert locked.worker is not None
    where = (locked.worker.name, locked.worker_epoch, locked.epoch)
    return Placement(*where, barred_subjects(room), router_limits(room), frozen=locked.is_frozen)


def _report_of(meeting: Meeting, workers: Iterable[WorkerReport]) -> WorkerReport | None:
    """The worker that has the meeting's router, when it still is the same start of it."""
    if meeting.worker is None:
        return None
    place = (meeting.worker.name, meeting.worker_epoch)
    return next((report for report in workers if (report.name, report.worker_epoch) == place), None)


def order_drain(name: str, *, drain: bool) -> bool:
    """Mark a worker as draining, or as in service; the web processes tell it. False for an unknown one."""
    return bool(MediaWorker.objects.filter(name=name).update(draining=drain))


def worker_summary(*, now: datetime) -> list[dict[str, Any]]:
    """The workers for operators: name, last heartbeat, load as told and as expected, loop lag, draining, meetings.

    `meetings` are placed there; `routers` is what the worker still holds, also of meetings that are just moving away.
    """
    expected = expected_loads(now=now)
    return [
        {
            "worker": row.name,
            "heartbeat_at": row.heartbeat_at.isoformat() if row.heartbeat_at else None,
            "load": row.load,
            "expected_load": expected.of(row),
            "lag_ms": row.lag_ms,
            "draining": row.draining,
            "meetings": expected.meetings[row.pk],
            "routers": row.routers,
        }
        for row in MediaWorker.objects.order_by("name")
    ]
