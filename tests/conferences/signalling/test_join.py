"""Joining: roles, refusals, waiting rooms, second tabs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import SYSTEM
from audit.models import Attendance, AuditEvent
from conferences.models import Meeting, Participant
from conferences.services.rooms import close_room, edit_room, set_entry_password
from tests.conferences.people import Browser, guest_browser, guest_cookies, member_browser, user_cookies
from tests.conferences.waiting import until_stored
from tests.database import as_operator
from tests.factories import make_guest_pass, make_room, make_user

pytestmark = pytest.mark.django_db(transaction=True)


async def test_host_and_member_join_and_see_each_other(worker, room, host, member):
    first = await member_browser(host, room)
    joined = await first.join(microphone=True, camera=False, request="j1")
    assert joined["role"] == "host"
    assert joined["request"] == "j1"
    assert joined["room"] == {"id": room.public_id, "name": "Board room"}
    assert (joined["epoch"], joined["resumed"], joined["chat"]) == (1, False, True)
    assert [each["name"] for each in joined["participants"]] == ["Hara Host"]
    muted = {"microphone": False, "camera": True, "screen": True, "screen_audio": True}
    assert joined["participants"][0]["muted"] == muted

    second = await member_browser(member, room)
    seen = await second.join()
    assert seen["role"] == "member"
    assert [each["name"] for each in seen["participants"]] == ["Hara Host", "Mori Member"]
    news = await first.expect("participant_joined")
    assert news["participant"]["id"] == second.id

    await second.send("leave")
    assert await second.expect_close() == 1000
    left = await first.expect("participant_left")
    assert left == {"type": "participant_left", "participant": second.id, "reason": "left"}


async def test_leave_counts_although_the_tab_closes_before_it_is_read(worker, room, host, member):
    first, second = await member_browser(host, room), await member_browser(member, room)
    await first.join()
    await second.join()
    for raised in (True, False, True):
        await second.send("raise_hand", raised=raised)
    await second.send("leave")
    await second.lose()
    left = await first.expect("participant_left")
    assert left == {"type": "participant_left", "participant": second.id, "reason": "left"}


async def test_first_join_begins_the_meeting_and_last_leave_ends_it(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    await browser.send("leave")
    await browser.expect_close()

    @as_operator
    def rows():
        return Meeting.objects.get(), Attendance.objects.get(), set(AuditEvent.objects.values_list("action", flat=True))

    meeting, attendance, actions = await rows()
    assert meeting.ended_at is not None
    assert (attendance.login_id, attendance.leave_reason) == ("host", "left")
    assert (attendance.ip_address, attendance.user_agent) == ("192.0.2.7", "TestBrowser/1.0")
    assert {"meeting_started", "attendance_opened", "attendance_closed", "meeting_ended"} <= actions


async def test_guest_waits_for_a_host_while_members_talk(worker, room, host, member, guest_pass):
    talker = await member_browser(member, room)
    await talker.join()
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join(request="g1")
    assert await guest.expect("waiting") == {"type": "waiting", "reason": "no_host", "request": "g1"}

    arriving = await member_browser(host, room)
    await arriving.join()
    joined = await guest.expect("joined")
    assert joined["role"] == "guest"
    assert [each["name"] for each in joined["participants"] if each["is_guest"]] == ["Gail Guest"]
    assert len(joined["participants"]) == 3
    assert (joined["waiting"], joined["barred"]) == ([], [])
    news = [await talker.expect("participant_joined") for _ in range(2)]
    assert {each["participant"]["name"] for each in news} == {"Hara Host", "Gail Guest"}


async def test_lobby_holds_a_guest_until_the_host_admits(worker, room, host, guest_pass):
    await as_operator(edit_room)(room, actor=SYSTEM, lobby=True)
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting", reason="lobby")
    (waiting,) = (await chair.expect("waiting_changed"))["waiting"]
    assert waiting["name"] == "Gail Guest"
    await chair.send("admit", participant=waiting["id"])
    assert (await guest.expect("joined"))["you"] == waiting["id"]
    assert (await chair.expect("waiting_changed"))["waiting"] == []


async def test_denied_guest_is_sent_away_and_may_ask_again(worker, room, host, guest_pass):
    await as_operator(edit_room)(room, actor=SYSTEM, lobby=True)
    chair = await member_browser(host, room)
    await chair.join()
    cookies = await as_operator(guest_cookies)(guest_pass)
    guest = await guest_browser(guest_pass, cookies)
    await guest.ask_to_join()
    (waiting,) = (await chair.expect("waiting_changed"))["waiting"]
    await chair.send("deny", participant=waiting["id"])
    assert await guest.expect("error", fatal=True, code="not_allowed")
    assert await guest.expect_close() == 4403
    again = await guest_browser(guest_pass, cookies)
    await again.ask_to_join()
    await again.expect("waiting", reason="lobby")


async def test_lobby_goes_on_without_a_host_and_starts_with_one(worker, room, host, guest_pass):
    await as_operator(edit_room)(room, actor=SYSTEM, lobby=True)
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting", reason="no_host")
    chair = await member_browser(host, room)
    joined = await chair.join()
    assert [each["name"] for each in joined["waiting"]] == ["Gail Guest"]
    await guest.expect("waiting", reason="lobby")


async def test_lobby_switched_off_lets_everybody_in(worker, room, host, guest_pass):
    await as_operator(edit_room)(room, actor=SYSTEM, lobby=True)
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting", reason="lobby")
    await as_operator(edit_room)(room, actor=SYSTEM, lobby=False)
    await guest.expect("joined")


async def test_member_named_host_becomes_it_at_once_when_there_is_none(worker, room, member):
    talker = await member_browser(member, room)
    assert (await talker.join())["role"] == "member"
    await as_operator(edit_room)(room, actor=SYSTEM, hosts=[member])
    assert (await talker.expect("participant_updated"))["participant"]["role"] == "host"


async def test_next_named_host_takes_over_when_the_host_leaves(worker, room, host, member, tenant):
    deputy = await as_operator(make_user)(tenant, "deputy")
    await as_operator(room.hosts.add)(deputy)
    chair, talker, second = [await member_browser(each, room) for each in (host, member, deputy)]
    assert (await chair.join())["role"] == "host"
    assert (await talker.join())["role"] == "member"
    assert (await second.join())["role"] == "member"
    await chair.send("leave")
    updated = await talker.expect("participant_updated")
    assert (updated["participant"]["id"], updated["participant"]["role"]) == (second.id, "host")
    assert (await second.expect("waiting_changed"))["waiting"] == []


async def test_creator_hosts_a_room_that_names_nobody(worker, tenant, member, host):
    room = await as_operator(make_room)(tenant, created_by=member)
    other = await member_browser(host, room)
    assert (await other.join())["role"] == "member"
    creator = await member_browser(member, room)
    assert (await creator.join())["role"] == "host"


async def test_room_without_hosts_and_creator_is_hosted_by_an_administrator(worker, tenant, member, admin):
    room = await as_operator(make_room)(tenant)
    talker = await member_browser(member, room)
    assert (await talker.join())["role"] == "member"
    chair = await member_browser(admin, room)
    assert (await chair.join())["role"] == "host"


async def test_newer_tab_takes_over(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    older = await member_browser(host, room, cookies)
    await older.join()
    newer = await member_browser(host, room, cookies)
    joined = await newer.join()
    assert [each["id"] for each in joined["participants"]] == [joined["you"]]
    assert await older.expect("removed") == {"type": "removed", "reason": "duplicate"}
    assert await older.expect_close() == 4409
    reasons = await as_operator(lambda: list(Attendance.objects.values_list("leave_reason", flat=True)))()
    assert sorted(reasons) == ["", "duplicate"]


async def test_pass_is_in_use_on_another_device(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    await guest.join()
    other = await guest_browser(guest_pass)
    await other.ask_to_join()
    await other.expect("error", code="pass_in_use", fatal=True)
    assert await other.expect_close() == 4403


async def test_full_meeting_refuses(worker, room, host, member):
    await as_operator(edit_room)(room, actor=SYSTEM, participant_limit=1)
    chair = await member_browser(host, room)
    await chair.join()
    late = await member_browser(member, room)
    await late.ask_to_join(request="x")
    await late.expect("error", code="meeting_full", fatal=True, request="x")
    assert await late.expect_close() == 4403


async def test_entry_password_must_have_been_given_and_be_the_present_one(worker, room, host, member):
    await as_operator(set_entry_password)(room, actor=SYSTEM, password="open sesame")
    cookies = await as_operator(user_cookies)(host, room)
    chair = await member_browser(host, room, cookies)
    await chair.join()
    without = await member_browser(member, room, await as_operator(user_cookies)(member))
    await without.ask_to_join()
    await without.expect("error", code="password_required", fatal=True)
    assert await without.expect_close() == 4403

    stale = await as_operator(user_cookies)(member, room)
    await as_operator(set_entry_password)(room, actor=SYSTEM, password="changed since")
    late = await member_browser(member, room, stale)
    await late.ask_to_join()
    await late.expect("error", code="password_required")
    await chair.send("ping", sent=1)
    await chair.expect("pong", sent=1)  # who is in stays in


@pytest.mark.parametrize("case", ["foreign", "unknown", "closed"])
async def test_foreign_unknown_and_closed_rooms_look_the_same(worker, room, member, stranger, case):
    user = stranger if case == "foreign" else member
    if case == "closed":
        await as_operator(close_room)(room, actor=SYSTEM)
    room_id = "nosuchroom" if case == "unknown" else room.public_id
    cookies = await as_operator(user_cookies)(user)
    browser = await Browser(room_id, identity="user", cookies=cookies).open()
    assert await browser.expect("error") == {"type": "error", "code": "room_not_found", "fatal": True}
    assert await browser.expect_close() == 4404


@pytest.mark.parametrize("identity", ["user", "guest", "admin", ""])
async def test_nobody_gets_the_same_answer_for_every_room(worker, room, identity):
    for room_id in (room.public_id, "nosuchroom"):
        browser = await Browser(room_id, identity=identity, cookies={}).open()
        assert await browser.expect("error") == {"type": "error", "code": "login_required", "fatal": True}
        assert await browser.expect_close() == 4401


async def test_guest_pass_opens_only_its_own_room(worker, room, tenant, guest_pass):
    other = await as_operator(make_room)(tenant)
    cookies = await as_operator(guest_cookies)(guest_pass)
    browser = await Browser(other.public_id, identity="guest", cookies=cookies).open()
    assert await browser.expect_close() == 4404


@pytest.mark.parametrize(
    "change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(hours=1)}]
)
async def test_worthless_pass_is_refused_although_the_grant_is_good(worker, room, change):
    guest_pass = await as_operator(make_guest_pass)(room, **change)
    browser = await guest_browser(guest_pass)
    assert await browser.expect_close() == 4401


async def test_pass_revoked_between_opening_and_joining_is_refused(worker, room, guest_pass):
    browser = await guest_browser(guest_pass)
    await as_operator(type(guest_pass).objects.update)(revoked_at=timezone.now())
    await browser.ask_to_join()
    await browser.expect("error", code="login_required", fatal=True)
    assert await browser.expect_close() == 4401


async def test_login_and_grant_in_one_browser_are_apart(worker, room, host, guest_pass):
    both = {
        **await as_operator(user_cookies)(host, room),
        **await as_operator(guest_cookies)(guest_pass),
    }
    as_user = await member_browser(host, room, both)
    assert (await as_user.join())["role"] == "host"
    as_guest = await guest_browser(guest_pass, both)
    assert (await as_guest.join())["role"] == "guest"


async def test_joining_twice_on_one_socket_is_refused(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    await browser.ask_to_join(request="again")
    await browser.expect("error", code="already_joined", fatal=False, request="again")


async def test_only_join_ping_and_leave_work_before_joining(worker, room, host):
    browser = await member_browser(host, room)
    await browser.send("chat", text="hello", request="c")
    await browser.expect("error", code="not_joined", request="c")
    await browser.send("ping", sent=7)
    await browser.expect("pong", sent=7)
    await browser.send("leave")
    assert await browser.expect_close() == 1000
    assert not await as_operator(Participant.objects.exists)()


async def test_socket_that_does_not_join_is_closed(worker, room, host, monkeypatch):
    monkeypatch.setattr("conferences.signalling.consumer.JOIN_SECONDS", 0.05)
    browser = await member_browser(host, room)
    assert await browser.expect_close() == 4408


async def test_many_tabs_at_once_leave_one_presence(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browsers = [await member_browser(host, room, cookies) for _ in range(5)]
    for browser in browsers:
        await browser.ask_to_join()
    for browser in browsers[:-1]:
        assert await browser.expect_close() == 4409
    await browsers[-1].expect("joined")
    await until_stored(lambda: Participant.objects.filter(left_at=None).count() == 1)
    await until_stored(lambda: Attendance.objects.filter(left_at=None).count() == 1)


async def test_without_a_worker_the_meeting_begins_without_media(empty_runtime, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    await browser.expect("media_unavailable")
    await browser.send("chat", text="anyway")
    await browser.expect("chat_message", text="anyway")


async def test_camera_of_an_admitted_guest_that_is_one_too_many_is_off_at_the_worker(worker, room, host, guest_pass):
    await as_operator(edit_room)(room, actor=SYSTEM, publisher_limit=1)
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting")
    browser = await member_browser(host, room)
    await browser.join()
    guest.joined = await guest.expect("joined")
    assert (await worker.wait_for("set_muted", peer=guest.id, source="camera"))["muted"]
