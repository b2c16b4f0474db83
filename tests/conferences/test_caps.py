from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import SoftCaps, User
from audit.events import Actor
from audit.models import AuditEvent, UsageDay
from conferences.cap_mails import warn_of_caps
from conferences.models import Room
from conferences.services.caps import cap_uses, set_soft_caps
from conferences.tasks import count_usage_hourly
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance, make_sample
from tests.factories import make_room, make_user

AOKI = Actor(id="aoki", name="Aoki")


@pytest.fixture
def mailed_admin(admin: User) -> User:
    admin.email, admin.language = "aoki@example.com", "en"
    admin.save()
    return admin


def levels(tenant: Tenant) -> dict[str, tuple[int, int]]:
    return {use.cap: (use.used, use.level) for use in cap_uses(tenant, now=NOON)}


def test_uses_are_counted_against_the_caps(tenant: Tenant, admin: User, room: Room) -> None:
    make_user(tenant, is_active=False)
    UsageDay.objects.create(tenant=tenant, day=NOON.date(), peak=9, bytes_in=400, bytes_out=600)
    set_soft_caps(tenant, actor=AOKI, users=2, rooms=2, connections=10, bytes_a_month=1000)
    assert levels(tenant) == {"users": (2, 100), "rooms": (1, 0), "connections": (9, 80), "bytes_a_month": (1000, 100)}


def test_without_caps_nothing_is_near(tenant: Tenant, admin: User) -> None:
    assert {level for _used, level in levels(tenant).values()} == {0}
    assert warn_of_caps(tenant, now=NOON) == 0


def test_changing_caps_is_an_event_and_the_same_again_is_none(tenant: Tenant) -> None:
    for _time in range(2):
        set_soft_caps(tenant, actor=AOKI, users=5, rooms=0)
    event = AuditEvent.objects.get(action="soft_caps_changed")
    assert (event.actor_name, event.details) == ("Aoki", {"changed": {"users": {"from": 0, "to": 5}}})
    with pytest.raises(TypeError):
        set_soft_caps(tenant, actor=AOKI, cups=5)


def test_administrators_are_warned_once_per_cap_level_and_month(tenant: Tenant, mailed_admin: User) -> None:
    make_room(tenant, "One")
    set_soft_caps(tenant, actor=AOKI, rooms=1, users=100)
    assert [warn_of_caps(tenant, now=NOON) for _hour in range(2)] == [1, 0]
    [message] = mail.outbox
    assert message.to == ["aoki@example.com"]
    assert "rooms: 1 of 1 (100 %)" in message.body
    assert AuditEvent.objects.get(action="soft_cap_warned").details["percent"] == 100
    assert warn_of_caps(tenant, now=NOON + timedelta(days=31)) == 1


def test_second_level_warns_again(tenant: Tenant, mailed_admin: User) -> None:
    for number in range(4):
        make_room(tenant, f"Room {number}")
    set_soft_caps(tenant, actor=AOKI, rooms=5)
    assert warn_of_caps(tenant, now=NOON) == 1
    make_room(tenant, "The last one")
    assert [warn_of_caps(tenant, now=NOON) for _hour in range(2)] == [1, 0]
    assert len(mail.outbox) == 2


def test_changed_cap_warns_anew(tenant: Tenant, mailed_admin: User) -> None:
    set_soft_caps(tenant, actor=AOKI, users=1)
    warn_of_caps(tenant, now=NOON)
    set_soft_caps(tenant, actor=AOKI, users=1, rooms=3)
    assert warn_of_caps(tenant, now=NOON) == 0
    for limit in (2, 1):
        set_soft_caps(tenant, actor=AOKI, users=limit)
    assert warn_of_caps(tenant, now=NOON) == 1


def test_mail_speaks_the_administrator_s_language(tenant: Tenant, mailed_admin: User) -> None:
    mailed_admin.language = "ja"
    mailed_admin.save()
    set_soft_caps(tenant, actor=AOKI, users=1)
    warn_of_caps(tenant, now=NOON)
    assert "有効な利用者" in mail.outbox[0].body


def test_warning_that_could_not_be_mailed_is_tried_again(tenant: Tenant, mailed_admin: User, settings) -> None:
    set_soft_caps(tenant, actor=AOKI, users=1)
    settings.EMAIL_BACKEND = "tests.conferences.test_caps.NoServer"
    with pytest.raises(OSError, match="no server"):
        warn_of_caps(tenant, now=NOON)
    assert SoftCaps.objects.get().warned == {}


class NoServer:
    def __init__(self, **_options: object) -> None:
        raise OSError("no server")


def test_hourly_task_counts_and_warns(tenant: Tenant, mailed_admin: User, other_tenant: Tenant) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    stay = make_attendance(tenant, joined_at=now - timedelta(minutes=5))
    make_sample(stay, now - timedelta(minutes=5), bytes_in=1000)
    set_soft_caps(tenant, actor=AOKI, connections=1)
    assert count_usage_hourly() == 1
    assert len(mail.outbox) == 1
