"""What a host switches off of somebody whose socket is lost: it is silent at once, and off when they are back."""

import pytest

from audit.events import SYSTEM
from conferences import runtime
from conferences.models import Participant
from conferences.services.muting import mute_microphone
from tests.conferences.people import Browser, member_browser, user_cookies
from tests.conferences.waiting import until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)

OFF = {"type": "muted_by_host", "source": "microphone"}


@pytest.fixture
async def talker(browser, room, member) -> Browser:
    """A member in the host's meeting."""
    cookies = await as_operator(user_cookies)(member, room)
    talker = await member_browser(member, room, cookies)
    await talker.join()
    await browser.expect("participant_joined")
    return talker


async def lose(talker: Browser, watcher: Browser) -> None:
    await talker.lose()
    seen = (await watcher.expect("participant_updated"))["participant"]
    assert seen["connected"] is False


async def back(talker: Browser, room, member, **fields) -> Browser:
    """The same tab."""
    again = await member_browser(member, room, talker.cookies)
    await again.join(resume=talker.joined["resume"], **fields)
    return again


def own_row(browser: Browser) -> dict:
    return next(each for each in browser.joined["participants"] if each["id"] == browser.id)["muted"]


def told_muted(worker, talker: Browser) -> list[bool]:
    asked = worker.asked("set_muted")
    return [each["muted"] for each in asked if each["peer"] == talker.id and each["source"] == "microphone"]


async def mute(host: Browser, talker: Browser, source: str = "microphone") -> None:
    await host.send("mute_participant", participant=talker.id, source=source)


async def test_worker_is_told_at_once_and_the_mute_is_kept(worker, browser, room, member, talker):
    await lose(talker, browser)
    await mute(browser, talker)
    asked = await worker.wait_for("set_muted", source="microphone")
    assert (asked["peer"], asked["muted"]) == (talker.id, True)
    again = await back(talker, room, member)
    assert again.joined["resumed"] is True
    assert again.seen == [OFF, again.joined]  # first: the client must not take the roster for a mistake
    assert own_row(again)["microphone"] is True
    assert own_row(again)["camera"] is False
    assert False not in told_muted(worker, talker)
    await again.send("mute", source="microphone", muted=False)
    await worker.wait_for("set_muted", peer=talker.id, source="microphone", muted=False)


async def test_a_reload_does_not_end_the_mute(worker, browser, room, member, talker):
    await lose(talker, browser)
    await mute(browser, talker)
    await worker.wait_for("set_muted", source="microphone")
    again = await member_browser(member, room, talker.cookies)
    await again.join()
    assert (again.id, again.joined["resumed"]) == (talker.id, False)
    assert again.seen == [OFF, again.joined]
    assert own_row(again)["microphone"] is True


async def test_mute_that_went_into_a_dead_socket_is_kept(worker, browser, room, member, talker):
    await mute(browser, talker)
    await worker.wait_for("set_muted", source="microphone")  # the client was told, and has never answered
    await talker.lose()
    again = await back(talker, room, member)
    assert OFF in again.seen
    assert own_row(again)["microphone"] is True


async def test_who_has_heard_of_the_mute_comes_back_as_they_are(worker, browser, room, member, talker):
    await mute(browser, talker)
    await talker.expect("muted_by_host")
    await talker.send("mute", source="microphone", muted=True)
    await until_stored(lambda: Participant.objects.get(public_id=talker.id).muted_by_host == [])
    await talker.lose()
    again = await back(talker, room, member)
    assert OFF not in again.seen
    assert own_row(again)["microphone"] is False


async def test_own_mute_and_a_client_that_is_off_are_no_hosts_doing(worker, browser, room, member, talker):
    await talker.send("mute", source="microphone", muted=True)
    await browser.expect("participant_updated")
    await lose(talker, browser)
    await mute(browser, talker, "camera")
    await worker.wait_for("set_muted", source="camera")
    again = await back(talker, room, member, camera=False)
    assert again.seen == [again.joined]
    assert (own_row(again)["microphone"], own_row(again)["camera"]) == (False, True)
    assert (await as_operator(Participant.objects.get)(public_id=talker.id)).muted_by_host == []


async def test_shared_screen_goes_with_its_sound(worker, browser, room, member, talker):
    for source in ("screen", "screen_audio"):
        await talker.send("mute", source=source, muted=False)
        await browser.expect("participant_updated")
    await lose(talker, browser)
    await mute(browser, talker, "screen")
    for source in ("screen", "screen_audio"):
        await worker.wait_for("set_muted", peer=talker.id, source=source, muted=True)
    again = await back(talker, room, member)
    assert again.seen == [{**OFF, "source": "screen"}, again.joined]
    assert (own_row(again)["screen"], own_row(again)["screen_audio"]) == (True, True)


async def test_administrators_mute_is_kept_as_well(worker, browser, room, member, talker):
    await lose(talker, browser)
    participant = await as_operator(Participant.objects.select_related("meeting").get)(public_id=talker.id)
    await as_operator(mute_microphone)(participant, actor=SYSTEM)
    await worker.wait_for("set_muted", source="microphone")
    assert OFF in (await back(talker, room, member)).seen


async def test_peer_that_another_process_has_is_not_fetched_back(worker, browser, talker):
    worker.refuse["set_muted"] = "not_owner"
    await lose(talker, browser)
    await mute(browser, talker)
    await worker.wait_for("set_muted", source="microphone")
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    media = runtime.hub().media
    assert media.epoch_of(browser.joined["meeting"], talker.id) == 1
    await media.restore()
    assert not worker.asked("take_over")
