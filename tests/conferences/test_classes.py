"""Classes and the organisation's settings force rules upon rooms; a host can only be stricter."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import SecuritySettings
from accounts.services.settings_changes import change_settings
from audit.events import SYSTEM
from audit.models import AuditEvent
from conferences.models import (
    MeetingClass,
    MeetingCommand,
    Participant,
    ParticipantRole,
    ParticipantState,
    Room,
)
from conferences.refusals import ClassNameTaken, ClassTooLax, ClassUnknown, Forced
from conferences.services.class_changes import create_class, edit_class, move_class, retire_class, revive_class
from conferences.services.classes import RoomRules, is_laxer, lacks_password, room_rules
from conferences.services.entry import entry_is_valid, entry_stamp
from conferences.services.guests import find_guest_pass
from conferences.services.roles import lobby_is_on
from conferences.services.rooms import edit_room, set_entry_password
from tenants.models import Tenant
from tests.factories import GUEST_SECRET, make_admin, make_room

STRICT: dict[str, Any] = {"guests_allowed": False, "lobby_forced": True, "entry_password_forced": True}


@pytest.fixture
def secret(tenant: Tenant) -> MeetingClass:
    return create_class(tenant, actor=SYSTEM, name="社外秘", **STRICT)


@pytest.fixture
def guest_inside(room: Room, guest_pass, host) -> Participant:
    """A guest and the host in the room's meeting."""
    now = timezone.now()
    meeting = room.meetings.create(tenant=room.tenant, started_at=now)
    here = {"tenant": room.tenant, "meeting": meeting, "joined_at": now, "last_seen_at": now, "name": "X"}
    here["state"] = ParticipantState.JOINED
    Participant.objects.create(user=host, role=ParticipantRole.HOST, **here)
    return Participant.objects.create(guest_pass=guest_pass, role=ParticipantRole.GUEST, **here)


def sign_in(client: Client, user: Any) -> Client:
    client.cookies["liveon_language"] = "en"
    client.force_login(user, backend="accounts.backends.TenantBackend")
    return client


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "Board room", "participant_limit": "50", "guests_allowed": "on", "entry_password": "", **changes}


def actions(tenant: Tenant) -> list[str]:
    return list(AuditEvent.objects.for_tenant(tenant).order_by("pk").values_list("action", flat=True))


def test_room_without_class_follows_its_own_fields(room):
    assert room_rules(room) == RoomRules(True, False, False, False, False, {})


def test_strictest_of_organisation_class_and_room_is_in_force(tenant, room, secret):
    SecuritySettings.objects.create(tenant=tenant, lobby_forced=True, local_recording_allowed=True)
    room.meeting_class = secret
    rules = room_rules(room)
    assert (rules.guests_allowed, rules.lobby, rules.entry_password_required) == (False, True, True)
    assert not rules.local_recording_allowed  # the class does not allow what the organisation does
    assert rules.forced_by == {"guests_allowed": "社外秘", "lobby": "organisation", "entry_password": "社外秘"}


@pytest.mark.parametrize("who", ["organisation", "class"])
def test_forced_lobby_and_forbidden_guests_decide(tenant, room, guest_pass, guest_inside, who):
    meeting = guest_inside.meeting
    assert find_guest_pass(GUEST_SECRET) == guest_pass
    assert not lobby_is_on(meeting, room)
    if who == "organisation":
        change_settings(tenant, actor=SYSTEM, lobby_forced=True, guests_allowed=False)
    else:
        room = edit_room(
            room,
            actor=SYSTEM,
            meeting_class=create_class(tenant, actor=SYSTEM, name="C", guests_allowed=False, lobby_forced=True),
        )
    assert find_guest_pass(GUEST_SECRET) is None
    assert lobby_is_on(meeting, room)
    [command] = MeetingCommand.objects.filter(kind=MeetingCommand.Kind.REVOKE)
    assert command.payload["participants"] == [guest_inside.public_id]
    assert command.payload["cause"] == "guests_not_allowed"


