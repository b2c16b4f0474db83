"""A NUL, which PostgreSQL refuses to look for, is answered like all that is unknown: no organisation is given away."""

import base64
import json

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from audit.events import Actor, record_event
from tenants.models import Tenant
from tests.admintool.conftest import sign_in, url

NOBODY = base64.urlsafe_b64encode(b"no\0body").decode().rstrip("=")


@pytest.mark.parametrize("slug", ["acme", "nowhere"])
def test_strangers_get_the_same_answer_everywhere(client: Client, tenant: Tenant, slug: str) -> None:
    assert client.get(f"/t/{slug}/reset/no%00body.token/").status_code == 404
    answer = {"response": {"userHandle": NOBODY}}
    refused = client.post(f"/t/{slug}/login/passkey/", {"state": "x", "credential": json.dumps(answer)})
    assert (refused.status_code, refused["Location"]) == (302, f"/t/{slug}/login/?")


def test_administrators_get_a_page(client: Client, admin: User) -> None:
    sign_in(client, admin)
    assert client.get(url("users"), {"after": "no\0body"}).status_code == 404
    assert client.get(url("usage"), {"month": "9999-12"}).status_code == 200
    assert client.get(url("attendance"), {"date_to": "0001-01-01"}).status_code == 200
    assert client.get(url("attendance"), {"date_from": "9999-12-31", "date_to": "9999-12-31"}).status_code == 200


@pytest.mark.django_db
def test_events_are_recorded_whatever_an_outsider_wrote(tenant: Tenant) -> None:
    with transaction.atomic():
        event = record_event(
            tenant, "login_failed", actor=Actor(name="a\0"), target_name="b\0", details={"detail": ["c\0"]}
        )
    event.refresh_from_db()
    assert (event.actor_name, event.target_name, event.details) == ("a\ufffd", "b\ufffd", {"detail": ["c\ufffd"]})
