"""Admintool's pages of meeting classes."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from audit.models import AuditEvent
from conferences.models import GuestPass, MeetingClass, MeetingCommand, Participant, Room
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.admintool.rule_rows import make_class


def test_class_is_made_and_listed(admin_client: Client, tenant: Tenant) -> None:
    assert "There are no classes yet." in admin_client.get(url("classes")).content.decode()
    answer = admin_client.post(url("class-create"), {"name": "社外秘", "lobby_forced": "on"})
    assert answer["Location"] == url("classes")
    found = MeetingClass.objects.get()
    assert (found.name, found.tenant, found.guests_allowed, found.lobby_forced) == ("社外秘", tenant, False, True)
    assert "社外秘" in admin_client.get(url("classes")).content.decode()


def test_change_is_asked_about_and_reaches_the_running_meeting(
    admin_client: Client, tenant: Tenant, room: Room, guest_pass: GuestPass, enter: Callable[..., Participant]
) -> None:
    found = make_class(tenant)
    Room.objects.filter(pk=room.pk).update(meeting_class=found)
    guest = enter(guest_pass=guest_pass)
    address = url("class-edit", class_id=found.public_id)
    wanted: dict[str, Any] = {"name": "Confidential", "entry_password_forced": "on"}
    question = admin_client.post(address, wanted).content.decode()
    assert "1 room has this class." in question
    assert "1 guest is in a meeting now and will be put out." in question
    assert "1 room has no entry password" in question
    assert not MeetingCommand.objects.exists()
    admin_client.post(address, {**wanted, "confirmed": "1"})
    found.refresh_from_db()
    assert (found.guests_allowed, found.entry_password_forced) == (False, True)
    assert MeetingCommand.objects.get().payload["participants"] == [guest.public_id]
    assert AuditEvent.objects.filter(action="meeting_class_edited").count() == 1


def test_taken_name_is_refused(admin_client: Client, tenant: Tenant) -> None:
    make_class(tenant, "A")
    second = make_class(tenant, "B", position=1)
    assert "name" in admin_client.post(url("class-create"), {"name": "A"}).context["form"].errors
    answer = admin_client.post(url("class-edit", class_id=second.public_id), {"name": "A", "confirmed": "1"})
    assert "name" in answer.context["form"].errors


def test_classes_are_sorted_retired_and_used_again(admin_client: Client, tenant: Tenant) -> None:
    first, second = make_class(tenant, "A"), make_class(tenant, "B", position=1)
    admin_client.post(url("class-move", class_id=second.public_id), {"where": "up"})
    assert [each.name for each in MeetingClass.objects.all()] == ["B", "A"]
    admin_client.post(url("class-move", class_id=second.public_id), {"where": "down"})
    assert [each.name for each in MeetingClass.objects.all()] == ["A", "B"]
    admin_client.post(url("class-retire", class_id=first.public_id))
    first.refresh_from_db()
    assert first.retired_at is not None
    assert "Use again" in admin_client.get(url("classes")).content.decode()
    admin_client.post(url("class-revive", class_id=first.public_id))
    first.refresh_from_db()
    assert first.retired_at is None


def test_foreign_class_does_not_exist(admin_client: Client, other_tenant: Tenant) -> None:
    foreign = make_class(other_tenant)
    for name in ("class-edit", "class-move", "class-retire", "class-revive"):
        assert admin_client.post(url(name, class_id=foreign.public_id)).status_code == 404