def test_stricter_class_reaches_the_running_meeting(tenant, room, guest_inside):
    lax = create_class(tenant, actor=SYSTEM, name="Open")
    edit_room(room, actor=SYSTEM, meeting_class=lax)
    assert not MeetingCommand.objects.exists()
    edit_class(lax, actor=SYSTEM, guests_allowed=False)
    assert MeetingCommand.objects.filter(kind=MeetingCommand.Kind.REVOKE).count() == 1
    edit_class(lax, actor=SYSTEM, guests_allowed=False)
    assert actions(tenant).count("meeting_class_edited") == 1


def test_other_rooms_are_left_alone(tenant, other_tenant, room, guest_inside):
    elsewhere = create_class(other_tenant, actor=SYSTEM, name="Open")
    edit_class(elsewhere, actor=SYSTEM, guests_allowed=False)
    change_settings(other_tenant, actor=SYSTEM, guests_allowed=False)
    edit_class(create_class(tenant, actor=SYSTEM, name="Unused"), actor=SYSTEM, guests_allowed=False)
    assert not MeetingCommand.objects.exists()


def test_demanded_password_closes_the_room_until_it_is_set(tenant, room, secret):
    room = edit_room(room, actor=SYSTEM, meeting_class=secret)
    assert lacks_password(room)
    assert not entry_is_valid(room, "")
    set_entry_password(room, actor=SYSTEM, password="open sesame")
    assert not lacks_password(room)
    assert entry_is_valid(room, entry_stamp(room))
    with pytest.raises(Forced):
        set_entry_password(room, actor=SYSTEM, password="")


def test_host_can_only_be_stricter(tenant, room):
    room = edit_room(room, actor=SYSTEM, guests_allowed=False, lobby=True)
    change_settings(tenant, actor=SYSTEM, guests_allowed=False, lobby_forced=True)
    for laxer in ({"guests_allowed": True}, {"lobby": False}):
        with pytest.raises(Forced):
            edit_room(room, actor=SYSTEM, **laxer)
    edit_room(room, actor=SYSTEM, name="Renamed", guests_allowed=False, lobby=True)


def test_own_choice_of_a_room_comes_back_with_the_permission(tenant, room):
    change_settings(tenant, actor=SYSTEM, guests_allowed=False)
    edit_room(room, actor=SYSTEM, name="Renamed")
    change_settings(tenant, actor=SYSTEM, guests_allowed=True)
    room.refresh_from_db()
    assert room_rules(room).guests_allowed


def test_host_may_not_take_a_laxer_class_and_an_administrator_may(tenant, room, secret):
    room = edit_room(room, actor=SYSTEM, meeting_class=secret)
    lax = create_class(tenant, actor=SYSTEM, name="Lax", local_recording_allowed=True)
    for laxer in (lax, None):
        with pytest.raises(ClassTooLax):
            edit_room(room, actor=SYSTEM, meeting_class=laxer)
    edit_room(room, actor=SYSTEM, meeting_class=lax, may_loosen=True)
    edit_room(room, actor=SYSTEM, meeting_class=secret)
    room.refresh_from_db()
    assert room.meeting_class == secret


def test_laxer_is_who_gives_anything_up(secret, tenant):
    recording = create_class(tenant, actor=SYSTEM, name="R", local_recording_allowed=True, **STRICT)
    assert is_laxer(recording, secret)
    assert not is_laxer(secret, recording)
    assert not is_laxer(secret, secret)
    assert not is_laxer(None, None)


