"""The throttle as people meet it: at the login page."""

from django.test import Client

from accounts.models import User
from tenants.models import Tenant
from tests.accounts.visits import actions, log_in, text_of


def wrong_tries(slug: str, login_id: str, count: int, ip: str = "198.51.100.7") -> list[int]:
    return [log_in(Client(), slug, login_id, f"wrong number {n}", ip=ip).status_code for n in range(count)]


def test_sixth_try_must_wait_and_is_told_how_long(member: User, clock) -> None:
    assert wrong_tries("acme", "member", 5) == [200] * 5
    slowed = log_in(Client(headers={"accept-language": "en"}), "acme", "member")
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert "Wait 1 second and try again." in text_of(slowed)
    clock.shift(1)
    assert log_in(Client(), "acme", "member").status_code == 302
    assert actions() == ["login_failed"] * 5 + ["login_succeeded"]


def test_unknown_organisations_and_users_are_slowed_alike(tenant: Tenant, member: User) -> None:
    pages = set()
    for slug, login_id in (("acme", "member"), ("acme", "nobody"), ("nowhere", "member")):
        wrong_tries(slug, login_id, 5)
        slowed = log_in(Client(), slug, login_id)
        assert slowed.status_code == 429
        pages.add(text_of(slowed).replace(slug, "").replace(login_id, ""))
    assert len(pages) == 1


def test_stranger_cannot_lock_the_last_admin_out(admin: User) -> None:
    wrong_tries("acme", "admin", 8, ip="192.0.2.66")
    assert log_in(Client(), "acme", "admin", ip="192.0.2.66").status_code == 429
    assert log_in(Client(), "acme", "admin", ip="192.0.2.1").status_code == 302


def test_case_of_the_login_id_gives_no_further_tries(member: User) -> None:
    wrong_tries("acme", "member", 5)
    assert log_in(Client(), "acme", "MEMBER").status_code == 429


def test_header_written_by_the_client_gives_no_further_tries(member: User) -> None:
    for number in range(5):
        client = Client(headers={"x-forwarded-for": f"192.0.2.{number}"})
        log_in(client, "acme", "member", "wrong password 1")
    assert log_in(Client(headers={"x-forwarded-for": "192.0.2.99"}), "acme", "member").status_code == 429


def test_empty_form_is_no_try(member: User) -> None:
    for _ in range(6):
        assert log_in(Client(), "acme", "member", "").status_code == 200
    assert log_in(Client(), "acme", "member").status_code == 302
