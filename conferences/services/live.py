"""What is going on now, and where somebody was: reads for the room list and Admintool."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from audit.models import Attendance
from audit.retention import view_horizon
from conferences.models import Participant, ParticipantState
from tenants.models import Tenant


def live_participants(tenant: Tenant) -> QuerySet[Participant]:
    """Everybody in a meeting of `tenant` now, by room and order of joining."""
    present = Participant.objects.for_tenant(tenant).filter(state=ParticipantState.JOINED, meeting__ended_at=None)
    return present.select_related("meeting__room", "user", "guest_pass").order_by(
        "meeting__room__name", "meeting_id", "joined_at"
    )


def my_attendance(user: User, *, now: datetime) -> QuerySet[Attendance]:
    """The user's own stays, newest first, as far back as anything is shown."""
    mine = Attendance.objects.for_tenant(user.tenant).filter(user_id=user.public_id)
    return mine.filter(joined_at__gte=view_horizon(user.tenant, now=now)).order_by("-joined_at", "-pk")
