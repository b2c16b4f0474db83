"""Attendance: one row per participant's stay, open at join, closed at leave, each with its event.

The events carry what the row says, so that `verify_audit` finds a row that was changed (audit/comparison.py).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from audit.events import Actor, record_event
from audit.models import Attendance, LeaveReason
from tenants.models import Tenant

BATCH = 200


@transaction.atomic
def open_attendance(
    tenant: Tenant,
    *,
    meeting_id: str,
    room_id: str,
    room_name: str,
    participant_id: str,
    user_id: str,
    login_id: str,
    name: str,
    is_guest: bool,
    ip_address: str | None,
    user_agent: str,
    joined_at: datetime,
) -> Attendance:
    """Record that a participant came in. `IntegrityError` when that participant already has an attendance."""
    _refuse_second(participant_id)
    attendance = Attendance.objects.create(
        tenant=tenant,
        meeting_id=meeting_id,
        room_id=room_id,
        room_name=room_name[:100],
        participant_id=participant_id,
        user_id=user_id,
        login_id=login_id,
        name=name[:100],
        is_guest=is_guest,
        ip_address=ip_address or None,
        user_agent=user_agent[:300],
        joined_at=joined_at,
        last_seen_at=joined_at,
    )
    details = {"login_id": login_id, "is_guest": is_guest, "user_agent": attendance.user_agent}
    _record(attendance, "attendance_opened", actor=_participant(attendance), details=details, now=joined_at)
    return attendance


def mark_seen(participant_ids: Iterable[str], *, now: datetime) -> None:
    """Note that these participants are there at `now`: where a crash would close their open attendance."""
    for some in _batches(sorted(set(participant_ids))):
        with transaction.atomic():
            seen = Attendance.objects.filter(participant_id__in=some, left_at=None, last_seen_at__lt=now)
            locked = list(seen.order_by("pk").select_for_update().values_list("pk", flat=True))
            Attendance.objects.filter(pk__in=locked).update(last_seen_at=now)


def note_reconnect(participant_id: str, *, now: datetime) -> None:
    """Count a reconnect of a stay that goes on; a closed stay stays as it is."""
    Attendance.objects.filter(participant_id=participant_id, left_at=None).update(
        reconnects=F("reconnects") + 1, last_seen_at=now
    )


@transaction.atomic
def close_attendance(participant_id: str, *, left_at: datetime, reason: str, ended_by: str = "") -> bool:
    """Close the participant's open attendance; whether this call closed it (the second of two does nothing).

    `reason` is a `LeaveReason`; `ended_by` the name of whoever ended it, empty when the participant did.
    """
    attendance = Attendance.objects.select_for_update().filter(participant_id=participant_id, left_at=None).first()
    if attendance is None:
        return False
    attendance.left_at = max(left_at, attendance.joined_at)
    attendance.leave_reason = LeaveReason(reason)
    attendance.ended_by = ended_by[:200]
    attendance.save(update_fields=["left_at", "leave_reason", "ended_by"])
    _record_close(attendance)
    return True


def stale_attendances(*, now: datetime, silent_for: timedelta) -> QuerySet[Attendance]:
    """Open attendances of which nothing was heard for `silent_for`, the longest silent first: the reaper's work."""
    return Attendance.objects.filter(left_at=None, last_seen_at__lt=now - silent_for).order_by("last_seen_at", "pk")


def _refuse_second(participant_id: str) -> None:
    """PostgreSQL keeps `participant_id` unique within a month only. The lock is for two at the same moment."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"attendance of {participant_id}"])
    if Attendance.objects.filter(participant_id=participant_id).exists():
        raise IntegrityError(f"The participant {participant_id} already has an attendance.")


def _record_close(attendance: Attendance) -> None:
    left_by_themselves = attendance.leave_reason == LeaveReason.LEFT and not attendance.ended_by
    actor = _participant(attendance) if left_by_themselves else Actor(name=attendance.ended_by)
    details = {
        "reason": attendance.leave_reason,
        "name": attendance.name,
        "login_id": attendance.login_id,
        "joined_at": attendance.joined_at,
        "reconnects": attendance.reconnects,
        "ended_by": attendance.ended_by,
    }
    _record(attendance, "attendance_closed", actor=actor, details=details, now=attendance.left_at)


def _record(
    attendance: Attendance, action: str, *, actor: Actor, details: dict[str, object], now: datetime | None
) -> None:
    record_event(
        attendance.tenant,
        action,
        actor=actor,
        target_type="room",
        target_id=attendance.room_id,
        target_name=attendance.room_name,
        details={
            "attendance": attendance.public_id,
            "participant": attendance.participant_id,
            "meeting": attendance.meeting_id,
            "user": attendance.user_id,  # whose stay it was, whoever ended it: what a legal hold goes by
            **details,
        },
        now=now,
    )


def _participant(attendance: Attendance) -> Actor:
    return Actor(id=attendance.user_id, name=attendance.name, ip_address=attendance.ip_address)


def _batches(items: list[str]) -> Iterable[list[str]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
