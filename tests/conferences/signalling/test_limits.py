"""What one client can do to the server: nothing."""

import asyncio

import pytest

from conferences.signalling.connection import MOST_QUEUED, Close, Outbox
from conferences.signalling.data import ParticipantView
from conferences.signalling.limits import RateLimit
from conferences.signalling.messages import server
from tests.conferences.people import member_browser


def view(name: str = "x", who: str = "participant") -> ParticipantView:
    return ParticipantView(
        id=who,
        name=name,
        role="member",
        is_guest=False,
        hand_raised_at=None,
        muted={},
        quality="good",
        connected=True,
    )


def test_hundred_messages_at_once_and_fifty_a_second():
    limit = RateLimit(0.0)
    assert sum(limit.admits(0.0) for _ in range(150)) == 100
    assert sum(limit.admits(1.0) for _ in range(150)) == 50


def test_ten_seconds_of_too_much_is_enough():
    limit = RateLimit(0.0)
    for tick in range(0, 1500):
        now = tick / 100
        limit.admits(now)
        assert limit.is_exhausted(now) is (now >= 10 + limit.too_fast_since if limit.too_fast_since else False)
    assert limit.is_exhausted(15.0)


def test_flood_is_enough_at_once_although_the_socket_rests_after_it():
    limit = RateLimit(0.0)
    for _ in range(1099):
        limit.admits(0.0)
        assert not limit.is_exhausted(0.0)
    limit.admits(0.0)
    assert limit.is_exhausted(0.0)


def test_pause_is_forgiven():
    limit = RateLimit(0.0)
    for _ in range(150):
        limit.admits(0.0)
    assert limit.admits(5.0)
    assert not limit.is_exhausted(30.0)


async def test_outbox_keeps_order_and_coalesces():
    outbox = Outbox()
    outbox.put(server.ParticipantUpdated(participant=view("old")))
    outbox.put(server.Speakers(speakers=(), dominant=None))
    outbox.put(server.ParticipantUpdated(participant=view("new")))
    outbox.put(server.ParticipantUpdated(participant=view("other", who="somebody-else")))
    outbox.put(server.Speakers(speakers=(), dominant="participant"))
    outbox.close(1000)
    outbox.put(server.MediaUnavailable())
    taken = [await outbox.take() for _ in range(4)]
    assert [getattr(each, "type", None) for each in taken] == [
        "participant_updated",
        "speakers",
        "participant_updated",
        None,
    ]
    assert taken[0].participant.name == "new"
    assert taken[1].dominant == "participant"
    assert taken[3] == Close(1000)


async def test_outbox_of_a_dead_client_is_bounded():
    outbox = Outbox()
    for number in range(MOST_QUEUED + 1):
        outbox.put(server.Pong(sent=number, server_time="2026-11-24T01:00:00+00:00"))
    assert await outbox.take() == Close(1013)


async def test_outbox_waits():
    outbox = Outbox()
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.put(server.MediaUnavailable())
    assert (await taking).type == "media_unavailable"


@pytest.mark.django_db(transaction=True)
class TestSocket:
    async def test_ten_bad_frames_close_the_socket(self, worker, room, host):
        browser = await member_browser(host, room)
        for _ in range(10):
            await browser.socket.send_to(text_data="{")
        assert await browser.expect_close() == 4400
        assert [each["code"] for each in browser.seen] == ["bad_message"] * 10
        assert browser.seen[-1]["fatal"] is True

    async def test_binary_frame_is_bad(self, worker, room, host):
        browser = await member_browser(host, room)
        await browser.socket.send_to(bytes_data=b"\x00\xff")
        await browser.expect("error", code="bad_message", fatal=False)

    async def test_oversized_frame_is_refused(self, worker, room, host):
        browser = await member_browser(host, room)
        await browser.socket.send_to(text_data="x" * 50_000)
        await browser.expect("error", code="message_too_large", fatal=False)

    async def test_too_many_messages_are_refused_and_the_meeting_goes_on(self, worker, room, host, member):
        other = await member_browser(member, room)
        await other.join()
        browser = await member_browser(host, room)
        await browser.join()
        for number in range(300):
            await browser.send("ping", sent=number)
        await browser.expect("error", code="too_fast", fatal=False)
        await other.send("ping", sent=1)
        await other.expect("pong", sent=1)

    async def test_who_does_not_stop_is_closed(self, worker, room, host, monkeypatch):
        monkeypatch.setattr("conferences.signalling.limits.PATIENCE_SECONDS", 0.0)
        browser = await member_browser(host, room)
        await browser.join()
        for number in range(300):
            await browser.send("ping", sent=number)
        assert await browser.expect_close() == 4429

    async def test_messages_behind_a_slow_worker_do_not_pile_up(self, worker, room, host, monkeypatch):
        monkeypatch.setattr("conferences.signalling.limits.BURST", 1000.0)
        stuck = asyncio.Event()

        async def wait(*args, **fields):
            await stuck.wait()
            return {}

        browser = await member_browser(host, room)
        await browser.join()
        monkeypatch.setattr("conferences.media.Media.negotiate", wait)
        browser_limit = [browser.send("subscribe", transport_id="subscribe-1") for _ in range(105)]
        for sending in browser_limit:
            await sending
        await browser.expect("error", code="too_fast")
        stuck.set()
