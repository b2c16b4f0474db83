"""A user's way into a meeting: join page, entry password, meeting page."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import User
from conferences.models import Room
from tests.factories import make_room

PASSWORD = "open sesame"


@pytest.fixture
def locked_room(room: Room) -> Room:
    room.entry_password = make_password(PASSWORD)
    room.save(update_fields=["entry_password"])
    return room


@pytest.fixture
def member_client(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def path_of(room: Room) -> str:
    return f"/t/acme/rooms/{room.public_id}/"


def test_join_page_leads_into_the_meeting(member_client: Client, room: Room, member: User) -> None:
    page = member_client.get(path_of(room)).content.decode()
    assert 'data-testid="join-button"' in page
    assert "room_password" not in page
    assert member_client.post(path_of(room)).headers["Location"] == f"{path_of(room)}meeting/"
    data = meeting_data(member_client.get(f"{path_of(room)}meeting/").content.decode())
    assert data["room"] == {"id": room.public_id, "name": room.name}
    assert (data["as"], data["tenant"], data["name"]) == ("user", "acme", member.name)
    assert data["websocket"] == f"/ws/meetings/{room.public_id}/?as=user"
    assert data["leave_url"] == "/t/acme/rooms/"
    assert data["video_codecs"] == ["vp8"]


def test_members_browser_gets_the_device_id_that_a_bar_names(member_client: Client, room: Room) -> None:
    cookie = member_client.get(f"{path_of(room)}meeting/").cookies["liveon_device"]
    assert cookie["httponly"]
    assert "liveon_device" not in member_client.get(f"{path_of(room)}meeting/").cookies


def meeting_data(page: str) -> dict[str, object]:
    found = re.search(r'<script id="meeting-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found, page
    return json.loads(found[1])


def test_right_password_admits(member_client: Client, locked_room: Room) -> None:
    assert 'name="room_password"' in member_client.get(path_of(locked_room)).content.decode()
    answer = member_client.post(path_of(locked_room), {"room_password": PASSWORD})
    assert answer.headers["Location"] == f"{path_of(locked_room)}meeting/"
    assert member_client.get(f"{path_of(locked_room)}meeting/").status_code == 200


@pytest.mark.parametrize("given", ["", "wrong", PASSWORD.upper()])
def test_wrong_password_is_refused(member_client: Client, locked_room: Room, given: str) -> None:
    answer = member_client.post(path_of(locked_room), {"room_password": given})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    back = member_client.get(f"{path_of(locked_room)}meeting/")
    assert back.headers["Location"] == path_of(locked_room)


def test_meeting_page_without_the_password_leads_back(member_client: Client, locked_room: Room) -> None:
    answer = member_client.get(f"{path_of(locked_room)}meeting/")
    assert answer.headers["Location"] == path_of(locked_room)


def test_changed_password_is_asked_for_again(member_client: Client, locked_room: Room) -> None:
    member_client.post(path_of(locked_room), {"room_password": PASSWORD})
    locked_room.entry_password = make_password("another")
    locked_room.save(update_fields=["entry_password"])
    answer = member_client.get(f"{path_of(locked_room)}meeting/")
    assert answer.headers["Location"] == path_of(locked_room)


def test_password_of_one_room_does_not_open_another(member_client: Client, locked_room: Room) -> None:
    other = make_room(locked_room.tenant, entry_password=make_password("another"))
    member_client.post(path_of(locked_room), {"room_password": PASSWORD})
    assert member_client.get(f"{path_of(other)}meeting/").headers["Location"] == path_of(other)
    assert member_client.get(f"{path_of(locked_room)}meeting/").status_code == 200


def test_wrong_passwords_are_slowed_even_for_a_right_one(member_client: Client, locked_room: Room) -> None:
    for _ in range(7):
        member_client.post(path_of(locked_room), {"room_password": "wrong"})
    answer = member_client.post(path_of(locked_room), {"room_password": PASSWORD}, headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert "Too many wrong attempts." in answer.content.decode()
    assert member_client.get(f"{path_of(locked_room)}meeting/").status_code == 302


def test_foreign_closed_and_unknown_rooms_are_one_and_the_same_page(
    client: Client, stranger: User, room: Room, member: User
) -> None:
    client.force_login(stranger)
    foreign = client.get(f"/t/globex/rooms/{room.public_id}/")
    across = client.get(path_of(room))
    unknown = client.get("/t/globex/rooms/aaaaaaaaaaaaaaaa/meeting/")
    assert {foreign.status_code, across.status_code, unknown.status_code} == {404}
    assert foreign.content == across.content == unknown.content
    assert client.post(f"/t/globex/rooms/{room.public_id}/").status_code == 404


def test_join_page_is_not_kept_by_the_browser(member_client: Client, room: Room) -> None:
    answer = member_client.get(path_of(room))
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_script_catalogue_comes_in_the_asked_language(client: Client) -> None:
    answer = client.get("/jsi18n/", {"language": "ja", "release": settings.FRONT_END})
    assert answer.status_code == 200
    assert "\\u30ab\\u30e1\\u30e9" in answer.content.decode()  # カメラ
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/jsi18n/", {"language": "ja", "release": "older"}).headers["Cache-Control"] == "no-cache"
    assert client.get("/jsi18n/", {"language": "xx"}).status_code == 404
