from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Attendance, AuditEvent
from conferences.models import Bar, GuestPass, MeetingCommand, Participant, ParticipantState, Room
from conferences.services.bars import bars_in_force
from tests.admintool.conftest import url
from tests.factories import make_room

Enter = Callable[..., Participant]


def test_empty_house_says_so(admin_client: Client) -> None:
    assert "Nobody is in a meeting." in admin_client.get(url("live")).content.decode()


@pytest.mark.parametrize("page", ["live", "live-now"])
def test_everybody_connected_is_shown(
    admin_client: Client, member: User, guest_pass: GuestPass, enter: Enter, page: str
) -> None:
    enter(member)
    enter(guest_pass=guest_pass)
    text = admin_client.get(url(page)).content.decode()
    for shown in ("Board room", "2 people", "Mori Member", "member", "Goto Guest", "192.0.2.44", "Good"):
        assert shown in text


def test_fragment_is_only_the_list(admin_client: Client) -> None:
    assert b"<html" not in admin_client.get(url("live-now")).content


def test_lost_connection_and_the_waiting_and_gone_are_told_apart(
    admin_client: Client, member: User, host: User, enter: Enter
) -> None:
    participant = enter(member)
    participant.disconnected_at = participant.joined_at
    participant.save(update_fields=["disconnected_at"])
    enter(host, state=ParticipantState.WAITING)
    text = admin_client.get(url("live-now")).content.decode()
    assert "Reconnecting" in text
    assert "Hara Host" not in text


def test_other_tenants_meetings_are_not_shown(admin_client: Client, stranger: User, enter: Enter) -> None:
    theirs = enter(stranger, room=make_room(stranger.tenant, "Secret room"))
    Participant.objects.filter(pk=theirs.pk).update(tenant=stranger.tenant)
    assert "Secret room" not in admin_client.get(url("live-now")).content.decode()


def test_forced_exit_of_a_user(admin_client: Client, admin: User, member: User, enter: Enter) -> None:
    participant = enter(member)
    assert (
        "Remove Mori Member?"
        in admin_client.get(url("remove-one", participant_id=participant.public_id)).content.decode()
    )
    answer = admin_client.post(
        url("remove-one", participant_id=participant.public_id), {"note": "wrong room"}, follow=True
    )
    assert "Mori Member was removed" in answer.content.decode()
    participant.refresh_from_db()
    assert (participant.state, participant.leave_reason) == ("left", "removed")
    attendance = Attendance.objects.get(participant_id=participant.public_id)
    assert (attendance.leave_reason, attendance.ended_by) == ("removed", admin.name)
    assert MeetingCommand.objects.filter(kind="remove").exists()
    event = AuditEvent.objects.get(action="forced_exit")
    assert (event.actor_id, event.target_id, event.details["note"]) == (admin.public_id, member.public_id, "wrong room")


def test_forced_exit_of_a_user_ends_every_meeting_they_are_in(
    admin_client: Client, member: User, room: Room, enter: Enter
) -> None:
    second = make_room(room.tenant, "Second room")
    first_stay, second_stay = enter(member), enter(member, room=second)
    admin_client.post(url("remove-one", participant_id=first_stay.public_id))
    second_stay.refresh_from_db()
    assert second_stay.leave_reason == "removed"
    assert bars_in_force(room).count() == bars_in_force(second).count() == 1


def test_forced_exit_of_a_guest_bars_the_pass(admin_client: Client, guest_pass: GuestPass, enter: Enter) -> None:
    participant = enter(guest_pass=guest_pass)
    admin_client.post(url("remove-one", participant_id=participant.public_id))
    assert Bar.objects.get().guest_pass == guest_pass


def test_asking_for_a_forced_exit_changes_nothing(admin_client: Client, member: User, enter: Enter) -> None:
    participant = enter(member)
    admin_client.get(url("remove-one", participant_id=participant.public_id))
    participant.refresh_from_db()
    assert participant.state == "joined"
    assert not Bar.objects.exists()


def test_too_long_reason_is_refused(admin_client: Client, member: User, enter: Enter) -> None:
    participant = enter(member)
    answer = admin_client.post(url("remove-one", participant_id=participant.public_id), {"note": "x" * 201})
    assert answer.context["form"].errors["note"]
    assert not Bar.objects.exists()


def test_forced_exit_of_a_whole_room(
    admin_client: Client, room: Room, member: User, guest_pass: GuestPass, enter: Enter
) -> None:
    enter(member)
    enter(guest_pass=guest_pass)
    question = admin_client.get(url("remove-all", room_id=room.public_id)).content.decode()
    assert "Mori Member" in question
    answer = admin_client.post(url("remove-all", room_id=room.public_id), {"note": "leak"}, follow=True)
    assert "2 people were removed." in answer.content.decode()
    assert not Participant.objects.exclude(state="left").exists()
    assert bars_in_force(room).count() == 2
    assert AuditEvent.objects.get(action="forced_exit").details == {"note": "leak", "people": 2}


def test_forced_exit_of_an_empty_room_is_harmless(admin_client: Client, room: Room) -> None:
    assert "Nobody is in this room now." in admin_client.get(url("remove-all", room_id=room.public_id)).content.decode()
    answer = admin_client.post(url("remove-all", room_id=room.public_id), follow=True)
    assert "0 people were removed." in answer.content.decode()


def test_bar_in_force_is_shown_until_it_is_lifted(
    admin_client: Client, admin: User, room: Room, member: User, enter: Enter
) -> None:
    participant = enter(member)
    admin_client.post(url("remove-one", participant_id=participant.public_id))
    assert "Re-admit Mori Member" in admin_client.get(url("live-now")).content.decode()
    answer = admin_client.post(url("readmit", bar_id=Bar.objects.get().public_id), follow=True)
    assert "Mori Member may join again." in answer.content.decode()
    assert "Re-admit Mori Member" not in admin_client.get(url("live-now")).content.decode()
    assert not bars_in_force(room).exists()
    assert AuditEvent.objects.get(action="participant_readmitted").actor_id == admin.public_id


def test_links_cannot_act(admin_client: Client, member: User, enter: Enter) -> None:
    participant = enter(member)
    admin_client.post(url("remove-one", participant_id=participant.public_id))
    assert admin_client.get(url("readmit", bar_id=Bar.objects.get().public_id)).status_code == 405


def test_forms_need_their_token(admin: User, member: User, enter: Enter) -> None:
    participant = enter(member)
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(url("remove-one", participant_id=participant.public_id)).status_code == 403


@pytest.mark.parametrize(
    ("page", "name"), [("remove-one", "participant_id"), ("remove-all", "room_id"), ("readmit", "bar_id")]
)
def test_unknown_objects_are_404(admin_client: Client, page: str, name: str) -> None:
    assert admin_client.post(url(page, **{name: "nobody"})).status_code == 404
