"""Where a meeting is to be, asked of the database from the event loop."""

from channels.db import database_sync_to_async
from django.utils import timezone

from conferences.errors import MediaUnavailable
from conferences.models import Meeting
from conferences.routed import RoutedMeeting
from conferences.services.placement import Placement, WorkerReport, note_workers, place_meeting
from tenants.context import tenant_context


async def placement_of(meeting: RoutedMeeting, reports: list[WorkerReport]) -> Placement | None:
    """Its place, on one of the workers that these reports are of; None without one, or when the meeting is over."""
    return await database_sync_to_async(_place)(meeting, reports)


def required(placement: Placement | None) -> Placement:
    """The place there must be. Raises MediaUnavailable."""
    if placement is None:
        raise MediaUnavailable
    return placement


def _place(meeting: RoutedMeeting, reports: list[WorkerReport]) -> Placement | None:
    now = timezone.now()
    note_workers(reports, now=now)  # one that has just come up may have no row yet
    with tenant_context(meeting.tenant):
        return place_meeting(Meeting.objects.get(pk=meeting.pk), workers=reports, now=now)
