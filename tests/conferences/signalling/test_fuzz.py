"""Nonsense over the WebSocket: no exception escapes, and the meeting next door goes on (must-show 10).

`LIVEON_FUZZ_CASES` says how many cases; one run makes up all frames first and then sends them through real sockets.
"""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conferences.signalling.frames import BadMessage, read_frame
from conferences.signalling.messages.base import ERROR_CODES
from conferences.signalling.messages.client import CLIENT_MESSAGES
from tests.conferences.people import Browser, member_browser
from tests.conferences.signalling.test_messages import example
from tests.database import as_operator
from tests.factories import make_room

CASES = int(os.environ.get("LIVEON_FUZZ_CASES", "300"))
ALWAYS_THE_SAME = "LIVEON_FUZZ_CASES" not in os.environ
PER_SOCKET = 8

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.just("x" * 3000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def altered_examples(draw) -> str:
    """A real message with one field replaced, added or removed."""
    content = example(draw(st.sampled_from(sorted(CLIENT_MESSAGES))))
    field = draw(st.sampled_from(sorted(content)) | st.text(max_size=12))
    if draw(st.booleans()):
        content[field] = draw(anything)
    else:
        content.pop(field, None)
    return json.dumps(content)


frames = st.one_of(st.text(max_size=300), anything.map(json.dumps), altered_examples())


@pytest.mark.fuzz
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames)
def test_any_frame_is_read_or_refused(frame):
    try:
        message = read_frame(frame)
    except BadMessage as error:
        assert error.code in ERROR_CODES
    else:
        assert read_frame(message.frame) == message


def made_up(count: int) -> list[str]:
    """`count` frames as Hypothesis makes them."""
    found: list[str] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=ALWAYS_THE_SAME,
        suppress_health_check=list(HealthCheck),
    )
    @given(frames)
    def collect(frame: str) -> None:
        found.append(frame)

    collect()
    return [frame for frame in found if frame and not _is_farewell(frame)]


def _is_farewell(frame: str) -> bool:
    """`leave` and `end` are no nonsense: they would end the round early."""
    try:
        return read_frame(frame).type in ("leave", "end")
    except BadMessage:
        return False


@pytest.mark.fuzz
@pytest.mark.timeout(max(60, CASES))
@pytest.mark.django_db(transaction=True)
async def test_meeting_next_door_goes_on(worker, room, host, member, tenant, caplog):
    neighbour = await member_browser(member, await as_operator(make_room)(tenant))
    await neighbour.join()
    nonsense = made_up(CASES)
    for start in range(0, len(nonsense), PER_SOCKET):
        browser = await member_browser(host, room)
        await browser.join()
        await _send_all(browser, nonsense[start : start + PER_SOCKET])
        await browser.lose()
    await neighbour.send("ping", sent=1)
    await neighbour.expect("pong")
    assert set(neighbour.types_seen()) == {"joined", "pong"}
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def _send_all(browser: Browser, frames_: list[str]) -> None:
    for frame in frames_:
        await browser.socket.send_to(text_data=frame)
    await browser.send("freeze", frozen=False)  # the nonsense may have frozen the meeting
    await browser.send("ping", sent=1)
    await browser.expect("pong", sent=1)
