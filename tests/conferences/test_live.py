"""What is going on now, and one's own history."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Attendance
from conferences.services.live import live_participants, my_attendance
from conferences.services.meetings import leave_meeting
from tests.conferences.visits import join
from tests.factories import make_room

pytestmark = pytest.mark.django_db


def test_live_participants_are_those_in_meetings_of_the_tenant(room, host, member, guest_pass, other_tenant, stranger):
    present = join(room, host)
    leave_meeting(join(room, member), reason="left")
    join(make_room(other_tenant, hosts=(stranger,)), stranger)
    assert list(live_participants(room.tenant)) == [present]


def test_waiting_guest_is_not_in(room, member, guest_pass):
    join(room, member)
    assert join(room, guest_pass).state == "waiting"
    assert [each.name for each in live_participants(room.tenant)] == ["Mori Member"]


def test_own_history_is_newest_first_and_nobody_elses(room, host, member):
    now = timezone.now()
    leave_meeting(join(room, host, now=now - timedelta(hours=2)), reason="left")
    join(room, host, now=now)
    join(room, member, now=now)
    own = list(my_attendance(host, now=now))
    assert [each.login_id for each in own] == ["host", "host"]
    assert own[0].joined_at > own[1].joined_at


def test_own_history_ends_at_the_horizon(room, host):
    join(room, host)
    Attendance.objects.update(joined_at=timezone.now() - timedelta(days=500))
    assert not my_attendance(host, now=timezone.now()).exists()
