"""The entry password: right, wrong, too often."""

import pytest
from django.db import connection

from audit.events import SYSTEM
from audit.models import AuditEvent
from conferences.errors import TooManyAttempts, WrongEntryPassword
from conferences.services import entry
from conferences.services.entry import check_entry_password, entry_stamp
from conferences.services.rooms import set_entry_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def locked(room):
    set_entry_password(room, actor=SYSTEM, password="open sesame")
    return room


def attempt(room, password, *, subject="user:alice", ip="192.0.2.1"):
    return check_entry_password(room, password=password, subject=subject, ip=ip)


def test_right_password_earns_the_stamp(locked):
    assert attempt(locked, "open sesame") == entry_stamp(locked)


def test_room_without_password_opens_to_anything(room):
    assert attempt(room, "whatever") == ""


def test_wrong_password_is_refused_and_recorded_without_it(locked):
    with pytest.raises(WrongEntryPassword):
        attempt(locked, "open barley")
    event = AuditEvent.objects.get(action="room_entry_refused")
    assert (event.ip_address, event.target_id) == ("192.0.2.1", locked.public_id)
    assert event.details == {"subject": "user:alice"}


def test_wrong_tries_are_slowed_for_that_subject_only(locked):
    for _ in range(5):
        with pytest.raises(WrongEntryPassword):
            attempt(locked, "wrong")
    with pytest.raises((TooManyAttempts, WrongEntryPassword)):
        attempt(locked, "wrong")
    with pytest.raises(TooManyAttempts) as caught:
        attempt(locked, "open sesame")
    assert caught.value.retry_after > 0
    assert attempt(locked, "open sesame", subject="user:bob")


def test_stamps_of_two_rooms_differ(locked, tenant):
    other = type(locked).objects.create(tenant=tenant, name="Other", entry_password=locked.entry_password)
    assert entry_stamp(other) != entry_stamp(locked)


@pytest.mark.django_db(transaction=True)
def test_password_is_checked_outside_of_a_transaction(locked, monkeypatch):
    states = []

    def check(password, encoded):
        states.append(connection.in_atomic_block)
        return True

    monkeypatch.setattr(entry, "check_password", check)
    attempt(locked, "open sesame")
    assert states == [False]
