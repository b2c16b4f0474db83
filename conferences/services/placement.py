"""Which media worker carries which meeting.

A placement is a worker's name, the worker's start (`worker_epoch`) and the meeting's own `epoch`, which grows by one
with each re-placement. Processes that see a worker die at the same time agree through the row: the first moves the
meeting, the others find it moved.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from conferences.lookups import MEETINGS_ON_WORKERS
from conferences.models import MediaWorker, Meeting
from conferences.services.bars import barred_subjects
from conferences.services.meetings import lock_room
from conferences.wake import meeting_changed


@dataclass(frozen=True)
class WorkerReport:
    """What a web process knows of a worker. `load` is in outgoing packets per second.

    `answers` is false for a moment after the link was lost: the worker may be alive, but takes no new meetings.
    """

    name: str
    socket: str
    worker_epoch: str
    load: float
    draining: bool = False
    answers: bool = True


@dataclass(frozen=True)
class Placement:
    """Where a meeting's router is to be: the arguments of `create_router`, and whether nothing is forwarded in it."""

    worker: str
    worker_epoch: str
    epoch: int
    bars: list[str]
    participant_limit: int
    frozen: bool


@transaction.atomic
def note_workers(reports: Iterable[WorkerReport], *, now: datetime) -> list[str]:
    """Write the heartbeats of the workers that this process hears.

    Returns the names of those that an operator has ordered to drain and that do not know it yet.
    """
    return [report.name for report in reports if report.answers and _note_worker(report, now=now)]


def _note_worker(report: WorkerReport, *, now: datetime) -> bool:
    row, _ = MediaWorker.objects.get_or_create(name=report.name)
    is_ordered = row.draining and row.worker_epoch == report.worker_epoch  # a restarted worker begins anew
    row.socket, row.worker_epoch, row.load = report.socket, report.worker_epoch, report.load
    row.heartbeat_at, row.draining = now, report.draining or is_ordered
    row.save(update_fields=["socket", "worker_epoch", "load", "heartbeat_at", "draining"])
    return is_ordered and not report.draining


@transaction.atomic
def place_meeting(meeting: Meeting, *, workers: Collection[WorkerReport]) -> Placement | None:
    """Where the meeting is, after moving it if it has to.

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
        chosen = _least_loaded(report for report in workers if report.answers and not report.draining)
        if chosen is None and present is None:
            return None
        if chosen is not None:
            _move(locked, chosen)
    assert locked.worker is not None
    bars = barred_subjects(room)
    where = (locked.worker.name, locked.worker_epoch, locked.epoch)
    return Placement(*where, bars, room.participant_limit, frozen=locked.is_frozen)


def _report_of(meeting: Meeting, workers: Iterable[WorkerReport]) -> WorkerReport | None:
    """The worker that has the meeting's router, when it still is the same start of it."""
    if meeting.worker is None:
        return None
    place = (meeting.worker.name, meeting.worker_epoch)
    return next((report for report in workers if (report.name, report.worker_epoch) == place), None)


def _least_loaded(workers: Iterable[WorkerReport]) -> MediaWorker | None:
    """By load; the number of meetings decides between heartbeats."""
    names, in_progress = [report.name for report in workers], _meetings_by_worker()
    rows = MediaWorker.objects.filter(name__in=names, draining=False)
    return min(rows, key=lambda row: (row.load, in_progress[row.pk], row.name), default=None)


def _meetings_by_worker() -> Counter[int]:
    """How many meetings of all tenants each worker carries, by its key."""
    return Counter({row[0]: row[1] for row in MEETINGS_ON_WORKERS.rows()})


def _move(meeting: Meeting, worker: MediaWorker) -> None:
    was_placed = bool(meeting.worker_epoch)
    meeting.worker, meeting.worker_epoch = worker, worker.worker_epoch
    meeting.epoch += 1 if was_placed else 0
    meeting.save(update_fields=["worker", "worker_epoch", "epoch"])
    meeting_changed(meeting)


def order_drain(name: str) -> bool:
    """Mark a worker as draining; the web processes tell it and move its meetings. False for an unknown one."""
    return bool(MediaWorker.objects.filter(name=name).update(draining=True))


def worker_summary() -> list[dict[str, Any]]:
    """The workers for operators: name, last heartbeat, load, whether draining, how many meetings."""
    in_progress = _meetings_by_worker()
    return [
        {
            "worker": row.name,
            "heartbeat_at": row.heartbeat_at.isoformat() if row.heartbeat_at else None,
            "load": row.load,
            "draining": row.draining,
            "meetings": in_progress[row.pk],
        }
        for row in MediaWorker.objects.order_by("name")
    ]
