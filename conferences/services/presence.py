"""Small facts about somebody who is in: socket lost, seen, muted, hand raised."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from audit.attendance import mark_seen
from audit.models import LeaveReason
from conferences.lookups import TENANTS_WITH_LOST_SOCKETS, TENANTS_WITH_SOCKETS
from conferences.models import Participant, Room
from conferences.services.limits import VIDEO_MBPS, require_showing
from conferences.services.meetings import leave_meeting, lock_room
from conferences.wake import meeting_changed
from tenants.context import tenant_context
from tenants.models import Tenant

RESUME_WITHIN = timedelta(seconds=60)
BATCH = 200


@transaction.atomic
def note_lost_socket(participant_id: str, *, now: datetime) -> None:
    """The socket is gone; the participant may come back within 60 s."""
    participant = _present(participant_id)
    if participant is None or participant.disconnected_at is not None:
        return
    participant.disconnected_at = participant.last_seen_at = now
    participant.save(update_fields=["disconnected_at", "last_seen_at"])
    meeting_changed(participant.meeting)


@transaction.atomic
def note_regained_socket(participant_id: str) -> None:
    participant = _present(participant_id)
    if participant is not None and participant.disconnected_at is not None:
        participant.disconnected_at = None
        participant.save(update_fields=["disconnected_at"])
        meeting_changed(participant.meeting)


def end_lost_presences(*, now: datetime) -> None:
    """Those of all tenants whose socket was lost more than 60 s ago have left, each in a transaction of its own."""
    for tenant in TENANTS_WITH_LOST_SOCKETS.tenants(now - RESUME_WITHIN):
        with tenant_context(tenant):
            lost = Participant.objects.for_tenant(tenant).filter(left_at=None, disconnected_at__lt=now - RESUME_WITHIN)
            pks = list(lost.order_by("pk").values_list("pk", flat=True)[:BATCH])
        for pk in pks:
            _end_lost_presence(tenant, pk, now=now)


def _end_lost_presence(tenant: Tenant, pk: int, *, now: datetime) -> None:
    """They have left at the moment the socket was lost, unless they came back meanwhile."""
    with tenant_context(tenant), transaction.atomic():
        participant = Participant.objects.select_related("meeting").get(pk=pk)
        lock_room(participant.meeting.room_id)
        participant.refresh_from_db(fields=["disconnected_at"])
        lost_at = participant.disconnected_at
        if lost_at is not None and lost_at < now - RESUME_WITHIN:
            leave_meeting(participant, reason=LeaveReason.CONNECTION_LOST, left_at=lost_at)


def orphan_presences(*, now: datetime) -> None:
    """This is the only web process and it has just started: nobody's socket can have survived."""
    for tenant in TENANTS_WITH_SOCKETS.tenants():
        with tenant_context(tenant):
            present = Participant.objects.for_tenant(tenant).filter(left_at=None, disconnected_at=None)
            present.update(disconnected_at=now)


def note_seen(participant_ids: Iterable[str], *, now: datetime) -> None:
    """These participants' sockets are open at `now`; in batches of ≤ 200 rows."""
    ids = sorted(participant_ids)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        with transaction.atomic():
            Participant.objects.filter(public_id__in=some, left_at=None).update(last_seen_at=now)
            mark_seen(some, now=now)


@transaction.atomic
def set_muted(participant_id: str, *, source: str, muted: bool) -> None:
    """Note what a participant does with their own source: of a host's mute they know now.

    Raises TooManyPublishers, BitrateLimit: it stays off.
    """
    room = _lock_room_of(participant_id) if source in VIDEO_MBPS and not muted else None
    participant = _present(participant_id)
    if participant is None:
        return
    if participant.muted.get(source) is muted and source not in participant.muted_by_host:
        return
    if room is not None:
        require_showing(participant, room, source)
    participant.muted = {**participant.muted, source: muted}
    participant.muted_by_host = [each for each in participant.muted_by_host if each != source]
    participant.save(update_fields=["muted", "muted_by_host"])
    meeting_changed(participant.meeting)


@transaction.atomic
def raise_hand(participant_id: str, *, raised: bool, now: datetime) -> None:
    """Raise or lower one's own hand; raising it twice keeps the first place in the order."""
    participant = _present(participant_id)
    if participant is None or (participant.hand_raised_at is not None) is raised:
        return
    participant.hand_raised_at = now if raised else None
    participant.save(update_fields=["hand_raised_at"])
    meeting_changed(participant.meeting)


def _lock_room_of(participant_id: str) -> Room | None:
    """Who decides by what the others do holds the room's lock before any row of it."""
    room_pk = Participant.objects.filter(public_id=participant_id).values_list("meeting__room_id", flat=True).first()
    return lock_room(room_pk) if room_pk is not None else None


def _present(participant_id: str) -> Participant | None:
    present = Participant.objects.select_for_update(no_key=True, of=("self",)).select_related("meeting")
    return present.filter(public_id=participant_id, left_at=None).first()
