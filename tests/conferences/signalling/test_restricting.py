"""Restrictions and suspension during meetings with sockets and a media worker: out at once, logged, and kept out."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Restriction
from accounts.services.restriction_changes import create_rule
from accounts.services.tenants import resume_tenant, suspend_tenant
from audit.events import Actor
from audit.models import AuditEvent
from conferences import runtime
from tests.conferences.people import guest_browser, guest_cookies, member_browser
from tests.conferences.waiting import until_stored
from tests.database import as_operator
from tests.factories import make_guest_pass

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = Actor(id="adminadmin", name="Aoki Admin")


async def revoked(browser) -> None:
    assert await browser.expect("removed") == {"type": "removed", "reason": "revoked"}
    assert await browser.expect_close() == 4403


async def access_ended(cause: str) -> AuditEvent:
    def events():
        return AuditEvent.objects.filter(action="access_ended", details__cause=cause)

    await until_stored(events().exists)
    assert await as_operator(events().count)() == 1
    return await as_operator(events().get)()


async def test_new_rule_puts_out_at_once_logs_the_delay_and_keeps_out(worker, room, tenant, host, member):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    rule = {"name": "Not Mori", "scope": "meeting", "effect": "deny", "users": [member]}
    async with asyncio.timeout(5):
        await as_operator(create_rule)(tenant, actor=ADMIN, **rule)
        await revoked(talker)
    assert (await worker.wait_for("close_peer"))["peer"] == talker.id
    event = await access_ended("restricted")
    assert (event.details["rule"], event.actor_name, event.target_name) == ("Not Mori", "Aoki Admin", "Board room")
    assert event.details["names"] == ["Mori Member"]
    assert 0 <= event.details["delay_ms"] < 5000
    assert event.details["ordered_at"] <= event.details["done_at"]
    late = await member_browser(member, room, talker.cookies)
    await late.ask_to_join(resume=talker.joined["resume"])
    assert (await late.expect("error"))["code"] == "restricted"
    assert await late.expect_close() == 4403
    refusal = await as_operator(AuditEvent.objects.get)(action="join_restricted")
    assert (refusal.details["rule"], refusal.actor_name) == ("Not Mori", "Mori Member")


async def test_clock_that_reaches_a_boundary_is_noticed(worker, room, tenant, host, member):
    """Nobody announces that an hour has come: the rule is written behind the services' back."""
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()

    def begin_hours() -> None:
        rule = Restriction.objects.create(tenant=tenant, position=1, name="Evening", scope="meeting", effect="deny")
        rule.users.add(member)

    await as_operator(begin_hours)()
    running = runtime._running
    assert running is not None
    running._judged = dict.fromkeys(running._judged, 0)
    await revoked(talker)
    assert (await access_ended("restricted")).details["rule"] == "Evening"
    await chair.send("ping", sent=1)
    await chair.expect("pong")


async def test_host_whom_a_rule_forbids_it_is_told(worker, room, tenant, host, member):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    rule = {"name": "No host", "scope": "host", "effect": "deny", "users": [host]}
    await as_operator(create_rule)(tenant, actor=ADMIN, **rule)
    for browser in (chair, talker):
        updated = await browser.expect("participant_updated")
        assert (updated["participant"]["id"], updated["participant"]["role"]) == (chair.id, "member")


async def test_suspension_ends_members_guests_and_who_waits(worker, room, tenant, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    room.lobby = True
    await as_operator(room.save)()
    other = await as_operator(make_guest_pass)(room, secret="another")
    waiting = await guest_browser(other, await as_operator(guest_cookies)(other, "Second Guest"))
    await waiting.ask_to_join()
    await waiting.expect("waiting")
    async with asyncio.timeout(5):
        assert await as_operator(suspend_tenant)(tenant, actor=ADMIN, reason="unpaid") == 0
        for browser in (chair, guest, waiting):
            await revoked(browser)
    await worker.wait_for("close_router")
    event = await access_ended("tenant_suspended")
    assert event.details["people"] == 3
    again = await guest_browser(guest_pass, guest.cookies)
    assert await again.expect_close() == 4401
    await as_operator(resume_tenant)(tenant, actor=ADMIN)
    back = await guest_browser(guest_pass, guest.cookies)
    await back.ask_to_join()
    await back.expect("waiting")


async def test_forced_exit_is_an_end_of_access_too(worker, room, host, member):
    chair, talker = await member_browser(host, room), await member_browser(member, room)
    await chair.join()
    await talker.join()
    await chair.send("remove", participant=talker.id)
    await talker.expect("removed")
    event = await access_ended("removed")
    assert (event.actor_name, event.details["names"]) == ("Hara Host", ["Mori Member"])


async def test_pass_that_expires_is_found_by_the_minutes_check_as_before(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    past = timezone.now() - timedelta(seconds=1)
    await as_operator(type(guest_pass).objects.update)(expires_at=past)
    for local in runtime.hub().meetings.values():
        for connection_ in local.connections.values():
            connection_.next_check = 0.0
    await revoked(guest)
