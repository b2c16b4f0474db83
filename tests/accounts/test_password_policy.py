"""What an organisation demands of passwords, and passwords that are due."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.logins import user_of_login
from accounts.models import PasswordHistory, User
from accounts.services.passwords import password_rules, why_password_is_due
from accounts.services.users import set_password
from audit.events import Actor
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand
from tests.accounts.visits import log_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("english")

ACTOR = Actor(id="u1", name="Aoki Admin", ip_address="192.0.2.1")
NEW = "violet harbour lamp"


def page(name: str) -> str:
    return reverse(name, args=["acme"])


def refused(user: User, password: str) -> str:
    with pytest.raises(ValidationError) as caught:
        set_password(user, actor=ACTOR, password=password)
    return str(caught.value.error_dict["password"][0].code)


def test_length_is_the_tenant_s(tenant: Tenant, member: User) -> None:
    assert refused(member, "nine lett") == "too_short"
    demand(tenant, password_min_length=8)
    set_password(member, actor=ACTOR, password="nine lett")
    demand(tenant, password_min_length=20)
    assert refused(member, NEW) == "too_short"


@pytest.mark.parametrize(
    ("classes", "password", "fits"),
    [
        (2, "violetharbour", False),
        (2, "violet harbour", True),
        (3, "Violet harbour", True),
        (4, "Violet harbour", False),
    ],
)
def test_kinds_of_characters_are_counted(tenant: Tenant, member: User, classes: int, password: str, fits: bool) -> None:
    demand(tenant, password_classes=classes)
    if fits:
        set_password(member, actor=ACTOR, password=password)
    else:
        assert refused(member, password) == "too_plain"


def test_former_passwords_are_refused_as_far_back_as_demanded(tenant: Tenant, member: User) -> None:
    demand(tenant, password_history=2)
    assert refused(member, PASSWORD) == "used_before"
    for password in ("first new words", "second new words", "third new words"):
        set_password(member, actor=ACTOR, password=password)
    assert refused(member, "third new words") == "used_before"
    assert refused(member, "first new words") == "used_before"
    set_password(member, actor=ACTOR, password=PASSWORD)  # three before it by now
    assert PasswordHistory.objects.count() == 2


def test_without_history_no_former_password_is_kept(member: User) -> None:
    set_password(member, actor=ACTOR, password=NEW)
    assert not PasswordHistory.objects.exists()


def test_page_says_exactly_what_is_demanded(client: Client, tenant: Tenant, member: User) -> None:
    demand(tenant, password_min_length=14, password_classes=3, password_history=5)
    client.force_login(member)
    text = client.get(page("password")).content.decode()
    assert "At least 14 characters." in text
    assert "At least 3 of these four kinds" in text
    assert "none of the last 5" in text
    assert "four kinds" not in password_rules(Tenant.objects.create(slug="new", name="New", admintool_key_hash="n"))


def test_password_that_an_administrator_gave_is_changed_first(client: Client, member: User) -> None:
    set_password(member, actor=ACTOR, password=NEW, must_change=True)
    answer = log_in(client, "acme", "member", NEW)
    assert answer["Location"] == page("login-password")
    assert "Somebody else gave you your password" in client.get(page("login-password")).content.decode()
    assert user_of_login(client.session.session_key) is None
    done = change(client, "my very own words")
    assert done["Location"] == page("rooms")
    assert user_of_login(client.session.session_key) == member
    member.refresh_from_db()
    assert why_password_is_due(member) == ""


def change(client: Client, password: str) -> Any:
    return client.post(page("login-password"), {"password": password, "password_again": password})


def test_the_given_password_itself_is_not_taken(client: Client, member: User) -> None:
    set_password(member, actor=ACTOR, password=NEW, must_change=True)
    log_in(client, "acme", "member", NEW)
    assert "You had this password before" in change(client, NEW).content.decode()
    assert user_of_login(client.session.session_key) is None


def test_password_that_is_too_old_is_changed_first(client: Client, tenant: Tenant, member: User) -> None:
    demand(tenant, password_max_age_days=90)
    User.objects.update(password_changed_at=timezone.now() - timedelta(days=89))
    assert log_in(client, "acme", "member")["Location"] == page("rooms")
    User.objects.update(password_changed_at=timezone.now() - timedelta(days=91))
    assert log_in(Client(), "acme", "member")["Location"] == page("login-password")


def test_new_password_and_then_the_demanded_factor(client: Client, tenant: Tenant, member: User) -> None:
    demand(tenant, mfa="everybody")
    set_password(member, actor=ACTOR, password=NEW, must_change=True)
    log_in(client, "acme", "member", NEW)
    assert change(client, "my very own words")["Location"] == page("login-factor")
    assert user_of_login(client.session.session_key) is None


def test_administrator_s_reset_must_be_changed(client: Client, admin: User, member: User) -> None:
    client.force_login(admin)
    url = reverse("admintool:user-password", args=["admintool-key-of-acme", member.public_id])
    client.post(url, {"password": NEW})
    assert log_in(Client(), "acme", "member", NEW)["Location"] == page("login-password")
