"""Coming back: resume tokens, lost sockets, restarts of the web process."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.events import SYSTEM
from audit.models import Attendance
from conferences import runtime
from conferences.models import Meeting, Participant
from conferences.services.meetings import end_live_meeting
from tests.conferences.people import guest_browser, guest_cookies, member_browser, user_cookies
from tests.conferences.waiting import until, until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)


def attendances() -> list[tuple[str, int]]:
    return list(Attendance.objects.order_by("pk").values_list("leave_reason", "reconnects"))


async def test_lost_socket_comes_back_with_its_token_and_its_media(worker, room, host, member):
    watcher = await member_browser(member, room)
    await watcher.join()
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await browser.lose()
    updated = await watcher.expect("participant_updated")
    assert (updated["participant"]["connected"], updated["participant"]["quality"]) == (False, "lost")

    again = await member_browser(host, room, cookies)
    second = await again.join(resume=first["resume"])
    assert second["you"] == first["you"]
    assert second["resumed"] is True
    assert second["resume"] != first["resume"]
    updated = await watcher.expect("participant_updated")
    assert updated["participant"]["connected"] is True
    assert len(worker.asked("create_peer")) == 2  # one each: nothing was made anew
    assert await as_operator(attendances)() == [("", 0), ("", 1)]


async def test_token_is_good_once(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    token = (await browser.join())["resume"]
    await browser.lose()
    again = await member_browser(host, room, cookies)
    await again.join(resume=token)
    thief = await member_browser(host, room, cookies)
    await thief.ask_to_join(resume=token)
    assert await thief.expect("removed") == {"type": "removed", "reason": "duplicate"}
    assert await thief.expect_close() == 4409
    await again.send("ping", sent=1)
    await again.expect("pong")


async def test_token_of_somebody_else_is_refused(worker, room, host, member):
    victim = await member_browser(host, room)
    token = (await victim.join())["resume"]
    thief = await member_browser(member, room)
    await thief.ask_to_join(resume=token)
    await thief.expect("error", code="resume_refused", fatal=True)
    assert await thief.expect_close() == 4403


async def test_token_is_bound_to_its_login(worker, room, host):
    victim = await member_browser(host, room)
    token = (await victim.join())["resume"]
    other_login = await member_browser(host, room)
    await other_login.ask_to_join(resume=token)
    await other_login.expect("error", code="resume_refused")


async def test_unknown_token_joins_anew(worker, room, host):
    browser = await member_browser(host, room)
    joined = await browser.join(resume="1.nobody-knows-this-token")
    assert joined["resumed"] is False


async def test_token_of_an_ended_meeting_does_not_begin_the_next(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    token = (await browser.join())["resume"]
    await browser.lose()
    await as_operator(end_live_meeting)(room, actor=SYSTEM)
    again = await member_browser(host, room, cookies)
    await again.ask_to_join(resume=token)
    await again.expect("error", code="meeting_ended", fatal=True)
    assert await again.expect_close() == 4410
    assert await as_operator(Meeting.objects.count)() == 1


async def test_reload_without_token_goes_on_as_the_same_stay_with_new_media(worker, room, host, member):
    watcher = await member_browser(member, room)
    await watcher.join()
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await browser.send("mute", source="screen", muted=False)
    await watcher.expect("participant_updated")
    await browser.lose()
    await watcher.expect("participant_updated")
    again = await member_browser(host, room, cookies)
    second = await again.join(microphone=False)
    assert second["participants"][1]["muted"]["screen"] is True
    assert (second["you"], second["resumed"]) == (first["you"], False)
    assert second["participants"][1]["muted"]["microphone"] is True
    assert [each["reason"] for each in worker.asked("close_peer")] == ["left"]
    assert len(worker.asked("create_peer")) == 3
    assert await as_operator(attendances)() == [("", 0), ("", 1)]


async def test_guest_comes_back_by_device(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    cookies = await as_operator(guest_cookies)(guest_pass)
    guest = await guest_browser(guest_pass, cookies)
    first = await guest.join()
    await guest.lose()
    await chair.expect("participant_updated")
    again = await guest_browser(guest_pass, cookies)
    assert (await again.join())["you"] == first["you"]


async def test_lost_guest_on_another_device_is_a_new_stay(worker, room, host, guest_pass):
    chair = await member_browser(host, room)
    await chair.join()
    guest = await guest_browser(guest_pass)
    first = await guest.join()
    await guest.lose()
    await chair.expect("participant_updated")
    other = await guest_browser(guest_pass)
    assert (await other.join())["you"] != first["you"]
    assert (await chair.expect("participant_left"))["reason"] == "duplicate"


async def test_who_does_not_come_back_has_left_when_the_socket_was_lost(worker, room, host, member, monkeypatch):
    monkeypatch.setattr("conferences.services.presence.RESUME_WITHIN", timedelta(0))
    watcher = await member_browser(member, room)
    await watcher.join()
    browser = await member_browser(host, room)
    await browser.join()
    await browser.lose()
    left = await watcher.expect("participant_left")
    assert (left["participant"], left["reason"]) == (browser.id, "connection_lost")
    await worker.wait_for("close_peer")
    participant = await as_operator(Participant.objects.get)(public_id=browser.id)
    assert participant.left_at == participant.disconnected_at


async def test_restarted_web_process_takes_the_media_over(worker, room, host, member):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await runtime.stop()
    assert await browser.expect_close() == 1012
    await runtime.start()
    await until(lambda: runtime.hub().media.workers.live)

    again = await member_browser(host, room, cookies)
    second = await again.join(resume=first["resume"])
    assert (second["you"], second["resumed"], second["epoch"]) == (first["you"], True, 1)
    assert len(worker.asked("create_peer")) == 1
    assert await as_operator(attendances)() == [("", 1)]


async def test_killed_web_process_leaves_one_attendance(worker, room, host, settings):
    """Like `kill -9`: nothing was said to the database. A single web process knows that no socket has survived."""
    settings.REDIS_URL = ""
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    await browser.join()
    await runtime.stop()
    await as_operator(Participant.objects.update)(disconnected_at=None)
    await runtime.start()
    await until(lambda: runtime.hub().media.workers.live)
    reloaded = await member_browser(host, room, cookies)
    assert (await reloaded.join())["you"] == browser.id
    assert await as_operator(attendances)() == [("", 1)]


async def test_connected_somebody_who_was_noted_as_lost_is_put_right(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    await browser.join()
    await as_operator(Participant.objects.update)(disconnected_at=timezone.now())
    await until_stored(lambda: Participant.objects.filter(disconnected_at=None).exists())
    await browser.send("ping", sent=1)
    await browser.expect("pong")
