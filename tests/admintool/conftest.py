"""Acme's administrator, signed in, at Acme's Admintool."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.attendance import open_attendance
from conferences.models import Meeting, Participant, ParticipantRole, ParticipantState, Room
from tenants.models import Tenant
from tests.factories import ADMINTOOL_KEY

KEY = ADMINTOOL_KEY + "acme"

PageUrl = Callable[..., str]


def url(name: str, **kwargs: str) -> str:
    return reverse(f"admintool:{name}", kwargs={"admintool_key": KEY, **kwargs})


def sign_in(client: Client, user: User) -> Client:
    client.force_login(user, backend="accounts.backends.TenantBackend")
    return client


@pytest.fixture(autouse=True)
def english(client: Client) -> None:
    client.cookies["liveon_language"] = "en"


@pytest.fixture
def admin_client(client: Client, admin: User) -> Client:
    return sign_in(client, admin)


@pytest.fixture
def enter(tenant: Tenant, room: Room) -> Callable[..., Participant]:
    """Puts a user or a guest into the room's live meeting, with an attendance."""

    def enter(user: User | None = None, **fields: Any) -> Participant:
        now = timezone.now()
        meeting, _new = Meeting.objects.get_or_create(
            tenant=tenant, room=fields.pop("room", room), ended_at=None, defaults={"started_at": now}
        )
        values: dict[str, Any] = {
            "name": user.name if user else "Goto Guest",
            "role": ParticipantRole.MEMBER if user else ParticipantRole.GUEST,
            "state": ParticipantState.JOINED,
            "joined_at": now,
            "last_seen_at": now,
            "ip_address": "192.0.2.44",
        }
        participant = Participant.objects.create(tenant=tenant, meeting=meeting, user=user, **{**values, **fields})
        open_attendance(
            tenant,
            meeting_id=meeting.public_id,
            room_id=meeting.room.public_id,
            room_name=meeting.room.name,
            participant_id=participant.public_id,
            user_id=user.public_id if user else "",
            login_id=user.login_id if user else "",
            name=participant.name,
            is_guest=user is None,
            ip_address="192.0.2.44",
            user_agent="",
            joined_at=now,
        )
        return participant

    return enter
