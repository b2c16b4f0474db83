"""What a crash leaves open is closed at the time somebody was last seen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Attendance
from conferences.models import Meeting, Participant
from conferences.services.presence import note_lost_socket, note_seen
from conferences.services.reaping import reap_silent
from conferences.tasks import reap
from tests.conferences.visits import join

pytestmark = pytest.mark.django_db


@pytest.fixture
def began():
    return timezone.now() - timedelta(minutes=10)


def age(*participants, by: timedelta) -> None:
    """Nobody has seen them for so long."""
    last_seen_at = timezone.now() - by
    ids = [participant.public_id for participant in participants]
    Participant.objects.filter(public_id__in=ids).update(last_seen_at=last_seen_at)
    Attendance.objects.filter(participant_id__in=ids).update(last_seen_at=last_seen_at)


def test_silent_participant_left_when_last_seen(room, host, began):
    participant = join(room, host, now=began)
    age(participant, by=timedelta(seconds=91))
    assert reap() > 0
    participant.refresh_from_db()
    attendance = Attendance.objects.get()
    assert participant.left_at == participant.last_seen_at == attendance.left_at
    assert attendance.leave_reason == "server_restart"
    assert Meeting.objects.get().ended_at is not None


def test_silent_since_a_lost_socket_is_a_lost_connection(room, host, began):
    participant = join(room, host, now=began)
    note_lost_socket(participant.public_id, now=began)
    age(participant, by=timedelta(seconds=91))
    reap()
    assert Attendance.objects.get().leave_reason == "connection_lost"


def test_who_was_seen_lately_stays(room, host, member, began):
    silent, present = join(room, host, now=began), join(room, member, now=began)
    age(silent, present, by=timedelta(seconds=200))
    note_seen([present.public_id], now=timezone.now())
    reap()
    assert list(Participant.objects.filter(left_at=None)) == [present]
    assert Attendance.objects.filter(left_at=None).count() == 1
    assert Meeting.objects.get().ended_at is None


def test_orphaned_attendance_is_closed(room, host, began):
    participant = join(room, host, now=began)
    age(participant, by=timedelta(seconds=91))
    Participant.objects.update(state="left", left_at=began)
    reap()
    assert Attendance.objects.get().left_at is not None


def test_meeting_that_nobody_is_in_is_ended(room, host, began):
    join(room, host, now=began)
    Participant.objects.update(state="left", left_at=began)
    reap_silent(room.tenant, now=timezone.now())
    assert Meeting.objects.get().ended_at is not None


def test_reaping_again_finds_nothing(room, host, began):
    age(join(room, host, now=began), by=timedelta(seconds=91))
    reap()
    assert reap() == 0
