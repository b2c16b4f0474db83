"""Guest links: made, revoked, and a guest's way into the meeting."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from accounts.models import User
from conferences.models import GuestPass, Room
from tenants.ids import hash_secret
from tests.conferences.test_pages_join import meeting_data
from tests.factories import GUEST_SECRET, make_guest_pass

LINK = f"/g/{GUEST_SECRET}/"


@pytest.fixture
def host_client(client: Client, host: User) -> Client:
    client.force_login(host)
    return client


def passes_of(room: Room) -> str:
    return f"/t/acme/rooms/{room.public_id}/guests/"


def in_two_days() -> str:
    return f"{timezone.localtime() + timedelta(days=2):%Y-%m-%dT%H:%M}"


def test_link_is_made_and_shown_once(host_client: Client, room: Room, host: User) -> None:
    answer = host_client.post(passes_of(room), {"name": "Goto", "expires_at": in_two_days()})
    made = GuestPass.objects.get()
    link = answer.context["link"]
    secret = link.rstrip("/").rpartition("/")[2]
    assert link.startswith("http://testserver/g/")
    assert (made.name, made.room, made.created_by) == ("Goto", room, host)
    assert made.secret_hash == hash_secret(secret)
    assert link in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in host_client.get(passes_of(room)).content.decode()


@pytest.mark.parametrize("days", [-1, 400])
def test_link_ends_in_the_future_and_within_a_year(host_client: Client, room: Room, days: int) -> None:
    when = timezone.localtime() + timedelta(days=days)
    host_client.post(passes_of(room), {"name": "Goto", "expires_at": f"{when:%Y-%m-%dT%H:%M}"})
    assert not GuestPass.objects.exists()


def test_member_who_may_not_edit_the_room_invites_nobody(client: Client, room: Room, member: User) -> None:
    client.force_login(member)
    assert client.get(passes_of(room)).status_code == 404
    assert client.post(passes_of(room), {"name": "Goto", "expires_at": in_two_days()}).status_code == 404
    assert not GuestPass.objects.exists()


def test_revoked_link_does_not_admit(host_client: Client, room: Room, guest_pass: GuestPass) -> None:
    answer = host_client.post(f"{passes_of(room)}{guest_pass.public_id}/revoke/")
    assert answer.headers["Location"] == passes_of(room)
    guest = Client()
    assert guest.get(LINK).status_code == 404
    assert guest.post(LINK, {"display_name": "Goto"}).status_code == 404


def test_link_of_another_organisation_is_not_revoked(client: Client, other_admin: User, guest_pass: GuestPass) -> None:
    client.force_login(other_admin)
    for slug in ("acme", "globex"):
        path = f"/t/{slug}/rooms/{guest_pass.room.public_id}/guests/{guest_pass.public_id}/revoke/"
        assert client.post(path).status_code == 404
    guest_pass.refresh_from_db()
    assert guest_pass.revoked_at is None


def test_guest_comes_in_by_the_link(client: Client, guest_pass: GuestPass, room: Room) -> None:
    page = client.get(LINK).content.decode()
    assert 'name="display_name"' in page
    assert "room_password" not in page
    answer = client.post(LINK, {"display_name": "Goto at home"})
    assert answer.headers["Location"] == f"/g/meeting/{room.public_id}/"
    for cookie in ("liveon_guest", "liveon_device"):
        assert answer.cookies[cookie]["httponly"]
    data = meeting_data(client.get(answer.headers["Location"]).content.decode())
    assert (data["as"], data["tenant"], data["name"]) == ("guest", None, "Goto at home")
    assert data["websocket"] == f"/ws/meetings/{room.public_id}/?as=guest"


def test_looking_at_the_link_uses_nothing_up(client: Client, guest_pass: GuestPass, room: Room) -> None:
    for _ in range(3):
        answer = client.get(LINK)
        assert answer.status_code == 200
        assert "liveon_guest" not in answer.cookies
    assert client.get(f"/g/meeting/{room.public_id}/").status_code == 404
    assert client.post(LINK, {"display_name": "Goto"}).status_code == 302


def test_guest_gives_the_room_password(client: Client, guest_pass: GuestPass, room: Room) -> None:
    room.entry_password = make_password("open sesame")
    room.save(update_fields=["entry_password"])
    wrong = client.post(LINK, {"display_name": "Goto", "room_password": "wrong"})
    assert wrong.status_code == 200
    assert "liveon_guest" not in wrong.cookies
    right = client.post(LINK, {"display_name": "Goto", "room_password": "open sesame"})
    assert right.status_code == 302
    assert client.get(f"/g/meeting/{room.public_id}/").status_code == 200
    room.entry_password = make_password("changed")
    room.save(update_fields=["entry_password"])
    assert client.get(f"/g/meeting/{room.public_id}/").status_code == 403


def test_guest_needs_a_name(client: Client, guest_pass: GuestPass) -> None:
    answer = client.post(LINK, {"display_name": "  "})
    assert answer.status_code == 200
    assert "liveon_guest" not in answer.cookies


@pytest.mark.parametrize("name", ["\u202eotaS", "Sato\u200b", "\u200d", "Sa\nto", "Sa\u2028to"])
def test_guests_name_has_no_characters_that_nobody_sees(client: Client, guest_pass: GuestPass, name: str) -> None:
    assert "liveon_guest" not in client.post(LINK, {"display_name": name}).cookies


@pytest.mark.parametrize("name", ["佐藤 花子", "👩\u200d💻 Ana", "می\u200cخواهم"])
def test_names_of_all_scripts_are_fine(client: Client, guest_pass: GuestPass, name: str) -> None:
    assert "liveon_guest" in client.post(LINK, {"display_name": name}).cookies


def test_unknown_expired_and_revoked_links_are_one_and_the_same_page(client: Client, room: Room) -> None:
    make_guest_pass(room, secret="expired", expires_at=timezone.now() - timedelta(seconds=1))
    make_guest_pass(room, secret="revoked", revoked_at=timezone.now())
    answers = [client.get(f"/g/{secret}/") for secret in ("unknown", "expired", "revoked")]
    answers.append(client.get(f"/g/meeting/{room.public_id}/"))
    answers.append(client.get("/no/such/page/"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_room_without_guests_admits_none(client: Client, guest_pass: GuestPass, room: Room) -> None:
    room.guests_allowed = False
    room.save(update_fields=["guests_allowed"])
    assert client.get(LINK).status_code == 404


def test_grant_opens_its_own_room_only(client: Client, guest_pass: GuestPass, room: Room) -> None:
    client.post(LINK, {"display_name": "Goto"})
    assert client.get("/g/meeting/aaaaaaaaaaaaaaaa/").status_code == 404
    assert client.get(f"/t/acme/rooms/{room.public_id}/").headers["Location"].startswith("/t/acme/login/")


def test_revoked_link_ends_its_grant(client: Client, guest_pass: GuestPass, room: Room) -> None:
    client.post(LINK, {"display_name": "Goto"})
    guest_pass.revoked_at = timezone.now()
    guest_pass.save(update_fields=["revoked_at"])
    assert client.get(f"/g/meeting/{room.public_id}/").status_code == 404


def test_secret_page_leaks_nothing(client: Client, guest_pass: GuestPass) -> None:
    answer = client.get(LINK)
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]
    page = answer.content.decode()
    assert "//" not in page.replace("<!doctype html>", "")
    assert "<script>" not in page and "style=" not in page


def test_left_page_offers_the_way_back_while_the_grant_lasts(client: Client, guest_pass: GuestPass, room: Room) -> None:
    assert f"/g/meeting/{room.public_id}/" not in client.get("/g/left/").content.decode()
    client.post(LINK, {"display_name": "Goto"})
    assert f"/g/meeting/{room.public_id}/" in client.get("/g/left/").content.decode()
