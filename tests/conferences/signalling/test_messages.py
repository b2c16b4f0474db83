"""The messages: every example of tests/data/signalling/ both ways, and what is refused."""

import json
from pathlib import Path

import pytest

from conferences.signalling.fields import BadValue
from conferences.signalling.frames import MAX_FRAME, BadMessage, read_frame
from conferences.signalling.messages.base import ERROR_CODES
from conferences.signalling.messages.client import CLIENT_MESSAGES
from conferences.signalling.messages.server import SERVER_MESSAGES, SubscribeOffer

EXAMPLES = {path.stem: path for path in (Path(__file__).parents[2] / "data" / "signalling").glob("*.json")}
ALL = CLIENT_MESSAGES | SERVER_MESSAGES
DOCUMENT = Path(__file__).parents[3] / "docs" / "signalling.md"


def example(name: str) -> dict:
    return json.loads(EXAMPLES[name].read_text(encoding="utf-8"))


def test_every_message_has_an_example_and_every_example_a_message():
    assert EXAMPLES.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_example_survives_the_round_trip(name):
    content = example(name)
    body = {field: value for field, value in content.items() if field != "type"}
    assert json.loads(ALL[name].read(body).frame) == content


@pytest.mark.parametrize("name", CLIENT_MESSAGES)
def test_client_example_is_read_as_a_frame(name):
    message = read_frame(json.dumps(example(name)))
    assert message.type == name


@pytest.mark.parametrize("name", CLIENT_MESSAGES)
def test_unknown_field_is_refused(name):
    with pytest.raises(BadMessage, match="bad_message"):
        read_frame(json.dumps({**example(name), "extra": 1}))


@pytest.mark.parametrize("name", CLIENT_MESSAGES)
def test_missing_field_is_refused(name):
    content = example(name)
    for field in content.keys() - {"type", "request"}:
        with pytest.raises(BadMessage, match="bad_message"):
            read_frame(json.dumps({each: value for each, value in content.items() if each != field}))


@pytest.mark.parametrize("wrong", [7, -1.5, True, "", "x" * 70_000, [], {}, [[]], None, "\ud800", "\0"])
@pytest.mark.parametrize("name", CLIENT_MESSAGES)
def test_wrong_value_is_refused_or_read_never_raised(name, wrong):
    content = example(name)
    for field in content.keys() - {"type"}:
        try:
            read_frame(json.dumps({**content, field: wrong}))
        except BadMessage as error:
            assert error.code in ERROR_CODES


@pytest.mark.parametrize("name", ALL)
def test_documented(name):
    assert f"| `{name}` |" in DOCUMENT.read_text(encoding="utf-8") or name == "error"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "bad_message"),
        ("null", "bad_message"),
        ("[1]", "bad_message"),
        ('{"type": 1}', "bad_message"),
        ('{"type": "nonsense"}', "unknown_type"),
        ('{"type": "joined"}', "unknown_type"),
        ('{"type": "ping", "sent": NaN}', "bad_message"),
        ('{"type": "ping", "sent": Infinity}', "bad_message"),
        ('{"type": "ping", "sent": 1e400}', "bad_message"),
        ('{"type": "ping", "sent": ' + "9" * 5000 + "}", "bad_message"),
        ("[" * 40_000, "bad_message"),
        (" " * (MAX_FRAME + 1), "message_too_large"),
        ("あ" * (MAX_FRAME // 2), "message_too_large"),
        ('{"type": "chat", "text": "' + "x" * 2001 + '"}', "bad_message"),
        (
            '{"type": "publish", "transport_id": "publish-1", "sources": {}, "sdp": "' + "x" * 33_000 + '"}',
            "sdp_too_large",
        ),
    ],
)
def test_bad_frame_is_refused_with_its_code(frame, code):
    with pytest.raises(BadMessage, match=code):
        read_frame(frame)


def test_refusal_carries_the_request_when_it_can_be_read():
    with pytest.raises(BadMessage) as caught:
        read_frame('{"type": "nonsense", "request": "r-1"}')
    assert caught.value.request == "r-1"
    with pytest.raises(BadMessage) as caught:
        read_frame('{"type": "nonsense", "request": "not allowed!"}')
    assert caught.value.request is None


def test_view_of_65_tiles_is_refused():
    tile = {"participant": "participant", "source": "camera", "width": 1, "height": 1}
    read_frame(json.dumps({"type": "set_view", "tiles": [tile] * 64}))
    with pytest.raises(BadMessage):
        read_frame(json.dumps({"type": "set_view", "tiles": [tile] * 65}))


def test_offer_of_a_worker_is_checked():
    with pytest.raises(BadValue):
        SubscribeOffer.read({"transport_id": "subscribe-1", "revision": 0, "sdp": "x", "tracks": []})