def test_retired_class_stays_where_it_is_and_is_given_to_no_room(tenant, room, secret):
    edit_room(room, actor=SYSTEM, meeting_class=secret)
    retire_class(secret, actor=SYSTEM)
    retire_class(secret, actor=SYSTEM)
    secret.refresh_from_db()
    edit_room(room, actor=SYSTEM, name="Renamed", meeting_class=secret)
    with pytest.raises(ClassUnknown):
        edit_room(make_room(tenant), actor=SYSTEM, meeting_class=secret)
    revive_class(secret, actor=SYSTEM)
    secret.refresh_from_db()
    edit_room(make_room(tenant), actor=SYSTEM, meeting_class=secret)
    assert actions(tenant).count("meeting_class_retired") == actions(tenant).count("meeting_class_revived") == 1


def test_foreign_class_is_refused(room, other_tenant):
    with pytest.raises(ClassUnknown):
        edit_room(room, actor=SYSTEM, meeting_class=create_class(other_tenant, actor=SYSTEM, name="F"))


def test_classes_are_sorted_and_names_are_unique(tenant):
    first, second, third = (create_class(tenant, actor=SYSTEM, name=name) for name in "ABC")
    move_class(third, actor=SYSTEM, places=-2)
    move_class(first, actor=SYSTEM, places=9)
    assert [each.name for each in MeetingClass.objects.for_tenant(tenant)] == ["C", "B", "A"]
    with pytest.raises(ClassNameTaken):
        create_class(tenant, actor=SYSTEM, name=" B ")
    with pytest.raises(ClassNameTaken):
        edit_class(second, actor=SYSTEM, name="A")
    with pytest.raises(ValidationError):
        create_class(tenant, actor=SYSTEM, name="")


def test_room_form_takes_away_what_is_forced_and_says_why(client, tenant, room, host, secret):
    room = edit_room(room, actor=SYSTEM, meeting_class=secret)
    page = sign_in(client, host).get(f"/t/acme/rooms/{room.public_id}/edit/")
    text = page.content.decode()
    assert "No guests: fixed by 社外秘." in text
    assert "Nobody can enter this room until you set an entry password." in text
    assert page.context["form"].fields["lobby"].disabled
    answer = client.post(f"/t/acme/rooms/{room.public_id}/edit/", form(meeting_class=str(secret.pk), name="Renamed"))
    assert answer.status_code == 302
    room.refresh_from_db()
    assert (room.name, room.guests_allowed, room.lobby) == ("Renamed", True, False)


def test_host_is_told_that_only_an_administrator_may_choose_less(client, tenant, room, host, secret):
    edit_room(room, actor=SYSTEM, meeting_class=secret)
    address = f"/t/acme/rooms/{room.public_id}/edit/"
    answer = sign_in(client, host).post(address, form(meeting_class=""))
    assert "Only an administrator may give this room" in answer.content.decode()
    assert sign_in(Client(), make_admin(tenant)).post(address, form(meeting_class="")).status_code == 302
    room.refresh_from_db()
    assert room.meeting_class is None


def test_join_page_shows_the_class_and_that_nobody_can_enter(client, room, host, member, secret, guest_pass):
    secret = edit_class(secret, actor=SYSTEM, guests_allowed=True)
    edit_room(room, actor=SYSTEM, meeting_class=secret)
    address = f"/t/acme/rooms/{room.public_id}/"
    page = sign_in(client, host).get(address).content.decode()
    assert "社外秘" in page
    assert "Nobody can enter at the moment." in page
    assert "Set the entry password" in page
    assert client.post(address)["Location"] == f"{address}meeting/"
    assert client.get(f"{address}meeting/")["Location"] == address
    assert "Set the entry password" not in sign_in(Client(), member).get(address).content.decode()
    assert "password-missing" in Client().get(f"/g/{GUEST_SECRET}/").content.decode()
    assert "Closed: password missing" in client.get("/t/acme/rooms/").content.decode()


def test_meeting_s_header_shows_the_class(client, tenant, room, host):
    edit_room(room, actor=SYSTEM, meeting_class=create_class(tenant, actor=SYSTEM, name="関係者限り"))
    page = sign_in(client, host).get(f"/t/acme/rooms/{room.public_id}/meeting/").content.decode()
    assert "関係者限り" in page
