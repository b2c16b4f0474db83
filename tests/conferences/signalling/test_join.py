"""Joining: roles, refusals, waiting."""

import pytest
from channels.db import database_sync_to_async

from audit.models import Attendance, AuditEvent
from conferences.models import Meeting, Participant
from tests.conferences.people import guest_browser, member_browser
from tests.conferences.waiting import until_stored

pytestmark = pytest.mark.django_db(transaction=True)


async def test_host_and_member_join_and_see_each_other(worker, room, host, member):
    first = await member_browser(host, room)
    joined = await first.join(microphone=True, camera=False)
    assert joined["role"] == "host"
    assert joined["room"] == {"id": room.public_id, "name": "Board room"}
    assert joined["epoch"] == 1
    assert joined["resumed"] is False
    assert [each["name"] for each in joined["participants"]] == ["Hara Host"]
    assert joined["participants"][0]["muted"] == {
        "microphone": False,
        "camera": True,
        "screen": True,
        "screen_audio": True,
    }

    second = await member_browser(member, room)
    seen = await second.join()
    assert seen["role"] == "member"
    assert [each["name"] for each in seen["participants"]] == ["Hara Host", "Mori Member"]
    news = await first.expect("participant_joined")
    assert news["participant"]["id"] == second.id

    await second.send("leave")
    assert await second.expect_close() == 1000
    assert await first.expect("participant_left") == {
        "type": "participant_left",
        "participant": second.id,
        "reason": "left",
    }
