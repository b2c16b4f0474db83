"""The page of the network test: who gets it, and what it gives the browser."""

import json
import re

from django.test import Client

from accounts.models import User
from audit.events import SYSTEM
from conferences.models import GuestPass, Room
from conferences.network_test.testers import guest_tester
from conferences.services.guests import GRANT_COOKIE, revoke_guest_pass
from tests.factories import GUEST_SECRET


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script id="test-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found, page
    return json.loads(found[1])


def test_join_page_leads_a_member_to_it(client: Client, member: User, room: Room) -> None:
    client.force_login(member)
    assert 'href="/t/acme/network-test/"' in client.get(f"/t/acme/rooms/{room.public_id}/").content.decode()
    answer = client.get("/t/acme/network-test/")
    assert "no-store" in answer.headers["Cache-Control"]
    data = data_of(answer.content.decode())
    assert data == {"websocket": "/ws/network-test/?as=user", "ticket": None, "has_relays": False}


def test_guests_page_carries_a_ticket_and_uses_nothing_up(client: Client, guest_pass: GuestPass) -> None:
    assert 'href="network-test/"' in client.get(f"/g/{GUEST_SECRET}/").content.decode()
    answer = client.get(f"/g/{GUEST_SECRET}/network-test/")
    data = data_of(answer.content.decode())
    assert data["websocket"] == "/ws/network-test/?as=guest"
    assert guest_tester(str(data["ticket"]), ip_address="").id == f"pass:{guest_pass.public_id}"
    assert GUEST_SECRET not in json.dumps(data)
    assert GRANT_COOKIE not in answer.cookies


def test_unknown_pass_has_no_page(client: Client, guest_pass: GuestPass) -> None:
    assert client.get("/g/unknown/network-test/").status_code == 404
    revoke_guest_pass(guest_pass, actor=SYSTEM)
    assert client.get(f"/g/{GUEST_SECRET}/network-test/").status_code == 404


def test_relays_are_a_step_of_their_own(client: Client, member: User, settings) -> None:
    settings.TURN_URLS = ["turn:turn.example.jp"]
    client.force_login(member)
    assert data_of(client.get("/t/acme/network-test/").content.decode())["has_relays"] is True
