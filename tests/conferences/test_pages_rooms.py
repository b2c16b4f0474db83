"""Room list, own history, and the pages to make and change a room."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.models import Attendance, LeaveReason
from conferences.models import Meeting, Participant, ParticipantRole, ParticipantState, Room
from tenants.models import Tenant
from tests.factories import make_room

ROOMS = "/t/acme/rooms/"


@pytest.fixture
def host_client(client: Client, host: User) -> Client:
    client.force_login(host)
    return client


@pytest.fixture
def member_client(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def be_inside(room: Room, user: User) -> Participant:
    now = timezone.now()
    meeting = Meeting.objects.create(tenant=room.tenant, room=room, started_at=now)
    return Participant.objects.create(
        tenant=room.tenant,
        meeting=meeting,
        user=user,
        name=user.name,
        role=ParticipantRole.MEMBER,
        state=ParticipantState.JOINED,
        joined_at=now,
        last_seen_at=now,
    )


def make_stay(user: User, number: int, *, days_ago: int = 1) -> Attendance:
    joined = timezone.now() - timedelta(days=days_ago)
    return Attendance.objects.create(
        tenant=user.tenant,
        meeting_id=f"meeting-{number}",
        room_id="room",
        room_name=f"Visited {number}",
        participant_id=f"participant-{number}",
        user_id=user.public_id,
        login_id=user.login_id,
        name=user.name,
        joined_at=joined,
        last_seen_at=joined,
        left_at=joined + timedelta(hours=1),
        leave_reason=LeaveReason.LEFT,
    )


def settings_of(room: Room, **changes: object) -> dict[str, object]:
    hosts = [host.pk for host in room.hosts.all()]
    return {
        "name": room.name,
        "participant_limit": room.participant_limit,
        "entry_password": "",
        "hosts": hosts,
    } | changes


def test_list_shows_the_rooms_and_who_is_in(member_client: Client, room: Room, host: User) -> None:
    be_inside(room, host)
    page = member_client.get(ROOMS).content.decode()
    assert room.name in page
    assert host.name in page
    assert f"{ROOMS}{room.public_id}/" in page


def test_list_without_rooms_says_what_to_do(member_client: Client, tenant: Tenant) -> None:
    page = member_client.get(ROOMS, headers={"accept-language": "en"}).content.decode()
    assert "There are no rooms yet." in page
    assert f"{ROOMS}new/" in page


def test_list_never_shows_a_foreign_room(client: Client, stranger: User, room: Room) -> None:
    client.force_login(stranger)
    assert room.name not in client.get("/t/globex/rooms/").content.decode()
    assert client.get(ROOMS).status_code == 404


def test_logged_out_asker_is_sent_to_the_login(client: Client, room: Room) -> None:
    for path in (ROOMS, f"{ROOMS}new/", f"{ROOMS}{room.public_id}/", f"{ROOMS}{room.public_id}/meeting/"):
        assert client.get(path).headers["Location"].startswith("/t/acme/login/")


def test_history_is_my_own_of_the_past_year_in_pages(member_client: Client, member: User, host: User) -> None:
    for number in range(25):
        make_stay(member, number, days_ago=1 + number)
    make_stay(member, 100, days_ago=366)
    make_stay(host, 200)
    first = member_client.get(ROOMS).content.decode()
    second = member_client.get(ROOMS, {"page": 3}).content.decode()
    assert "Visited 0<" in first and "Visited 24<" not in first
    assert "Visited 24<" in second
    assert "Visited 100<" not in first + second
    assert "Visited 200<" not in first + second


def test_make_a_room(member_client: Client, member: User, host: User) -> None:
    form = {
        "name": "Sales",
        "entry_password": "open sesame",
        "guests_allowed": "on",
        "participant_limit": 12,
        "hosts": [host.pk],
    }
    assert member_client.post(f"{ROOMS}new/", form).headers["Location"] == ROOMS
    made = Room.objects.get(name="Sales")
    assert check_password("open sesame", made.entry_password)
    assert (made.guests_allowed, made.lobby, made.participant_limit) == (True, False, 12)
    assert (list(made.hosts.all()), made.created_by) == ([host], member)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"participant_limit": 1}, {"participant_limit": 501}])
def test_a_room_needs_a_name_and_a_sensible_limit(member_client: Client, wrong: dict[str, object]) -> None:
    answer = member_client.post(f"{ROOMS}new/", {"name": "Sales", "participant_limit": 5} | wrong)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Room.objects.exists()


def test_host_of_another_organisation_is_no_choice(member_client: Client, stranger: User) -> None:
    member_client.post(f"{ROOMS}new/", {"name": "Sales", "participant_limit": 5, "hosts": [stranger.pk]})
    assert not Room.objects.exists()


def test_change_a_room(host_client: Client, room: Room) -> None:
    path = f"{ROOMS}{room.public_id}/edit/"
    assert host_client.post(path, settings_of(room, name="Big room", lobby="on")).headers["Location"] == ROOMS
    room.refresh_from_db()
    assert (room.name, room.lobby, room.guests_allowed) == ("Big room", True, False)


def test_entry_password_is_set_kept_and_cleared(host_client: Client, room: Room) -> None:
    path = f"{ROOMS}{room.public_id}/edit/"
    host_client.post(path, settings_of(room, entry_password="open sesame"))
    room.refresh_from_db()
    assert check_password("open sesame", room.entry_password)
    assert "open sesame" not in host_client.get(path).content.decode()
    host_client.post(path, settings_of(room))
    room.refresh_from_db()
    assert check_password("open sesame", room.entry_password)
    host_client.post(path, settings_of(room, clear_entry_password="on"))
    room.refresh_from_db()
    assert room.entry_password == ""


def test_new_and_cleared_password_contradict(host_client: Client, room: Room) -> None:
    path = f"{ROOMS}{room.public_id}/edit/"
    host_client.post(path, settings_of(room, entry_password="first"))
    answer = host_client.post(path, settings_of(room, entry_password="second", clear_entry_password="on"))
    assert answer.status_code == 200
    room.refresh_from_db()
    assert check_password("first", room.entry_password)


def test_member_who_may_not_edit_gets_the_page_of_an_unknown_room(member_client: Client, room: Room) -> None:
    refused = member_client.get(f"{ROOMS}{room.public_id}/edit/")
    unknown = member_client.get(f"{ROOMS}aaaaaaaaaaaaaaaa/edit/")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.content == unknown.content


def test_room_list_asks_the_database_the_same_number_of_times_for_many_rooms(
    member_client: Client, tenant: Tenant, host: User, django_assert_num_queries
) -> None:
    make_room(tenant, hosts=(host,))
    member_client.get(ROOMS)
    with CaptureQueriesContext(connection) as few:
        member_client.get(ROOMS)
    for _ in range(30):
        make_room(tenant, hosts=(host,))
    with django_assert_num_queries(len(few)):
        member_client.get(ROOMS)


def test_closed_room_is_gone(host_client: Client, room: Room) -> None:
    assert host_client.post(f"{ROOMS}{room.public_id}/close/").headers["Location"] == ROOMS
    room.refresh_from_db()
    assert room.closed_at is not None
    assert f"{ROOMS}{room.public_id}/" not in host_client.get(ROOMS).content.decode()
    assert host_client.get(f"{ROOMS}{room.public_id}/").status_code == 404


def test_only_a_post_of_an_editor_closes_a_room(client: Client, host: User, member: User, room: Room) -> None:
    client.force_login(member)
    assert client.post(f"{ROOMS}{room.public_id}/close/").status_code == 404
    client.force_login(host)
    assert client.get(f"{ROOMS}{room.public_id}/close/").status_code == 405
    room.refresh_from_db()
    assert room.closed_at is None
