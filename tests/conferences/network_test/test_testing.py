"""The socket of a network test: who gets one, what it does on a worker, and that it leaves nothing behind."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from audit.events import SYSTEM
from audit.models import Attendance, BandwidthSample
from conferences import runtime
from conferences.models import Meeting, Participant
from conferences.network_test import consumer
from conferences.network_test.messages import TESTER_MESSAGES, Begin, Begun
from conferences.services.guests import revoke_guest_pass
from conferences.signalling import limits
from tests.conferences.network_test.conftest import TestingBrowser, example, guest_browser, user_browser
from tests.conferences.waiting import until
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

DATA = Path(__file__).parents[2] / "data" / "network_test"


@pytest.fixture
async def browser(worker, member):
    return await user_browser(member)


@pytest.mark.parametrize("message", [Begin, Begun])
def test_examples_are_read_and_written_as_they_are(message):
    content = example(DATA / f"{message.type}.json")
    body = {name: value for name, value in content.items() if name != "type"}
    assert {"type": message.type, **message.read(body).plain()} == content


async def test_call_is_a_router_of_its_own_with_a_sender_and_a_receiver(worker, browser):
    begun = await browser.begin()
    assert (begun["addresses"], begun["ice_servers"]) == ([], [])
    [router] = worker.asked("create_router")
    assert router["limits"] == {"participants": 2, "publications_per_peer": 2, "publishers": 1}
    sender, receiver = (each["peer"] for each in worker.asked("create_peer"))
    assert {each["router"] for each in worker.asked("create_peer")} == {router["router"]}

    await browser.send("publish", transport_id="publish-1", sdp="offer", sources={"0": "camera"}, request="p")
    assert (await browser.expect("published", request="p"))["sdp"] == "answer to publish-1"
    assert (await worker.wait_for("publish"))["peer"] == sender
    await browser.send("subscribe", transport_id="subscribe-1")
    assert (await worker.wait_for("subscribe"))["peer"] == receiver
    track = {"mid": "0", "participant": sender, "source": "camera"}
    offer = {"transport_id": "subscribe-1", "revision": 1, "sdp": "offer", "tracks": [track]}
    await worker.emit("subscribe_offer", router=router["router"], peer=receiver, **offer)
    assert await browser.expect("subscribe_offer") == {"type": "subscribe_offer", **offer}
    await browser.send("subscribe_answer", transport_id="subscribe-1", revision=1, sdp="answer")
    assert (await worker.wait_for("subscribe_answer"))["peer"] == receiver
    [view] = worker.asked("set_view")
    assert [tile["participant"] for tile in view["tiles"]] == [sender]


async def test_router_goes_with_the_socket_and_no_row_is_left(worker, browser):
    await browser.begin()
    await browser.lose()
    assert (await worker.wait_for("close_router"))["router"] == worker.asked("create_router")[0]["router"]
    await until(lambda: not worker.routers)
    assert not runtime.hub().media.workers.listeners
    for model in (Meeting, Participant, Attendance, BandwidthSample):
        assert not await as_operator(model.objects.exists)()


async def test_leave_ends_it(worker, browser):
    await browser.begin()
    await browser.send("leave")
    assert await browser.expect_close() == 1000
    await browser.lose()
    await worker.wait_for("close_router")


async def test_who_does_not_begin_or_does_not_end_is_closed(worker, member, monkeypatch):
    monkeypatch.setattr(consumer, "BEGIN_SECONDS", 0.01)
    assert await (await user_browser(member)).expect_close() == 4408
    monkeypatch.setattr(consumer, "BEGIN_SECONDS", 60.0)
    monkeypatch.setattr(consumer, "LONGEST_SECONDS", 0.01)
    browser = await user_browser(member)
    await browser.begin()
    assert await browser.expect_close() == 4408
    await browser.lose()


async def test_guest_tests_with_the_ticket_of_the_page(worker, guest_pass, ticket):
    browser = await guest_browser()
    await browser.begin(ticket)
    assert worker.asked("create_router")


@pytest.mark.parametrize("bad", [None, "nonsense", signing.dumps("whoever", salt="liveon.network_test")])
async def test_nobody_tests_without_a_good_ticket(worker, bad):
    browser = await guest_browser()
    await browser.send("begin", ticket=bad)
    await browser.expect("error", code="login_required", fatal=True)
    assert await browser.expect_close() == 4401
    assert not worker.asked("create_router")


async def test_ticket_dies_with_its_pass(worker, guest_pass, ticket):
    await as_operator(revoke_guest_pass)(guest_pass, actor=SYSTEM)
    browser = await guest_browser()
    await browser.send("begin", ticket=ticket)
    assert await browser.expect_close() == 4401


async def test_ticket_is_good_for_half_an_hour(worker, ticket):
    browser = await guest_browser()
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=True):
        await browser.send("begin", ticket=ticket)
        assert await browser.expect_close() == 4401


async def test_users_test_takes_a_login_and_no_ticket_helps(worker, ticket):
    browser = TestingBrowser(cookies={})
    await browser.open()
    await browser.send("begin", ticket=ticket)
    await browser.expect("error", code="login_required", fatal=True)
    assert await browser.expect_close() == 4401


async def test_person_has_one_test_at_a_time(worker, browser, member):
    await browser.begin()
    second = await user_browser(member)
    await second.send("begin", ticket=None)
    await second.expect("error", code="too_fast", fatal=True)
    assert await second.expect_close() == 4429
    await browser.lose()
    await worker.wait_for("close_router")
    third = await user_browser(member)
    await third.begin()


async def test_full_worker_takes_no_test(worker, browser, settings):
    settings.MEDIA_CAPACITY = 200
    await browser.send("begin", ticket=None)
    await browser.expect("error", code="media_full", fatal=True)
    assert not worker.asked("create_router")


async def test_without_a_worker_it_says_so(empty_runtime, member):
    browser = await user_browser(member)
    await browser.send("begin", ticket=None)
    await browser.expect("error", code="media_unavailable", fatal=True)
    assert await browser.expect_close() == 1013


async def test_refused_offer_is_a_result_and_the_test_goes_on(worker, browser):
    await browser.begin()
    worker.refuse["publish"] = "bad_sdp"
    await browser.send("publish", transport_id="publish-1", sdp="x", sources={}, request="p")
    await browser.expect("error", code="bad_sdp", request="p", fatal=False)
    await browser.send("ping", sent=1)
    await browser.expect("pong")


@pytest.mark.parametrize("kind", sorted({"publish", "subscribe", "subscribe_answer"} & TESTER_MESSAGES.keys()))
async def test_nothing_is_negotiated_before_it_has_begun(worker, browser, kind):
    fields = {"publish": {"sdp": "x", "sources": {}}, "subscribe_answer": {"sdp": "x", "revision": 1}}
    await browser.send(kind, transport_id="transport-1", **fields.get(kind, {}))
    await browser.expect("error", code="not_joined", fatal=False)
    assert not worker.asked(kind)


@pytest.mark.parametrize("frame", ["{", "[]", '{"type": "chat", "text": "hello"}', '{"type": "begin"}'])
async def test_what_is_no_message_of_a_test_ends_it(worker, browser, frame):
    await browser.socket.send_to(text_data=frame)
    await browser.expect("error", fatal=True)
    assert await browser.expect_close() == 4400


async def test_flood_ends_it(worker, browser, monkeypatch):
    monkeypatch.setattr(limits, "PER_SECOND", 0.0)  # however slowly this machine sends them
    for _ in range(limits.BURST + 1):
        await browser.socket.send_to(text_data='{"type": "ping", "sent": 1}')
    await browser.expect("error", code="too_fast")
    assert await browser.expect_close() == 4400
