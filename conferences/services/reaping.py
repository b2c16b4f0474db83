"""What a crash leaves behind: closed by Celery beat, at the time somebody was last seen."""

from datetime import datetime, timedelta

from django.db import transaction

from audit.attendance import close_attendance, stale_attendances
from audit.models import LeaveReason
from conferences.models import Meeting, Participant
from conferences.services.meetings import leave_meeting, lock_room, settle
from tenants.context import tenant_context
from tenants.models import Tenant

SILENT_FOR = timedelta(seconds=90)
BATCH = 200


def reap_silent(tenant: Tenant, *, now: datetime) -> int:
    """Close the participants, attendances and meetings of `tenant` that were silent for 90 s. Returns how many."""
    with tenant_context(tenant):
        silent = Participant.objects.for_tenant(tenant).filter(left_at=None, last_seen_at__lt=now - SILENT_FOR)
        closed = [_reap(participant.pk, now=now) for participant in silent.order_by("last_seen_at")[:BATCH]]
        return sum(closed) + _close_orphans(tenant, now=now) + _end_empty(tenant, now=now)


@transaction.atomic
def _reap(participant_pk: int, *, now: datetime) -> bool:
    participant = Participant.objects.select_related("meeting").get(pk=participant_pk)
    lock_room(participant.meeting.room_id)
    participant.refresh_from_db(fields=["last_seen_at", "disconnected_at", "left_at"])
    if participant.left_at is not None or participant.last_seen_at >= now - SILENT_FOR:
        return False
    lost = participant.disconnected_at is not None
    reason = LeaveReason.CONNECTION_LOST if lost else LeaveReason.SERVER_RESTART
    leave_meeting(participant, reason=reason, left_at=participant.last_seen_at)
    return True


def _close_orphans(tenant: Tenant, *, now: datetime) -> int:
    """Attendances that stayed open although their participant is gone."""
    stale = stale_attendances(now=now, silent_for=SILENT_FOR).filter(tenant=tenant)
    present = Participant.objects.filter(left_at=None, public_id__in=[each.participant_id for each in stale[:BATCH]])
    alive = set(present.values_list("public_id", flat=True))
    closed = 0
    for attendance in stale[:BATCH]:
        if attendance.participant_id not in alive:
            reason = LeaveReason.SERVER_RESTART
            closed += close_attendance(attendance.participant_id, left_at=attendance.last_seen_at, reason=reason)
    return closed


def _end_empty(tenant: Tenant, *, now: datetime) -> int:
    live = Meeting.objects.for_tenant(tenant).filter(ended_at=None)
    empty = list(live.exclude(participants__left_at=None).select_related("room")[:BATCH])
    for meeting in empty:
        with transaction.atomic():
            lock_room(meeting.room_id)
            settle(Meeting.objects.select_related("room__tenant").get(pk=meeting.pk), now=now)
    return len(empty)
