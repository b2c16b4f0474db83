"""Many at once: each decision is taken under the room's lock, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.services.users import disable_user
from audit.events import SYSTEM
from audit.models import Attendance
from conferences.errors import Barred, LoginRequired, MeetingError, MeetingFull
from conferences.models import Bar, Meeting, MeetingCommand, Participant
from conferences.services.meetings import leave_meeting
from conferences.services.placement import WorkerReport, note_workers, place_meeting
from conferences.services.removal import remove_participant
from tests.conferences.visits import enter, join
from tests.database import operating
from tests.factories import make_guest_pass, make_room, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run all together, a thread each; results or the MeetingErrors they raised."""
    barrier = Barrier(len(actions))

    @operating
    def run(action: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return action()
        except MeetingError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_last_seats_are_given_once(tenant):
    room = make_room(tenant, participant_limit=3)
    users = [make_user(tenant) for _ in range(8)]
    results = at_once(*(lambda user=user: join(room, user) for user in users))
    assert sum(isinstance(result, Participant) for result in results) == 3
    assert sum(isinstance(result, MeetingFull) for result in results) == 5
    assert Meeting.objects.count() == 1


def test_first_joins_begin_one_meeting_with_one_host(tenant):
    users = [make_user(tenant) for _ in range(6)]
    room = make_room(tenant, hosts=tuple(users))
    at_once(*(lambda user=user: join(room, user) for user in users))
    assert Meeting.objects.count() == 1
    assert Participant.objects.filter(role="host").count() == 1


def test_one_person_from_many_tabs_is_in_once(room, host):
    at_once(*(lambda: join(room, host) for _ in range(6)))
    assert Participant.objects.filter(left_at=None).count() == 1
    assert Attendance.objects.filter(left_at=None).count() == 1


def test_leaving_while_somebody_comes_ends_no_meeting_under_them(room, host, member):
    for _ in range(5):
        leaving = join(room, host)
        _, joined = at_once(lambda leaving=leaving: leave_meeting(leaving, reason="left"), lambda: join(room, member))
        assert isinstance(joined, Participant)
        assert joined.meeting.__class__.objects.get(pk=joined.meeting_id).ended_at is None
        leave_meeting(joined, reason="left")


def test_leaving_twice_closes_once(room, host):
    participant = join(room, host)
    at_once(*(lambda: leave_meeting(participant, reason="left") for _ in range(4)))
    assert Attendance.objects.get().left_at is not None


def test_removal_and_rejoin_at_once_end_outside(room, host, member):
    join(room, host)
    victim = join(room, member)
    at_once(lambda: remove_participant(victim, actor=SYSTEM), lambda: enter(room, member))
    assert Bar.objects.count() == 1
    with pytest.raises(Barred):
        enter(room, member)
    assert not Participant.objects.filter(user=member, left_at=None).exists()


def test_removal_of_a_stay_that_was_just_replaced_removes_its_successor(room, host, member):
    join(room, host)
    older = join(room, member)
    newer = join(room, member)
    remove_participant(older, actor=SYSTEM)
    newer.refresh_from_db()
    assert (newer.state, newer.leave_reason) == ("left", "removed")


def test_removed_guests_second_pass_on_the_same_device_goes_too(room, host, guest_pass):
    join(room, host)
    first = join(room, guest_pass)
    second = join(room, make_guest_pass(room, secret="another"))
    remove_participant(first, actor=SYSTEM)
    second.refresh_from_db()
    assert second.leave_reason == "removed"


def test_disabling_and_joining_at_once_never_leaves_somebody_unnoticed(tenant, room, admin):
    for _ in range(5):
        user = make_user(tenant)
        _, joined = at_once(lambda user=user: disable_user(user, actor=SYSTEM), lambda user=user: join(room, user))
        if isinstance(joined, Participant):
            orders = MeetingCommand.objects.filter(meeting=joined.meeting).exclude(kind="readmit")
            assert any(joined.public_id in each.payload.get("participants", ()) for each in orders)
        else:
            assert isinstance(joined, LoginRequired)


def test_two_processes_that_lose_a_worker_move_the_meeting_once(room, host):
    meeting = join(room, host).meeting
    old, new = WorkerReport("sfu-0", "sfu-0.sock", "a", 0.0), WorkerReport("sfu-1", "sfu-1.sock", "b", 0.0)
    note_workers([old, new], now=timezone.now())
    first = place_meeting(meeting, workers=[old], now=timezone.now())
    assert (first.worker, first.epoch) == ("sfu-0", 1)
    placements = at_once(*(lambda: place_meeting(meeting, workers=[new], now=timezone.now()) for _ in range(3)))
    assert {(placement.worker, placement.epoch) for placement in placements} == {("sfu-1", 2)}
