"""Which media worker carries which meeting.

A placement is a worker's name, the worker's start (`worker_epoch`) and the meeting's own `epoch`, which grows by one
with each re-placement. Processes that see a worker die at the same time agree through the row: the first moves the
meeting, the others find it moved.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from conferences.models import MediaWorker, Meeting
from conferences.services.bars import barred_subjects
from conferences.services.meetings import lock_room
from conferences.wake import meeting_changed


@dataclass(frozen=True)
class WorkerReport:
    """What is known of a worker at a heartbeat. `load` is in outgoing packets per second."""

    name: str
    socket: str
    worker_epoch: str
    load: float
    draining: bool


@dataclass(frozen=True)
class Placement:
    """Where a meeting's router is to be: the arguments of `create_router`."""

    worker: str
    worker_epoch: str
    epoch: int
    bars: list[str]
    participant_limit: int


@transaction.atomic
def note_workers(reports: Collection[WorkerReport], *, now: datetime) -> None:
    """Write the heartbeats of the workers that this process hears."""
    for report in reports:
        MediaWorker.objects.update_or_create(
            name=report.name,
            defaults={
                "socket": report.socket,
                "worker_epoch": report.worker_epoch,
                "heartbeat_at": now,
                "load": report.load,
                "draining": report.draining,
            },
        )


def note_worker_lost(name: str, *, worker_epoch: str) -> None:
    """The worker of this start no longer answers: it is not ready any more."""
    MediaWorker.objects.filter(name=name, worker_epoch=worker_epoch).update(heartbeat_at=None)


@transaction.atomic
def place_meeting(meeting: Meeting, *, live: dict[str, str], avoid: Collection[str] = ()) -> Placement | None:
    """Where the meeting is, after moving it if it has to.

    `live`: name → start of the workers that answer this process; `avoid`: those of them that take no new meetings. A
    placement on a worker that has died or restarted is replaced (`epoch` + 1), one on an avoided worker only when there
    is another. None when the meeting is over or no worker is live: it is then placed nowhere.
    """
    room = lock_room(meeting.room_id)
    locked = Meeting.objects.select_related("worker").get(pk=meeting.pk)
    if not locked.is_live:
        return None
    is_there = locked.worker is not None and live.get(locked.worker.name) == locked.worker_epoch
    must_move = not is_there or (locked.worker is not None and locked.worker.name in avoid)
    if must_move:
        chosen = _least_loaded(set(live) - set(avoid))
        if chosen is None and not is_there:
            _placed_nowhere(locked)
            return None
        if chosen is not None:
            _move(locked, chosen, live[chosen.name])
    assert locked.worker is not None
    bars = barred_subjects(room)
    return Placement(locked.worker.name, locked.worker_epoch, locked.epoch, bars, room.participant_limit)


def _least_loaded(names: Collection[str]) -> MediaWorker | None:
    """By load; the number of meetings decides between heartbeats."""
    in_progress = Count("meetings", filter=Q(meetings__ended_at=None))
    workers = MediaWorker.objects.filter(name__in=names).annotate(in_progress=in_progress)
    return workers.order_by("load", "in_progress", "name").first()


def _move(meeting: Meeting, worker: MediaWorker, worker_epoch: str) -> None:
    was_placed = bool(meeting.worker_epoch)
    meeting.worker, meeting.worker_epoch = worker, worker_epoch
    meeting.epoch += 1 if was_placed else 0
    meeting.save(update_fields=["worker", "worker_epoch", "epoch"])
    meeting_changed(meeting)


def _placed_nowhere(meeting: Meeting) -> None:
    if meeting.worker_id is not None:
        meeting.worker = None  # `worker_epoch` stays: the next placement is a re-placement
        meeting.save(update_fields=["worker"])


def order_drain(name: str) -> bool:
    """Mark a worker as draining; the web processes tell it and move its meetings. False for an unknown one."""
    return bool(MediaWorker.objects.filter(name=name).update(draining=True))


def live_routers(worker: str) -> dict[str, int]:
    """The routers that belong on a worker: meeting id → epoch."""
    meetings = Meeting.objects.filter(worker__name=worker, ended_at=None)
    return dict(meetings.values_list("public_id", "epoch"))
