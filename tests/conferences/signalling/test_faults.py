"""Our own faults: nothing of them reaches the client but a code, and the server goes on."""

import pytest
from channels.layers import channel_layers, get_channel_layer

from conferences import runtime, wake
from conferences.models import Meeting
from conferences.signalling.changes import farewell
from tests.conferences.people import guest_browser, member_browser
from tests.conferences.visits import join
from tests.conferences.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def fail(*args, **fields):
    raise RuntimeError("as if something of ours were wrong")


async def test_without_a_runtime_the_client_is_asked_to_come_back(room, host):
    assert runtime.hub() is None
    browser = await member_browser(host, room)
    assert await browser.expect_close() == 1012


async def test_failing_join_sends_the_client_away_to_come_back(worker, room, host, monkeypatch):
    monkeypatch.setattr("conferences.signalling.queries.join_meeting", fail)
    browser = await member_browser(host, room)
    await browser.ask_to_join(request="j")
    await browser.expect("error", code="internal", fatal=True, request="j")
    assert await browser.expect_close() == 1012


async def test_failing_message_is_answered_and_the_meeting_goes_on(worker, room, host, monkeypatch):
    browser = await member_browser(host, room)
    await browser.join()
    monkeypatch.setattr("conferences.services.presence.raise_hand", fail)
    await browser.send("raise_hand", raised=True, request="h")
    await browser.expect("error", code="internal", fatal=False, request="h")
    await browser.send("ping", sent=1)
    await browser.expect("pong")


async def test_failing_admission_is_tried_again_by_the_client(worker, room, host, guest_pass, monkeypatch):
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting")
    monkeypatch.setattr("conferences.signalling.queries.issue_resume_token", fail)
    chair = await member_browser(host, room)
    await chair.join()
    assert await guest.expect_close() == 1012
    monkeypatch.undo()
    again = await guest_browser(guest_pass, guest.cookies)
    await again.join()


async def test_duty_that_fails_is_done_again(worker, room, host, monkeypatch):
    browser = await member_browser(host, room)
    await browser.join()
    monkeypatch.setattr("conferences.signalling.queries.rosters", fail)
    await browser.send("raise_hand", raised=True)
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    monkeypatch.undo()
    assert (await browser.expect("participant_updated"))["participant"]["hand_raised_at"]


async def test_starting_twice_is_once(worker):
    before = runtime.hub()
    await runtime.start()
    assert runtime.hub() is before


async def test_start_waits_for_the_database(sfu_dir, settings, monkeypatch, transactional_db):
    settings.REDIS_URL = ""
    answers = iter([fail, lambda now: None])
    monkeypatch.setattr(runtime, "orphan_presences", lambda now: next(answers)(now=now))
    monkeypatch.setattr("asyncio.sleep", _no_time)
    await runtime.start()
    assert runtime.hub() is not None
    monkeypatch.undo()
    await runtime.stop()


async def _no_time(seconds: float) -> None:
    return None


def test_process_without_meetings_wakes_the_others_over_the_layer(room, host, settings, monkeypatch):
    settings.REDIS_URL = "redis://somewhere"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    told = []

    async def group_send(group, message):
        told.append((group, message["meeting"]))

    monkeypatch.setattr(get_channel_layer(), "group_send", group_send)
    meeting = join(room, host).meeting
    assert set(told) == {(wake.WEB_GROUP, meeting.public_id)}


def test_layer_that_is_away_does_not_undo_what_was_committed(room, host, settings, monkeypatch):
    settings.REDIS_URL = "redis://somewhere"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

    async def group_send(group, message):
        raise ConnectionError("away")

    monkeypatch.setattr(get_channel_layer(), "group_send", group_send)
    join(room, host)
    assert Meeting.objects.exists()


async def test_failing_layer_is_listened_to_again(worker, room, host, monkeypatch):
    monkeypatch.setattr("conferences.signalling.broadcast.RETRY_SECONDS", 0.01)
    listening = runtime._running.broadcast
    before = listening._channel
    monkeypatch.setattr(listening, "_take", fail)
    for _ in range(2):  # the first is taken by the method that was looked up before it came
        await get_channel_layer().send(before, {"type": "meeting.changed", "meeting": "any"})
    await until(lambda: listening._channel != before)
    channel_layers.backends.clear()


@pytest.mark.parametrize("reason", ["connection_lost", "server_restart"])
def test_swept_socket_that_is_alive_is_asked_to_come_back(reason):
    assert farewell(reason, was_waiting=False) == (None, 1012)
