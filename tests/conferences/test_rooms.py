"""Rooms: making, changing, closing; who may; who is in."""

import pytest

from audit.events import SYSTEM
from audit.models import AuditEvent
from conferences.models import Room
from conferences.services.entry import entry_is_valid, entry_stamp
from conferences.services.rooms import (
    close_room,
    create_room,
    edit_room,
    live_occupancy,
    may_edit,
    rooms_for,
    set_entry_password,
)
from tests.conferences.visits import join
from tests.factories import make_room


def test_create_room(tenant, member, host):
    room = create_room(
        tenant, actor=SYSTEM, creator=member, name="Annex", entry_password="open sesame", lobby=True, hosts=[host]
    )
    assert room.entry_password.startswith("argon2")
    assert list(room.hosts.all()) == [host]
    event = AuditEvent.objects.get(action="room_created")
    assert event.details["hosts"] == ["host"]
    assert "sesame" not in str(event.details)


def test_host_of_another_tenant_is_refused(tenant, member, stranger):
    with pytest.raises(ValueError, match="tenant"):
        create_room(tenant, actor=SYSTEM, creator=member, name="Annex", hosts=[stranger])
    assert not Room.objects.exists()


def test_edit_room_records_what_changed(room, member):
    edit_room(room, actor=SYSTEM, name="Large room", participant_limit=80, hosts=[member])
    event = AuditEvent.objects.get(action="room_edited")
    assert event.details == {
        "name": ["Board room", "Large room"],
        "participant_limit": [50, 80],
        "hosts": [["host"], ["member"]],
    }


def test_edit_that_changes_nothing_is_not_recorded(room):
    edit_room(room, actor=SYSTEM, name=room.name)
    assert not AuditEvent.objects.exists()


def test_unknown_setting_is_a_programming_error(room):
    with pytest.raises(TypeError, match="colour"):
        edit_room(room, actor=SYSTEM, colour="green")


def test_entry_password_is_set_changed_and_cleared(room):
    assert entry_is_valid(room, "")
    set_entry_password(room, actor=SYSTEM, password="open sesame")
    stamp = entry_stamp(room)
    assert entry_is_valid(room, stamp)
    assert not entry_is_valid(room, "")
    set_entry_password(room, actor=SYSTEM, password="open sesame")
    assert not entry_is_valid(room, stamp)  # the same words again are a new password
    set_entry_password(room, actor=SYSTEM, password="")
    assert entry_is_valid(room, stamp)


def test_who_may_edit(room, tenant, member, host, admin, other_admin):
    assert may_edit(room, host)
    assert may_edit(room, admin)
    assert not may_edit(room, member)
    assert not may_edit(room, other_admin)
    assert may_edit(make_room(tenant, created_by=member), member)


def test_closed_room_is_no_longer_listed(room, member):
    assert list(rooms_for(member)) == [room]
    close_room(room, actor=SYSTEM)
    close_room(room, actor=SYSTEM)
    assert not rooms_for(member).exists()
    assert AuditEvent.objects.filter(action="room_closed").count() == 1


def test_rooms_of_another_tenant_are_not_listed(room, stranger):
    assert not rooms_for(stranger).exists()


def test_live_occupancy_names_who_is_in(room, tenant, host, member, guest_pass):
    empty = make_room(tenant)
    join(room, host)
    join(room, member)
    join(room, guest_pass)
    assert live_occupancy([room, empty]) == {room.pk: ["Hara Host", "Mori Member", "Gail Guest"], empty.pk: []}
