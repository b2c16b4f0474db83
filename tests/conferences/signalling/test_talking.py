"""Chat, hands, hosting tools, and who may use them."""

import pytest

from conferences.models import Participant
from tests.conferences.people import guest_browser, member_browser
from tests.database import as_operator
from tests.factories import make_room

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def three(worker, room, host, member, guest_pass):
    """Host, member and guest in one meeting."""
    chair, talker, guest = [
        await member_browser(host, room),
        await member_browser(member, room),
        await guest_browser(guest_pass),
    ]
    for browser in (chair, talker, guest):
        await browser.join()
    return chair, talker, guest


async def test_chat_reaches_everybody_and_answers_the_speaker(three):
    chair, talker, guest = three
    await talker.send("chat", text="おはよう 🎉", request="c1")
    own = await talker.expect("chat_message")
    assert (own["request"], own["name"], own["participant"]) == ("c1", "Mori Member", talker.id)
    for browser in (chair, guest):
        heard = await browser.expect("chat_message")
        assert heard == {name: value for name, value in own.items() if name != "request"}


async def test_hands_are_raised_in_order_and_lowered_by_the_host(three):
    chair, talker, guest = three
    await talker.send("raise_hand", raised=True)
    first = await chair.expect("participant_updated")
    await guest.send("raise_hand", raised=True)
    second = await chair.expect("participant_updated")
    assert first["participant"]["hand_raised_at"] < second["participant"]["hand_raised_at"]
    await talker.send("raise_hand", raised=True)
    await talker.send("ping", sent=1)
    await talker.expect("pong")
    stored = await as_operator(Participant.objects.get)(public_id=talker.id)
    assert stored.hand_raised_at.isoformat().startswith(first["participant"]["hand_raised_at"][:19])
    await chair.send("lower_hand", participant=talker.id)
    lowered = await talker.expect("participant_updated")
    while lowered["participant"]["id"] != talker.id or lowered["participant"]["hand_raised_at"]:
        lowered = await talker.expect("participant_updated")
    await guest.send("raise_hand", raised=False)


async def test_end_is_for_the_host_alone(three):
    chair, talker, guest = three
    for browser in (talker, guest):
        await browser.send("end", request="e")
        await browser.expect("error", code="not_allowed", request="e", fatal=False)
    await chair.send("end")
    for browser in three:
        assert await browser.expect_close() == 4410


async def test_participant_of_another_meeting_is_unknown(three, other_tenant, stranger, worker):
    chair, *_ = three
    foreign_room = await as_operator(make_room)(other_tenant, hosts=(stranger,))
    foreigner = await member_browser(stranger, foreign_room)
    await foreigner.join()
    for kind in ("remove", "lower_hand", "admit", "deny"):
        await chair.send(kind, participant=foreigner.id, request=kind)
        await chair.expect("error", code="unknown_participant", request=kind)
    await chair.send("mute_participant", participant=foreigner.id, source="camera", request="m")
    await chair.expect("error", code="unknown_participant", request="m")
    await foreigner.send("ping", sent=1)
    await foreigner.expect("pong")
    assert "participant_updated" not in foreigner.types_seen()
