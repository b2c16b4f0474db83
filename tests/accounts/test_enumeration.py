"""A stranger learns nothing: which organisations, users and pages exist."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tenants.models import Tenant
from tests.accounts.visits import log_in, text_of


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The argon2 computations, by method."""
    done: list[str] = []

    def count(name: str) -> None:
        original = getattr(Argon2PasswordHasher, name)

        def counted(self: Argon2PasswordHasher, *args: object) -> object:
            done.append(name)
            return original(self, *args)

        monkeypatch.setattr(Argon2PasswordHasher, name, counted)

    count("verify")
    count("encode")
    return done


def test_every_organisation_has_the_same_login_page(client: Client, tenant: Tenant) -> None:
    known, unknown = (client.get(reverse("login", args=[slug])) for slug in ("acme", "nowhere"))
    assert known.status_code == unknown.status_code == 200
    assert text_of(known).replace("acme", "nowhere") == text_of(unknown)
    assert tenant.name not in text_of(known)


def test_login_page_of_a_suspended_organisation_looks_like_any(client: Client, tenant: Tenant) -> None:
    before = text_of(client.get(reverse("login", args=["acme"])))
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    assert text_of(client.get(reverse("login", args=["acme"]))) == before


def test_every_wrong_login_gets_the_same_answer_for_one_password_hash(
    tenant: Tenant, member: User, admin: User, hashes: list[str]
) -> None:
    User.objects.filter(pk=admin.pk).update(is_active=False)
    answers = {}
    tries = {
        "password": ("acme", "member", "wrong password 1"),
        "user": ("acme", "nobody", "correct horse battery"),
        "disabled": ("acme", "admin", "correct horse battery"),
        "organisation": ("nowhere", "member", "correct horse battery"),
    }
    for what, (slug, login_id, password) in tries.items():
        hashes.clear()
        response = log_in(Client(), slug, login_id, password)
        assert len(hashes) == 1, what
        page = text_of(response).replace(f'value="{login_id}"', "").replace(slug, "acme")
        answers[what] = (response.status_code, dict(response.headers) | {"Content-Length": "", "Expires": ""}, page)
    assert answers["user"] == answers["disabled"] == answers["organisation"] == answers["password"]


def test_right_login_costs_one_password_hash_too(client: Client, member: User, hashes: list[str]) -> None:
    assert log_in(client, "acme", "member").status_code == 302
    assert hashes == ["verify"]


@pytest.mark.parametrize("page", ["rooms", "room-create", "password"])
def test_strangers_are_sent_to_the_login_of_any_organisation(client: Client, tenant: Tenant, page: str) -> None:
    for slug in ("acme", "nowhere"):
        address = reverse(page, args=[slug])
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"{reverse('login', args=[slug])}?next={address}")


def test_stranger_asking_for_a_room_is_sent_to_the_login(client: Client, tenant: Tenant) -> None:
    address = reverse("join", args=["acme", "someroom"])
    assert client.get(address).url == f"/t/acme/login/?next={address}"


def test_refused_form_names_no_destination_for_a_post(client: Client, tenant: Tenant) -> None:
    assert client.post(reverse("password", args=["acme"])).url == reverse("login", args=["acme"])
