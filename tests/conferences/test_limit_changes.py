"""Changed limits are ordered for the meetings that are going on, in the transaction that changes them."""

import pytest
from django.db import transaction

from audit.events import SYSTEM
from conferences.models import Meeting, MeetingCommand, Room
from conferences.services.limits import set_limits
from conferences.services.meetings import leave_meeting
from conferences.services.rooms import edit_room
from tenants.models import Tenant
from tests.conferences.visits import join
from tests.factories import make_room, make_tenant, make_user

pytestmark = pytest.mark.django_db


def meet(tenant: Tenant, **fields: int) -> Meeting:
    return join(make_room(tenant, **fields), make_user(tenant)).meeting


def ordered() -> list[Meeting]:
    """The meetings that limits were ordered for since the last call, oldest first."""
    commands = MeetingCommand.objects.filter(kind="limit", done_at=None).order_by("meeting_id")
    found = [command.meeting for command in commands.select_related("meeting")]
    commands.delete()
    return found


@pytest.mark.parametrize("change", [{"participant_limit": 9}, {"publisher_limit": 0}, {"bitrate_limit": 50}])
def test_a_rooms_limits_reach_its_meeting_and_no_other(tenant, change):
    meeting, _ = meet(tenant, publisher_limit=2), meet(tenant)
    edit_room(meeting.room, actor=SYSTEM, **change)
    assert ordered() == [meeting]
    edit_room(meeting.room, actor=SYSTEM, name="Renamed", **change)
    assert ordered() == []


def test_an_organisations_limits_reach_all_its_running_meetings(tenant):
    running = [meet(tenant) for _ in range(2)]
    over = join(make_room(tenant), make_user(tenant))
    leave_meeting(over, reason="left")
    meet(make_tenant())
    set_limits(tenant, actor=SYSTEM, publishers=5)
    assert ordered() == running
    set_limits(tenant, actor=SYSTEM, publishers=5)
    assert ordered() == []
    set_limits(tenant, actor=SYSTEM, bitrate=40, publishers=5)
    assert ordered() == running


def test_people_of_an_organisation_are_not_counted_by_workers(tenant):
    meet(tenant)
    set_limits(tenant, actor=SYSTEM, participants=5)
    assert ordered() == []


def test_nothing_is_ordered_where_nobody_meets(tenant):
    edit_room(make_room(tenant), actor=SYSTEM, publisher_limit=3)
    assert ordered() == []


def test_order_and_limits_are_one_transaction(tenant):
    meeting = meet(tenant)
    with pytest.raises(RuntimeError), transaction.atomic():
        edit_room(meeting.room, actor=SYSTEM, publisher_limit=3)
        assert MeetingCommand.objects.filter(kind="limit").exists()
        raise RuntimeError
    assert ordered() == []
    assert Room.objects.get(pk=meeting.room_id).publisher_limit == 0
