"""Every message, generated from the message classes, from everybody who must not have his way (must-show 9)."""

import json
from pathlib import Path

import pytest

from conferences.models import Bar, Meeting, Participant
from conferences.signalling.messages.client import CLIENT_MESSAGES
from tests.conferences.people import Browser, guest_browser, member_browser, user_cookies
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = Path(__file__).parents[2] / "data" / "signalling"
HOST_ONLY = ("admit", "deny", "mute_participant", "remove", "readmit", "lower_hand", "freeze", "end")
BEFORE_JOINING = ("join", "ping", "leave")


def message(kind: str, *, target: str) -> dict:
    """The example of a message, aimed at a participant (or bar) that exists."""
    content = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    aim = {name: target for name in ("participant", "bar") if name in content}
    return {**content, **aim, "request": "probe"}


def test_host_only_messages_are_those_of_the_document():
    document = (Path(__file__).parents[3] / "docs" / "signalling.md").read_text(encoding="utf-8")
    phase = document.partition("## Phase 4")[2].partition("## Phase 5")[0]
    documented = {line.split("`")[1] for line in phase.splitlines() if line.startswith("| → |")}
    assert documented == set(HOST_ONLY)
    assert set(HOST_ONLY) <= CLIENT_MESSAGES.keys()


@pytest.fixture
async def victim(worker, room, host):
    browser = await member_browser(host, room)
    await browser.join()
    return browser


async def is_untouched(victim: Browser) -> None:
    await victim.send("ping", sent=1)
    await victim.expect("pong")
    assert set(victim.types_seen()) <= {
        "joined",
        "participant_joined",
        "participant_updated",
        "participant_left",
        "pong",
    }


@pytest.mark.parametrize("kind", CLIENT_MESSAGES)
async def test_foreign_tenant_cannot_send_it_into_the_room(victim, room, stranger, kind):
    cookies = await as_operator(user_cookies)(stranger, room)
    browser = await Browser(room.public_id, identity="user", cookies=cookies).open()
    await browser.socket.send_to(text_data=json.dumps(message(kind, target=victim.id)))
    assert await browser.expect_close() == 4404
    assert [each["code"] for each in browser.seen] == ["room_not_found"]
    await is_untouched(victim)


@pytest.mark.parametrize("kind", [kind for kind in CLIENT_MESSAGES if kind != "leave"])
@pytest.mark.parametrize("who", ["member", "guest"])
async def test_who_is_no_host_is_refused_a_hosts_message(victim, room, member, guest_pass, who, kind):
    browser = await (member_browser(member, room) if who == "member" else guest_browser(guest_pass))
    await browser.join()
    await browser.socket.send_to(text_data=json.dumps(message(kind, target=victim.id)))
    if kind in HOST_ONLY:
        await browser.expect("error", code="not_allowed", request="probe", fatal=False)
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    if kind in HOST_ONLY:
        await is_untouched(victim)
        assert not await as_operator(Bar.objects.exists)()
        assert await as_operator(Meeting.objects.filter(ended_at=None).count)() == 1


@pytest.mark.parametrize("kind", CLIENT_MESSAGES)
async def test_removed_participant_cannot_send_it(victim, worker, room, member, kind):
    browser = await member_browser(member, room)
    await browser.join()
    await victim.send("remove", participant=browser.id)
    assert await browser.expect_close() == 4403
    before = len(worker.requests)
    old_socket_says = json.dumps(message(kind, target=victim.id))
    await browser.socket.send_to(text_data=old_socket_says)

    again = await member_browser(member, room, browser.cookies)
    await again.socket.send_to(text_data=old_socket_says)
    if kind == "join":
        await again.expect("error", code="barred", fatal=True)
        assert await again.expect_close() == 4403
    elif kind in BEFORE_JOINING:
        await again.send("leave")
        assert await again.expect_close() == 1000
    else:
        await again.expect("error", code="not_joined", request="probe")
    asked = {kind for kind, _ in worker.requests[before:]}
    assert asked <= {"bar", "close_peer", "close_router"}
    stays = await as_operator(Participant.objects.filter(user=member, left_at=None).exists)()
    assert not stays


@pytest.mark.parametrize("kind", [kind for kind in CLIENT_MESSAGES if kind not in BEFORE_JOINING])
async def test_waiting_guest_cannot_send_it(victim, worker, room, guest_pass, kind):
    await as_operator(type(room).objects.update)(lobby=True)
    guest = await guest_browser(guest_pass)
    await guest.ask_to_join()
    await guest.expect("waiting")
    await guest.socket.send_to(text_data=json.dumps(message(kind, target=victim.id)))
    await guest.expect("error", code="not_joined", request="probe")
