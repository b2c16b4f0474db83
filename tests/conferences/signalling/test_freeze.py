"""Freezing a meeting: media, chat and joins stop in one step, for everybody, until it goes on."""

import pytest

from audit.events import Actor
from audit.models import AuditEvent
from conferences.models import Meeting, MeetingCommand
from conferences.services.freezing import freeze_meeting, unfreeze_meeting
from tests.conferences.people import guest_browser, member_browser
from tests.conferences.waiting import until_stored
from tests.database import as_operator
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = Actor(id="adminadmin", name="Aoki Admin")


@pytest.fixture
async def chair(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    return browser


async def frozen_by_host(chair, worker):
    await chair.send("freeze", frozen=True)
    await chair.expect("freeze_changed", frozen=True)
    return await worker.wait_for("freeze", 2)  # the first one made the new router as it is: going on


async def test_host_freezes_the_meeting_and_lets_it_go_on(chair, worker, tenant):
    assert chair.joined["frozen"] is False
    assert (await frozen_by_host(chair, worker))["frozen"] is True
    await chair.send("freeze", frozen=False)
    await chair.expect("freeze_changed", frozen=False)
    assert (await worker.wait_for("freeze", 3))["frozen"] is False
    events = AuditEvent.objects.filter(action__endswith="frozen").order_by("pk")
    actions = await as_operator(lambda: [(each.action, each.actor_name) for each in events])()
    assert actions == [("meeting_frozen", "Hara Host"), ("meeting_unfrozen", "Hara Host")]
    await until_stored(lambda: not MeetingCommand.objects.filter(done_at=None).exists())


async def test_chat_stops_with_it(chair, worker):
    await frozen_by_host(chair, worker)
    await chair.send("chat", text="hello", request="said")
    await chair.expect("error", code="meeting_frozen", request="said", fatal=False)
    assert "chat_message" not in chair.types_seen()


async def test_nobody_joins_a_frozen_meeting(chair, worker, room, member, guest_pass):
    await frozen_by_host(chair, worker)
    for browser in (await member_browser(member, room), await guest_browser(guest_pass)):
        await browser.ask_to_join()
        await browser.expect("error", code="meeting_frozen", fatal=True)
        assert await browser.expect_close() == 4403


async def test_waiting_guest_is_let_in_only_when_it_goes_on(worker, room, host, guest_pass):
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting")
    meeting = await as_operator(Meeting.objects.get)()
    await as_operator(freeze_meeting)(meeting, actor=ADMIN)
    await as_operator(unfreeze_meeting)(meeting, actor=ADMIN)
    chair = await member_browser(host, room)
    await chair.join()
    await guest.expect("joined")


async def test_who_is_in_comes_back_to_a_frozen_meeting(chair, worker, room):
    await frozen_by_host(chair, worker)
    await chair.lose()
    again = await member_browser(await as_operator(lambda: room.hosts.get())(), room, chair.cookies)
    joined = await again.join(resume=chair.joined["resume"])
    assert joined["frozen"] is True


async def test_admin_freezes_it_and_a_router_that_is_made_anew_is_frozen(chair, worker):
    meeting = await as_operator(Meeting.objects.get)()
    await as_operator(freeze_meeting)(meeting, actor=ADMIN)
    await chair.expect("freeze_changed", frozen=True)
    await worker.wait_for("freeze", 2)
    await worker.restart()
    await chair.expect("rebuild")
    assert (await worker.wait_for("freeze", 3))["frozen"] is True


async def test_freezing_twice_is_once_and_an_ended_meeting_stays_as_it_is(chair, worker):
    meeting = await as_operator(Meeting.objects.get)()
    for _ in range(2):
        await as_operator(freeze_meeting)(meeting, actor=ADMIN)
    count = AuditEvent.objects.filter(action="meeting_frozen").count
    assert await as_operator(count)() == 1
    await chair.send("end")
    assert await chair.expect_close() == 4410
    await as_operator(unfreeze_meeting)(meeting, actor=ADMIN)
    still = await as_operator(Meeting.objects.get)()
    assert (still.is_live, still.is_frozen) == (False, True)


async def test_next_meeting_in_the_room_is_not_frozen(chair, worker, room, tenant):
    await frozen_by_host(chair, worker)
    await chair.send("end")
    assert await chair.expect_close() == 4410
    other = await as_operator(make_user)(tenant, "other")
    browser = await member_browser(other, room)
    assert (await browser.join())["frozen"] is False
