"""What one more person costs does not grow with those who are in: an office joins within seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from conferences.models import GuestPass, Participant, Room
from tenants.ids import new_secret
from tests.conferences.visits import join
from tests.factories import make_guest_pass

pytestmark = pytest.mark.django_db(transaction=True)

MOST_STATEMENTS = 50  # PostgreSQL: locks and whose rows it is about, too


@contextmanager
def counted_participants() -> Iterator[list[Participant]]:
    """Every participant that is made of a row meanwhile."""
    found: list[Participant] = []
    note: Callable[..., None] = lambda instance, **_: found.append(instance)  # noqa: E731
    post_init.connect(note, sender=Participant)
    try:
        yield found
    finally:
        post_init.disconnect(note, sender=Participant)


def new_guest(room: Room) -> GuestPass:
    return make_guest_pass(room, secret=new_secret())


def cost_of_a_guest(room: Room) -> tuple[int, int]:
    """Statements, and participants that are looked at."""
    guest_pass = new_guest(room)
    with CaptureQueriesContext(connection) as statements, counted_participants() as participants:
        join(room, guest_pass)
    return len(statements), len(participants)


def test_a_guest_costs_as_much_in_a_large_meeting_as_in_a_small_one(room, host):
    join(room, host)
    cost_of_a_guest(room)  # what is remembered from now on
    small = cost_of_a_guest(room)
    for _ in range(20):
        join(room, new_guest(room))
    assert cost_of_a_guest(room) == small
    assert small[0] < MOST_STATEMENTS


def test_those_who_waited_for_the_host_are_let_in_with_them(room, host):
    waiting = [join(room, new_guest(room)) for _ in range(3)]
    assert {each.state for each in waiting} == {"waiting"}
    join(room, host)
    assert {each.state for each in Participant.objects.filter(meeting__room=room)} == {"joined"}
