"""What the media workers carry, what they are about to carry, and whether there is room for more.

A worker tells how many packets per second it sends. That lags behind: who has come within the last seconds does not
send or see anything yet. So what is expected of a worker is the larger of what it tells and of a prediction: what it
tells, as far as people of before explain it, plus what those who are new will add.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from conferences.errors import MediaFull
from conferences.lookups import MEETINGS_ON_WORKERS
from conferences.models import MediaWorker, Meeting, Participant, ParticipantState
from conferences.wake import meeting_changed

FRESH = timedelta(seconds=10)
"""Until a worker's word has what a newcomer sends and sees."""
SILENT_AFTER = timedelta(seconds=10)
LATE_MS = 250.0
"""A loop that is always later than this takes nobody: sound suffers from 150 ms on."""
FIRST_PEOPLE = 4
"""A meeting that begins is taken for one of so many; those who are yet to come have cameras."""
VOICES, VOICE_PACKETS = 2, 50.0
LARGE_PACKETS, SMALL_PACKETS, SMALL_PICTURES = 110.0, 25.0, 8


def packets_per_second(people: int, cameras: int) -> float:
    """What a worker sends in a meeting of so many: everybody hears two others, sees one large and 8 small pictures.

    From measurements of 720p cameras in a page of the meeting; silence costs next to nothing.
    """
    cameras = min(cameras, people)
    others = max(0, people - 1)
    pictures = min(cameras, others)
    small = min(max(0, pictures - 1), SMALL_PICTURES)
    video = min(pictures, 1) * LARGE_PACKETS + small * SMALL_PACKETS
    return people * (min(others, VOICES) * VOICE_PACKETS + video)


def _predicted(people: int, cameras: int, *, is_new: bool) -> float:
    missing = max(0, FIRST_PEOPLE - people) if is_new else 0
    return packets_per_second(people + missing, cameras + missing)


@dataclass
class Expected:
    """By worker (its key): packets per second that people of before explain, that newcomers add, and meetings."""

    settled: Counter[int] = field(default_factory=Counter)
    coming: Counter[int] = field(default_factory=Counter)
    meetings: Counter[int] = field(default_factory=Counter)

    def of(self, worker: MediaWorker) -> float:
        """Packets per second."""
        predicted = min(worker.load, self.settled[worker.pk]) + self.coming[worker.pk]
        return max(worker.load, predicted)


def expected_loads(*, now: datetime) -> Expected:
    """What the meetings of all tenants make the workers carry."""
    found, since = Expected(), now - FRESH
    for worker, people, cameras, fresh_people, fresh_cameras, is_new in MEETINGS_ON_WORKERS.rows(*[since] * 5):
        before = packets_per_second(people - fresh_people, cameras - fresh_cameras)
        found.settled[worker] += round(before)
        found.coming[worker] += max(0, round(_predicted(people, cameras, is_new=bool(is_new)) - before))
        found.meetings[worker] += 1
    return found


def choose_worker(names: Iterable[str] | None = None, *, now: datetime) -> tuple[MediaWorker | None, float]:
    """The worker to place a meeting on, and what is expected of it now; None when there is none.

    `names`: those that the caller hears; without, all with a heartbeat. Holds all workers' rows until the transaction
    ends, so that processes that place different meetings at once choose one after the other and see each other's.
    """
    rows = list(in_service(now=now).select_for_update(no_key=True).order_by("name"))
    if names is not None:
        wanted = set(names)
        rows = [row for row in rows if row.name in wanted]
    expected = expected_loads(now=now)

    def rank(row: MediaWorker) -> tuple[bool, float, int, str]:
        return row.lag_ms > LATE_MS, expected.of(row), expected.meetings[row.pk], row.name

    chosen = min(rows, key=rank, default=None)
    return chosen, expected.of(chosen) if chosen is not None else 0.0


def in_service(*, now: datetime) -> QuerySet[MediaWorker]:
    """The workers that some web process hears and no operator drains."""
    return MediaWorker.objects.filter(draining=False, heartbeat_at__gt=now - SILENT_AFTER)


def move(meeting: Meeting, worker: MediaWorker, *, now: datetime) -> None:
    """Place the meeting; with a new epoch if it was placed before."""
    was_placed = bool(meeting.worker_epoch)
    meeting.worker, meeting.worker_epoch, meeting.placed_at = worker, worker.worker_epoch, now
    meeting.epoch += 1 if was_placed else 0
    meeting.save(update_fields=["worker", "worker_epoch", "epoch", "placed_at"])
    meeting_changed(meeting)


def require_capacity(meeting: Meeting, *, camera: bool, now: datetime) -> None:
    """Whether a worker can carry one more in the meeting; one that is nowhere yet is placed. Raises MediaFull.

    The caller holds the room's lock. Where no worker is known nobody is refused: media comes when one does.
    """
    if meeting.worker is None:
        _place_new(meeting, now=now)
        return
    worker = in_service(now=now).filter(pk=meeting.worker.pk, worker_epoch=meeting.worker_epoch).first()
    if worker is None:
        return
    people, cameras = _in_meeting(meeting)
    is_new = meeting.placed_at is not None and meeting.placed_at > now - FRESH
    more = _predicted(people + 1, cameras + camera, is_new=is_new) - _predicted(people, cameras, is_new=is_new)
    _require(worker, expected_loads(now=now).of(worker) + more)


def _place_new(meeting: Meeting, *, now: datetime) -> None:
    chosen, expected = choose_worker(now=now)
    if chosen is not None:
        _require(chosen, expected + packets_per_second(FIRST_PEOPLE, FIRST_PEOPLE))
        move(meeting, chosen, now=now)


def _require(worker: MediaWorker, packets: float) -> None:
    if packets > settings.MEDIA_CAPACITY or worker.lag_ms > LATE_MS:
        raise MediaFull


def _in_meeting(meeting: Meeting) -> tuple[int, int]:
    """How many are in, and how many of them have their cameras on."""
    inside = Participant.objects.filter(meeting=meeting, state=ParticipantState.JOINED)
    found = inside.aggregate(people=Count("pk"), cameras=Count("pk", filter=Q(muted__camera=False)))
    return found["people"], found["cameras"]
