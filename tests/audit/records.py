"""Rows of audit for tests: each takes any field as a keyword."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from audit.attendance import open_attendance
from audit.models import Attendance, BandwidthSample
from tenants.models import Tenant

NOON = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo

_numbers = count(1)


def join(tenant: Tenant, **fields: Any) -> Attendance:
    """An attendance opened by the service at `joined_at` (noon in Tokyo, 2026-06-15)."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "meeting_id": "meeting",
        "room_id": "room",
        "room_name": "Board room",
        "participant_id": f"participant-{number}",
        "user_id": f"user-{number}",
        "login_id": "sato",
        "name": "Sato",
        "is_guest": False,
        "ip_address": "192.0.2.10",
        "user_agent": "Browser",
        "joined_at": NOON,
    }
    return open_attendance(tenant, **{**values, **fields})


def make_attendance(tenant: Tenant, **fields: Any) -> Attendance:
    """A row as it is, without an event."""
    number = next(_numbers)
    fields.setdefault("joined_at", NOON)
    values: dict[str, Any] = {
        "meeting_id": "meeting",
        "room_id": "room",
        "room_name": "Board room",
        "participant_id": f"row-{number}",
        "login_id": "sato",
        "name": "Sato",
        "ip_address": "192.0.2.10",
        "last_seen_at": fields["joined_at"],
    }
    return Attendance.objects.create(tenant=tenant, **{**values, **fields})


def make_sample(attendance: Attendance, minute: datetime, **fields: Any) -> BandwidthSample:
    return BandwidthSample.objects.create(
        tenant=attendance.tenant, attendance=attendance, minute=minute, room_id=attendance.room_id, **fields
    )
