"""Error pages: the same for everybody, and shown even when nothing else works."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_page_needs_neither_request_nor_database(page: str) -> None:
    html = render_to_string(f"{page}.html")
    assert "<h1>" in html
    assert "<form" not in html


def test_missing_page_tells_nobody_who_is_signed_in(client: Client, member: User) -> None:
    stranger = client.get("/no/such/page/").content
    client.force_login(member)
    assert client.get("/no/such/page/").content == stranger
    assert member.name not in stranger.decode()


def test_stale_form_gets_a_page_of_ours(member: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(member)
    answer = client.post("/t/acme/rooms/new/", {"name": "Sales"})
    assert answer.status_code == 403
    assert "The page was open for too long" in answer.content.decode()
