from django.test import Client

from accounts.models import User
from tests.accounts.visits import log_in

LANGUAGE = "/language/"


def test_visitor_switches_the_language(client: Client, db: None) -> None:
    response = client.post(LANGUAGE, {"language": "en", "next": "/t/acme/login/?next=/t/acme/rooms/"})
    assert response.url == "/t/acme/login/?next=/t/acme/rooms/"
    assert 'lang="en"' in client.get("/t/acme/login/").content.decode()
    client.post(LANGUAGE, {"language": "ja"})
    assert 'lang="ja"' in client.get("/t/acme/login/").content.decode()


def test_language_is_remembered_for_a_user_and_applied_at_the_next_login(client: Client, member: User) -> None:
    log_in(client, "acme", "member")
    client.post(LANGUAGE, {"language": "en", "next": "/t/acme/password/"})
    member.refresh_from_db()
    assert member.language == "en"
    elsewhere = Client()
    log_in(elsewhere, "acme", "member")
    assert 'lang="en"' in elsewhere.get("/t/acme/password/").content.decode()


def test_user_without_a_language_keeps_the_browsers(client: Client, member: User) -> None:
    assert "liveon_language" not in log_in(client, "acme", "member").cookies


def test_language_that_is_no_longer_offered_is_not_applied(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(language="xx")
    assert "liveon_language" not in log_in(client, "acme", "member").cookies


def test_unknown_language_is_refused(client: Client, db: None) -> None:
    assert client.post(LANGUAGE, {"language": "xx"}).status_code == 400
    assert client.post(LANGUAGE).status_code == 400


def test_language_switch_leads_nowhere_else(client: Client, db: None) -> None:
    for address in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)", "t/acme/", ""):
        assert client.post(LANGUAGE, {"language": "en", "next": address}).url == "/", address


def test_link_does_not_switch_the_language(client: Client, db: None) -> None:
    assert client.get(LANGUAGE).status_code == 405
