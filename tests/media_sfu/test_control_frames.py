"""Frames of the control link: what fits through the validation, and what malformed ones do to a link."""

import contextlib
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed

from media_sfu.control import server
from media_sfu.control.messages import REQUESTS, BadFrame, parse_answer, parse_request
from media_sfu.errors import ConfigError
from media_sfu.worker import Worker
from tests.media_sfu.pure.fuzzing import CASES

GOOD = {
    "id": 7,
    "type": "create_peer",
    "router": "meeting-1",
    "epoch": 1,
    "peer": "person-a",
    "subjects": ["user:1"],
}


def test_good_request_is_read():
    request = parse_request(json.dumps(GOOD))
    assert (request.id, request.type) == (7, "create_peer")
    assert request.fields == {"router": "meeting-1", "epoch": 1, "peer": "person-a", "subjects": ["user:1"]}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "make_coffee"},
        {"type": ["create_peer"]},
        {"extra": 1},
        {"epoch": 0},
        {"epoch": True},
        {"epoch": "1"},
        {"router": "short"},
        {"router": "a" * 65},
        {"peer": "person a"},
        {"subjects": "user:1"},
        {"subjects": ["user"]},
        {"subjects": ["user:1"] * 3000},
    ],
)
def test_ill_formed_request_is_refused_under_its_id(change):
    with pytest.raises(BadFrame) as refused:
        parse_request(json.dumps(GOOD | change))
    assert refused.value.request_id == 7


@pytest.mark.parametrize("frame", ["", "[]", "{}", "nonsense", b"{}", '{"id": -1}', "[" * 100_000, "x" * 300_000])
def test_frame_without_a_readable_id_is_refused(frame):
    with pytest.raises(BadFrame) as refused:
        parse_request(frame)
    assert refused.value.request_id is None


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=70)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.fuzz
@given(kind=st.sampled_from(sorted(REQUESTS)), data=st.data())
@settings(max_examples=CASES, deadline=None)
def test_arbitrary_values_are_refused_or_checked(kind, data):
    fields = {name: data.draw(_json) for name in REQUESTS[kind]}
    try:
        request = parse_request(json.dumps({"id": 1, "type": kind, **fields}))
    except BadFrame:
        return
    assert all(check(request.fields[name]) for name, check in REQUESTS[kind].items())


@pytest.mark.fuzz
@given(frame=st.one_of(st.text(max_size=200), st.binary(max_size=50), _json.map(json.dumps)))
@settings(max_examples=CASES, deadline=None)
def test_arbitrary_frames_raise_only_bad_frame(frame):
    for read in (parse_request, parse_answer):
        with contextlib.suppress(BadFrame):
            read(frame)


async def test_three_bad_frames_in_a_row_close_the_link(worker):
    async with unix_connect(worker.config.socket, "ws://worker/", compression=None) as link:
        for number in (1, 2):
            await link.send(json.dumps({"id": number, "type": "make_coffee"}))
            assert json.loads(await link.recv()) == {"id": number, "ok": False, "code": "bad_request"}
        await link.send("{")
        with pytest.raises(ConnectionClosed):
            while True:
                await link.recv()


async def test_oversized_frame_closes_the_link_and_no_other(worker, meeting):
    async with unix_connect(worker.config.socket, "ws://worker/", compression=None) as link:
        await link.send("x" * 300_000)
        with pytest.raises(ConnectionClosed):
            await link.recv()
    await meeting.link.request("get_statistics")


async def test_process_of_another_uid_gets_no_link(worker, monkeypatch):
    monkeypatch.setattr(server.os, "getuid", lambda: 54321)
    with pytest.raises(Exception, match="403"):
        await unix_connect(worker.config.socket, "ws://worker/", compression=None)


async def test_socket_is_ours_alone(worker):
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(worker.config.socket)
        assert stat.S_IMODE(os.stat(probe.getpeername()).st_mode) == 0o600


async def test_open_directory_or_second_worker_is_refused(worker, make_config):
    second = Worker(make_config(), "epoch")
    with pytest.raises(ConfigError, match="another worker"):
        await second.start()
    await second.close()
    Path(worker.config.socket).parent.chmod(0o755)
    third = Worker(make_config(), "epoch")
    with pytest.raises(ConfigError, match="0700"):
        await third.start()
    await third.close()
