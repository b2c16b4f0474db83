"""What a worker logs: the ids of what it is about."""

import json
import logging

from media_sfu.logs import JsonFormatter
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_forwarding import see


def test_line_has_the_ids_and_nothing_that_was_not_foreseen():
    record = logging.LogRecord("media_sfu.peer", logging.INFO, __file__, 1, "peer_closed", (), None)
    record.__dict__ |= {"router": "r1", "peer": "p1", "reason": "left", "sdp": "a=candidate:…"}
    line = json.loads(JsonFormatter("sfu-0").format(record))
    line.pop("timestamp")
    assert line == {
        "level": "info",
        "logger": "media_sfu.peer",
        "worker": "sfu-0",
        "event": "peer_closed",
        "router": "r1",
        "peer": "p1",
        "reason": "left",
    }


async def test_meeting_leaves_its_ids(meeting: Meeting, caplog):
    caplog.set_level(logging.INFO, "media_sfu")
    first, second = await meeting.pair()
    await see(first, second)
    await meeting.link.request("close_peer", router=ROUTER, peer="person-a", reason="left")
    records = [record for record in caplog.records if record.name.startswith("media_sfu")]
    told = {(record.getMessage(), getattr(record, "peer", None)) for record in records}
    assert {("peer_created", "person-b"), ("transport_state", "person-b"), ("peer_closed", "person-a")} <= told
    assert {record.router for record in records if record.getMessage() != "link_closed"} == {ROUTER}


async def test_fault_in_one_peers_beat_is_logged_once_and_the_others_go_on(meeting: Meeting, monkeypatch, caplog):
    first, second = await meeting.pair()
    ill, well = (meeting.worker.routers[ROUTER].peers[person.peer] for person in (first, second))
    beats = {"ill": 0, "well": 0}

    def fail(now: float) -> None:
        beats["ill"] += 1
        raise (ValueError if beats["ill"] % 2 else KeyError)(f"{now}")

    def count(now: float) -> None:
        beats["well"] += 1

    monkeypatch.setattr(ill, "check", fail)
    monkeypatch.setattr(well, "check", count)
    await until(lambda: beats["ill"] >= 6)
    assert beats["well"] >= 5
    failed = [record for record in caplog.records if record.levelname == "ERROR"]
    assert {(record.getMessage(), record.peer) for record in failed} == {("peer_beat_failed", "person-a")}
    assert [record.reason for record in failed] == ["ValueError in fail", "KeyError in fail"]
    assert all(record.exc_info for record in failed)


async def test_fault_of_a_routers_own_beat_is_logged_once(meeting: Meeting, monkeypatch, caplog):
    router, beats = meeting.worker.routers[ROUTER], []

    def fail(now: float) -> None:
        beats.append(now)
        raise ValueError

    monkeypatch.setattr(router, "_tell_speakers", fail)
    await until(lambda: len(beats) >= 3)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["beat_failed"]
