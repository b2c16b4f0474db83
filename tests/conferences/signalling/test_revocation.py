"""Losing access ends meetings: disabled users, ended logins, revoked passes; and commands in general."""

import asyncio
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.logins import login_key
from accounts.models import User
from accounts.services.logins import end_login
from accounts.services.users import disable_user, edit_user, set_password
from audit.events import Actor
from audit.models import Attendance, AuditEvent
from conferences import runtime
from conferences.models import MeetingCommand, Participant
from conferences.services.commands import order_revocation
from conferences.services.guests import revoke_guest_pass
from conferences.services.meetings import end_live_meeting
from conferences.services.rooms import close_room, edit_room
from tenants.models import Tenant
from tests.conferences.people import guest_browser, guest_cookies, member_browser, user_cookies
from tests.conferences.waiting import until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = Actor(id="adminadmin", name="Aoki Admin")


async def revoked(browser) -> None:
    assert await browser.expect("removed") == {"type": "removed", "reason": "revoked"}
    assert await browser.expect_close() == 4403


async def test_disabling_a_user_ends_their_meeting_and_logs_the_delay(worker, room, host, member, admin):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    async with asyncio.timeout(5):
        await as_operator(disable_user)(member, actor=ADMIN)
        await revoked(talker)
    assert (await worker.wait_for("close_peer"))["peer"] == talker.id
    attendance = await as_operator(Attendance.objects.get)(participant_id=talker.id)
    assert (attendance.leave_reason, attendance.ended_by) == ("revoked", "Aoki Admin")
    await until_stored(lambda: AuditEvent.objects.filter(action="access_ended").exists())
    event = await as_operator(AuditEvent.objects.get)(action="access_ended")
    assert (event.details["cause"], event.actor_name) == ("disabled", "Aoki Admin")
    assert (event.details["participants"], event.details["names"]) == ([talker.id], ["Mori Member"])
    assert 0 <= event.details["delay_ms"] < 5000
    late = await member_browser(member, room, talker.cookies)
    assert await late.expect_close() == 4401


async def test_logout_ends_the_sockets_of_that_login_only(worker, room, tenant, host, member):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    elsewhere = await as_operator(user_cookies)(member, room)
    key = elsewhere["liveon_login"]
    await as_operator(end_login)(member, actor=ADMIN, session_key=key)
    await talker.send("ping", sent=1)
    await talker.expect("pong")
    key = talker.cookies["liveon_login"]
    await as_operator(end_login)(member, actor=ADMIN, session_key=key)
    await revoked(talker)
    assert (await as_operator(Participant.objects.get)(public_id=talker.id)).login_key == login_key(key)


async def test_new_password_ends_every_meeting_of_the_user(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    await as_operator(set_password)(host, actor=ADMIN, password="completely new words")
    await revoked(browser)


async def test_changed_role_ends_nothing(worker, room, admin, host):
    browser = await member_browser(host, room)
    await browser.join()
    await as_operator(edit_user)(host, actor=ADMIN, role="admin")
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    assert not await as_operator(MeetingCommand.objects.exists)()


async def test_revoked_pass_ends_the_guests_stay(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    await as_operator(revoke_guest_pass)(guest_pass, actor=ADMIN)
    await revoked(guest)
    again = await guest_browser(guest_pass, guest.cookies)
    assert await again.expect_close() == 4401


async def test_guests_go_at_once_when_the_room_no_longer_allows_them(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    await as_operator(edit_room)(room, actor=ADMIN, guests_allowed=False)
    await revoked(guest)
    await chair.send("ping", sent=1)
    await chair.expect("pong")


async def test_revocation_reaches_a_guest_who_waits(worker, room, guest_pass):
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting")
    await as_operator(revoke_guest_pass)(guest_pass, actor=ADMIN)
    await revoked(guest)


def end_session(browser, **_) -> None:
    Session.objects.filter(pk=browser.cookies["liveon_login"]).delete()


def suspend_tenant(browser, **_) -> None:
    Tenant.objects.update(is_active=False)


def deactivate_silently(browser, **_) -> None:
    User.objects.update(is_active=False)


@pytest.mark.parametrize("change", [end_session, suspend_tenant, deactivate_silently])
async def test_minutes_check_finds_what_nobody_announced(worker, room, host, change):
    browser = await member_browser(host, room)
    await browser.join()
    await as_operator(change)(browser)
    expire_checks()
    await revoked(browser)


async def test_minutes_check_finds_an_expired_pass(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    await as_operator(type(guest_pass).objects.update)(expires_at=timezone.now() - timedelta(seconds=1))
    expire_checks()
    await revoked(guest)
    await chair.send("ping", sent=1)
    await chair.expect("pong")


def expire_checks() -> None:
    for local in runtime.hub().meetings.values():
        for connection in local.connections.values():
            connection.next_check = 0.0


async def test_ending_from_elsewhere_ends_it_for_all(worker, room, host, member):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    await as_operator(end_live_meeting)(room, actor=ADMIN)
    for browser in (chair, talker):
        await browser.expect("meeting_ended")
        assert await browser.expect_close() == 4410
    await worker.wait_for("close_router")


async def test_closing_the_room_ends_its_meeting(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    await as_operator(close_room)(room, actor=ADMIN)
    await browser.expect("meeting_ended")


async def test_command_written_without_any_wake_up_is_found_within_a_second(worker, room, host, monkeypatch):
    """What Celery or another node writes: only the row tells."""
    browser = await member_browser(host, room)
    await browser.join()
    monkeypatch.setattr("conferences.wake._tell", lambda meeting_id: None)
    async with asyncio.timeout(3):
        await as_operator(end_live_meeting)(room, actor=ADMIN)
        await browser.expect("meeting_ended")
        await worker.wait_for("close_router")


async def test_command_waits_for_its_worker(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    worker.refuse["close_router"] = "internal"
    await browser.send("end")
    await worker.wait_for("close_router", 2)
    assert await as_operator(MeetingCommand.objects.filter(done_at=None).exists)()
    worker.refuse.clear()
    await until_stored(lambda: not MeetingCommand.objects.filter(done_at=None).exists())


async def test_revocation_ends_the_stays_of_its_time_only(worker, room, host):
    """Disabled, enabled and back again before the command is carried out."""
    browser = await member_browser(host, room)
    await browser.join()

    def order_of_the_past() -> None:
        participant = Participant.objects.get(public_id=browser.id)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("conferences.services.commands._present", lambda *_: Participant.objects.none())
            order_revocation(participant.meeting, {"user": host.public_id, "login_key": ""}, actor=ADMIN, cause="x")
        MeetingCommand.objects.create(
            tenant=room.tenant,
            meeting=participant.meeting,
            kind="revoke",
            payload={"participants": ["somebodyearlier"], "cause": "disabled", "by": "", "by_id": ""},
        )

    await as_operator(order_of_the_past)()
    assert await as_operator(MeetingCommand.objects.count)() == 1
    await until_stored(lambda: MeetingCommand.objects.filter(done_at__isnull=False).exists())
    await browser.send("ping", sent=1)
    await browser.expect("pong")


async def test_guest_of_a_deactivated_room_setting_is_out_at_the_next_check(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass, await as_operator(guest_cookies)(guest_pass))
    await guest.join()
    await as_operator(type(room).objects.update)(guests_allowed=False)
    expire_checks()
    await revoked(guest)
