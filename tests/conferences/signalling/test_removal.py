"""A removal sticks: bars in every way back, and the way out of them."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import Actor
from audit.models import Attendance, AuditEvent
from conferences.models import Bar, MeetingCommand, Participant
from conferences.services.bars import bars_in_force
from conferences.services.removal import readmit, remove_everybody, remove_participant, remove_user
from tests.conferences.people import device_cookies, guest_browser, guest_cookies, member_browser, user_cookies
from tests.conferences.waiting import until_stored
from tests.database import as_operator
from tests.factories import make_guest_pass, make_room

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = Actor(id="adminadmin", name="Aoki Admin")


async def refused(browser, *, code="barred", **join) -> None:
    await browser.ask_to_join(**join)
    await browser.expect("error", code=code, fatal=True)
    assert await browser.expect_close() == 4403


async def removed(browser) -> None:
    assert await browser.expect("removed") == {"type": "removed", "reason": "removed"}
    assert await browser.expect_close() == 4403


@pytest.fixture
async def meeting(worker, room, host, member):
    """A host, and a member with cookies, in a meeting."""
    chair = await member_browser(host, room)
    await chair.join()
    cookies = await as_operator(user_cookies)(member, room)
    talker = await member_browser(member, room, cookies)
    await talker.join()
    await chair.expect("participant_joined")
    return chair, talker


async def test_host_removes_a_member_who_cannot_come_back(meeting, worker, room, member):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    assert (await chair.expect("participant_left"))["reason"] == "removed"
    (barred,) = (await chair.expect("barred_changed"))["barred"]
    assert (barred["name"], barred["is_guest"]) == ("Mori Member", False)
    bar = await worker.wait_for("bar")
    assert bar["subjects"] == [f"user:{member.public_id}"]

    await refused(await member_browser(member, room, talker.cookies))  # reload
    await refused(await member_browser(member, room))  # another login, another browser
    await refused(await member_browser(member, room, talker.cookies), resume=talker.joined["resume"])

    attendance = await as_operator(Attendance.objects.get)(participant_id=talker.id)
    assert (attendance.leave_reason, attendance.ended_by) == ("removed", "Hara Host")
    await until_stored(lambda: not MeetingCommand.objects.filter(done_at=None).exists())


async def test_removed_guest_is_barred_by_pass_and_by_device(meeting, worker, room, guest_pass):
    chair, _ = meeting
    cookies = await as_operator(guest_cookies)(guest_pass)
    guest = await guest_browser(guest_pass, cookies)
    await guest.join()
    await chair.send("remove", participant=guest.id)
    await removed(guest)
    await refused(await guest_browser(guest_pass, cookies))
    await refused(await guest_browser(guest_pass))  # the pass on another device
    second_pass = await as_operator(make_guest_pass)(room, secret="another")
    second_grant = await as_operator(guest_cookies)(second_pass, device=False)
    await refused(await guest_browser(second_pass, {**cookies, **second_grant}))  # another pass on the same device
    subjects = (await worker.wait_for("bar"))["subjects"]
    assert subjects[0] == f"pass:{guest_pass.public_id}"
    assert subjects[1].startswith("device:")


async def test_after_a_guests_removal_every_new_guest_goes_through_the_lobby(meeting, room, guest_pass):
    chair, _ = meeting
    guest = await guest_browser(guest_pass)
    await guest.join()
    await chair.send("remove", participant=guest.id)
    await removed(guest)
    other_pass = await as_operator(make_guest_pass)(room, secret="another")
    other = await guest_browser(other_pass)  # cleared cookies look like this
    await other.ask_to_join()
    await other.expect("waiting", reason="lobby")


async def test_after_a_members_removal_too_because_they_may_have_a_pass(meeting, guest_pass):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    guest = await guest_browser(guest_pass)  # a private window has no device
    await guest.ask_to_join()
    await guest.expect("waiting", reason="lobby")


async def test_removed_member_cannot_come_back_as_a_guest_on_the_same_browser(worker, room, host, member, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    device = device_cookies()
    cookies = await as_operator(user_cookies)(member, room)
    talker = await member_browser(member, room, {**cookies, **device})
    await talker.join()
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    grant = await as_operator(guest_cookies)(guest_pass, device=False)
    await refused(await guest_browser(guest_pass, {**grant, **device}))


async def test_bar_is_known_to_a_new_worker_and_a_new_epoch(meeting, worker, member):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    await worker.restart()
    created = await worker.wait_for("create_router", 2)
    assert created["epoch"] == 2
    assert created["bars"] == [f"user:{member.public_id}"]
    assert (await chair.expect("rebuild"))["epoch"] == 2


async def test_host_readmits(meeting, worker, room, member):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    (barred,) = (await chair.expect("barred_changed"))["barred"]
    await chair.send("readmit", bar=barred["id"])
    assert (await chair.expect("barred_changed"))["barred"] == []
    assert (await worker.wait_for("unbar"))["subjects"] == [f"user:{member.public_id}"]
    back = await member_browser(member, room)
    await back.join()


async def test_administrator_removes_and_readmits_a_user(meeting, worker, room, member, tenant):
    chair, talker = meeting
    (bar,) = await as_operator(remove_user)(tenant, member, actor=ADMIN)
    async with asyncio.timeout(1):
        await worker.wait_for("bar")
        await removed(talker)
    attendance = await as_operator(Attendance.objects.get)(participant_id=talker.id)
    assert (attendance.leave_reason, attendance.ended_by) == ("removed", "Aoki Admin")
    await as_operator(readmit)(bar, actor=ADMIN)
    await worker.wait_for("unbar")
    await (await member_browser(member, room)).join()
    actions = await as_operator(lambda: list(AuditEvent.objects.values_list("action", flat=True)))()
    assert {"participant_removed", "participant_readmitted"} <= set(actions)


async def test_administrator_removes_everybody_and_the_meeting_ends(meeting, worker, room):
    chair, talker = meeting
    bars = await as_operator(remove_everybody)(room, actor=ADMIN)
    assert len(bars) == 2
    await removed(chair)
    await removed(talker)
    await worker.wait_for("close_router")


async def test_removal_of_somebody_whose_socket_is_lost(meeting, room, member):
    chair, talker = meeting
    await talker.lose()
    await chair.expect("participant_updated")
    await chair.send("remove", participant=talker.id)
    await chair.expect("participant_left", reason="removed")
    await refused(await member_browser(member, room, talker.cookies), resume=talker.joined["resume"])


async def test_removal_while_waiting_in_the_lobby(meeting, room, guest_pass):
    chair, _ = meeting
    await as_operator(type(room).objects.update)(lobby=True)
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    (waiting,) = (await chair.expect("waiting_changed"))["waiting"]
    await chair.send("remove", participant=waiting["id"])
    await guest.expect("error", code="not_allowed", fatal=True)
    assert await guest.expect_close() == 4403
    await refused(await guest_browser(guest_pass))


async def test_host_cannot_remove_themselves_a_stranger_or_nobody(meeting, other_tenant):
    chair, talker = meeting
    await chair.send("remove", participant=chair.id, request="self")
    await chair.expect("error", code="not_allowed", request="self")
    await chair.send("remove", participant="nobodynobody", request="nobody")
    await chair.expect("error", code="unknown_participant", request="nobody")


async def test_removing_twice_is_once(meeting, member):
    _, talker = meeting
    participant = await as_operator(Participant.objects.get)(public_id=talker.id)
    first = await as_operator(remove_participant)(participant, actor=ADMIN)
    second = await as_operator(remove_participant)(participant, actor=ADMIN)
    assert first == second
    assert await as_operator(Bar.objects.count)() == 1


async def test_bar_outlives_the_meeting_for_twelve_hours_and_not_longer(meeting, room):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    soon, later = timezone.now() + timedelta(hours=11), timezone.now() + timedelta(hours=13)
    in_force = as_operator(lambda now: bars_in_force(room, now=now).exists())
    assert await in_force(soon)
    assert await in_force(later)  # the meeting goes on
    await chair.send("end")
    await chair.expect("meeting_ended")
    assert await in_force(soon)
    assert not await in_force(later)


async def test_bar_holds_in_its_room_only(meeting, tenant, member):
    chair, talker = meeting
    await chair.send("remove", participant=talker.id)
    await removed(talker)
    other = await as_operator(make_room)(tenant)
    await (await member_browser(member, other)).join()


async def test_two_bars_on_one_device_are_lifted_one_by_one(meeting, worker, room, guest_pass):
    chair, _ = meeting
    cookies = await as_operator(guest_cookies)(guest_pass)
    guest = await guest_browser(guest_pass, cookies)
    await guest.join()
    participant = await as_operator(Participant.objects.get)(public_id=guest.id)
    bar = await as_operator(remove_participant)(participant, actor=ADMIN)

    def second_bar() -> None:
        other_pass = make_guest_pass(room, secret="another")
        fields = {
            "room": room,
            "tenant": room.tenant,
            "meeting": bar.meeting,
            "name": "x",
            "created_at": bar.created_at,
        }
        Bar.objects.create(**fields, guest_pass=other_pass, device=bar.device, until=bar.until)

    await as_operator(second_bar)()
    await as_operator(readmit)(bar, actor=ADMIN)
    assert (await worker.wait_for("unbar"))["subjects"] == [f"pass:{guest_pass.public_id}"]
