"""Guest passes, grants and device cookies."""

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from audit.events import SYSTEM
from audit.models import AuditEvent
from conferences.models import MeetingCommand
from conferences.services.guests import (
    create_guest_pass,
    device_of,
    ensure_device,
    find_granted_pass,
    find_guest_pass,
    issue_grant,
    read_grant,
    revoke_guest_pass,
)
from tests.conferences.visits import join

pytestmark = pytest.mark.django_db


def made(room, **fields):
    expires_at = timezone.now() + timedelta(hours=1)
    return create_guest_pass(
        room, actor=SYSTEM, **{"creator": None, "name": "Gail", "expires_at": expires_at, **fields}
    )


def cookies_of(response):
    return {name: morsel.value for name, morsel in response.cookies.items()}


def granted(guest_pass, **fields):
    response = HttpResponse()
    issue_grant(response, guest_pass=guest_pass, **{"display_name": "Gail", "stamp": "stamp", **fields})
    return response


def test_pass_is_found_by_its_secret_which_is_stored_nowhere(room):
    guest_pass, secret = made(room)
    assert find_guest_pass(secret) == guest_pass
    assert secret not in str(vars(guest_pass))
    assert secret not in str(AuditEvent.objects.get(action="guest_pass_created").details)


@pytest.mark.parametrize("case", ["unknown", "expired", "revoked", "room_closed", "guests_off", "tenant_inactive"])
def test_worthless_passes_all_look_like_none(room, tenant, case):
    expired = timezone.now() - timedelta(seconds=1)
    guest_pass, secret = made(room, **({"expires_at": expired} if case == "expired" else {}))
    if case == "unknown":
        secret = "x" * len(secret)
    if case == "revoked":
        revoke_guest_pass(guest_pass, actor=SYSTEM)
    type(room).objects.filter(pk=room.pk).update(
        closed_at=timezone.now() if case == "room_closed" else None, guests_allowed=case != "guests_off"
    )
    type(tenant).objects.filter(pk=tenant.pk).update(is_active=case != "tenant_inactive")
    assert find_guest_pass(secret) is None


def test_grant_is_kept_in_a_signed_cookie_of_its_own(room):
    guest_pass, _ = made(room)
    response = granted(guest_pass, display_name="Gail Guest")
    cookie = response.cookies["liveon_guest"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    grant = read_grant(cookies_of(response))
    assert (grant.pass_id, grant.display_name, grant.stamp) == (guest_pass.public_id, "Gail Guest", "stamp")
    assert find_granted_pass(grant) == guest_pass


@pytest.mark.parametrize("value", ["", "nonsense", "a:b:c"])
def test_forged_grant_is_none(value):
    assert read_grant({"liveon_guest": value}) is None
    assert read_grant({}) is None


def test_device_cookie_is_no_grant_and_the_other_way_round(room):
    guest_pass, _ = made(room)
    grant = cookies_of(granted(guest_pass))["liveon_guest"]
    response = HttpResponse()
    ensure_device(RequestFactory().get("/"), response)
    device = cookies_of(response)["liveon_device"]
    assert read_grant({"liveon_guest": device}) is None
    assert device_of({"liveon_device": grant}) == ""


def test_grant_ends_after_twelve_hours(room):
    with time_machine.travel(timezone.now() - timedelta(hours=13)):
        old = granted(made(room)[0])
    assert read_grant(cookies_of(old)) is None


def test_grant_of_a_revoked_pass_opens_nothing(room):
    guest_pass, _ = made(room)
    grant = read_grant(cookies_of(granted(guest_pass)))
    revoke_guest_pass(guest_pass, actor=SYSTEM)
    assert find_granted_pass(grant) is None


def test_browser_keeps_its_device_id():
    response = HttpResponse()
    device = ensure_device(RequestFactory().get("/"), response)
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies_of(response))
    second = HttpResponse()
    assert ensure_device(request, second) == device
    assert not second.cookies
    assert device_of({"liveon_device": "forged"}) == ""


def test_revoking_orders_the_end_of_the_stay_and_twice_is_once(room, host):
    guest_pass, _ = made(room)
    join(room, host)
    guest = join(room, guest_pass)
    revoke_guest_pass(guest_pass, actor=SYSTEM)
    revoke_guest_pass(guest_pass, actor=SYSTEM)
    command = MeetingCommand.objects.get()
    assert (command.kind, command.payload["participants"]) == ("revoke", [guest.public_id])
    assert AuditEvent.objects.filter(action="guest_pass_revoked").count() == 1
