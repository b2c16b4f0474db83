"""Who owns a peer, and what happens when a web process goes away."""

import asyncio

import pytest

from media_sfu.control.client import LinkLost, WorkerError, WorkerLink
from tests.media_sfu.conftest import LIMITS, ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_forwarding import see
from tests.media_sfu.test_removal import refused_with


@pytest.fixture
async def other(worker):
    """A second web process."""
    other = Meeting(worker, "web-process-2")
    await other.link.connect()
    yield other
    await other.close()


async def test_hello_names_the_worker_and_its_routers(worker, meeting: Meeting):
    link = WorkerLink(worker.config.socket, "web-process-9", lambda event: None)
    hello = await link.connect()
    assert hello["worker"] == "sfu-0"
    assert hello["worker_epoch"] == worker.epoch
    assert hello["routers"] == [{"router": ROUTER, "epoch": 1}]
    assert hello["announce"] == [
        {"address": "127.0.0.1", "port": worker.port, "protocol": "udp"},
        {"address": "127.0.0.1", "port": worker.port, "protocol": "tcp"},
    ]
    await link.close()


async def test_nothing_is_answered_before_hello(worker):
    link = WorkerLink(worker.config.socket, "web-process-9", lambda event: None)
    original, link.request = link.request, lambda *args, **fields: asyncio.sleep(0)
    await link.connect()
    link.request = original
    assert await refused_with(link.request("drain")) == "hello_first"
    assert await refused_with(link.request("hello", protocol=2, link="web-process-9")) == "unsupported_protocol"
    await link.close()


async def test_requests_are_idempotent(meeting: Meeting):
    for _ in range(2):
        await meeting.open_router()
        await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-a", subjects=["user:1"])
        await meeting.link.request("subscribe", router=ROUTER, peer="person-a", transport_id="transport-1")
        await meeting.link.request("unbar", router=ROUTER, subjects=["user:1"])
    first = await meeting.link.request("close_peer", router=ROUTER, peer="person-a", reason="left")
    assert first == await meeting.link.request("close_peer", router=ROUTER, peer="person-a", reason="left")
    assert meeting.told("peer_closed") == []
    await meeting.link.request("close_router", router=ROUTER, reason="ended")
    assert await meeting.link.request("close_router", router=ROUTER, reason="ended") == {"closed": []}


async def test_epochs_only_grow(meeting: Meeting):
    await meeting.pair()
    joining = {"router": ROUTER, "peer": "person-c", "subjects": []}
    assert await refused_with(meeting.link.request("create_peer", epoch=2, **joining)) == "stale_epoch"
    await meeting.link.request("create_router", router=ROUTER, epoch=2, bars=[], limits=LIMITS)
    assert {event["peer"] for event in meeting.told("peer_closed", reason="router_closed")} == {"person-a", "person-b"}
    stale = meeting.link.request("create_router", router=ROUTER, epoch=1, bars=[], limits=LIMITS)
    assert await refused_with(stale) == "stale_epoch"


async def test_full_and_unknown_are_told_apart(meeting: Meeting):
    small = {"participants": 1, "publications_per_peer": 1}
    await meeting.link.request("create_router", router="meeting-2", epoch=1, bars=[], limits=small)
    joining = {"router": "meeting-2", "epoch": 1, "subjects": []}
    await meeting.link.request("create_peer", peer="person-a", **joining)
    assert await refused_with(meeting.link.request("create_peer", peer="person-b", **joining)) == "router_full"
    joining["router"] = "no-such-meeting"
    assert await refused_with(meeting.link.request("create_peer", peer="person-b", **joining)) == "unknown_router"
    view = meeting.link.request("set_view", router=ROUTER, peer="nobody-there", tiles=[])
    assert await refused_with(view) == "unknown_peer"


async def test_too_many_publications_change_nothing(meeting: Meeting):
    small = {"participants": 5, "publications_per_peer": 1}
    await meeting.link.request("create_router", router=ROUTER, epoch=1, bars=[], limits=small)
    with pytest.raises(WorkerError) as refused:
        await meeting.join("person-a")
    assert refused.value.code == "too_many_publications"
    assert len(meeting.worker.media.demux.by_ufrag) == 0


async def test_draining_worker_takes_no_new_routers(meeting: Meeting):
    await meeting.link.request("drain")
    create = meeting.link.request("create_router", router="meeting-2", epoch=1, bars=[], limits=LIMITS)
    assert await refused_with(create) == "draining"
    await meeting.join("person-a", publish=False)  # of a meeting that is here already
    await until(lambda: meeting.told("heartbeat", draining=True))


async def test_only_the_owner_negotiates(meeting: Meeting, other: Meeting):
    await meeting.join("person-a", publish=False)
    asked = {"router": ROUTER, "peer": "person-a"}
    assert await refused_with(other.link.request("set_view", tiles=[], **asked)) == "not_owner"
    assert await refused_with(other.link.request("close_peer", reason="left", **asked)) == "not_owner"
    joining = other.link.request("create_peer", router=ROUTER, epoch=1, peer="person-a", subjects=[])
    assert await refused_with(joining) == "not_owner"


async def test_any_link_may_bar_and_the_owner_is_told(meeting: Meeting, other: Meeting):
    await meeting.join("person-a", publish=False)
    await other.link.request("bar", router=ROUTER, subjects=["user:person-a"])
    await until(lambda: meeting.told("peer_closed", peer="person-a", reason="barred"))


async def test_media_flows_on_without_the_link_and_another_takes_over(meeting: Meeting, other: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    await meeting.link.close()
    await see(first, second)
    for person in (first, second):
        taken = await other.link.request("take_over", router=ROUTER, peer=person.peer)
        assert taken["transports"] == {"publish": "connected", "subscribe": "connected"}
        assert taken["statistics"]["packets_in" if person is first else "packets_out"] > 0
        person.link = other.link
    await until(lambda: other.told("statistics"))
    await see(first, second)
    assert other.told("peer_closed") == []


async def test_offer_in_flight_is_repeated_to_the_new_owner(meeting: Meeting, other: Meeting):
    await meeting.join("person-a")
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-b", subjects=[])
    await meeting.link.request("subscribe", router=ROUTER, peer="person-b", transport_id="transport-1")
    await until(lambda: meeting.told("subscribe_offer", peer="person-b"))
    await meeting.link.close()
    await until(lambda: meeting.worker.routers[ROUTER].peers["person-b"].link is None)
    await other.link.request("take_over", router=ROUTER, peer="person-b")
    await until(lambda: other.told("subscribe_offer", peer="person-b", revision=1))


async def test_new_owner_is_told_what_the_one_before_knew_of_a_bad_connection(meeting: Meeting, other: Meeting):
    await meeting.join("person-a", publish=False)
    judge = meeting.worker.routers[ROUTER].peers["person-a"].quality
    lost = {"connected": False, "loss_up": 0.0, "loss_down": 0.0, "round_trips": []}
    assert judge.judge(**lost)
    await other.link.request("take_over", router=ROUTER, peer="person-a")
    event = judge.judge(**lost)
    assert event is not None
    assert event["level"] == "lost"


async def test_peers_that_nobody_takes_over_are_closed(meeting: Meeting, other: Meeting):
    await meeting.join("person-a", publish=False)
    await meeting.link.close()
    await until(lambda: not meeting.worker.routers[ROUTER].peers)
    assert await refused_with(other.link.request("take_over", router=ROUTER, peer="person-a")) == "unknown_peer"


async def test_stale_answers_and_unknown_transports_are_refused(meeting: Meeting):
    first, second = await meeting.pair()
    answer = second.answer(second.offers[-1]["sdp"])
    asked = {"transport_id": second.subscribe_id, "sdp": answer}
    assert await refused_with(second.request("subscribe_answer", revision=99, **asked)) == "stale_revision"
    await second.request("subscribe_answer", revision=second.offers[-1]["revision"], **asked)  # a repeated one
    asked["transport_id"] = "unknown-transport"
    assert await refused_with(second.request("subscribe_answer", revision=1, **asked)) == "unknown_transport"


async def test_ice_restart_of_both_transports_keeps_the_media(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    old, offers = second.receiving.remote.ufrag, len(second.offers)
    await second.request("restart_ice", transport_id=second.subscribe_id)
    await until(lambda: len(second.offers) > offers)
    assert old not in second.offers[-1]["sdp"]
    first.publishing.ufrag = "restarted"
    answer = await first.request(
        "publish",
        transport_id=first.publish_id,
        sdp=first.offer(True, ("low", "high")),
        sources={"0": "microphone", "1": "camera"},
    )
    assert first.publishing.remote.ufrag not in answer["sdp"]
    await see(first, second)
    assert meeting.states("person-a")["publish"] == "connected"


async def test_lost_link_fails_what_waits(worker):
    link = WorkerLink(worker.config.socket, "web-process-9", lambda event: None)
    await link.connect()
    await link.close()
    assert link.closed.done()
    with pytest.raises(LinkLost):
        await link.request("drain")
    with pytest.raises(LinkLost):
        await WorkerLink(worker.config.socket + "x", "web-process-9", lambda event: None).connect()


async def test_heartbeats_and_statistics_come_by_themselves(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    await until(lambda: meeting.told("heartbeat") and meeting.told("statistics"))
    load = meeting.told("heartbeat")[-1]["load"]
    assert (load["peers"], load["routers"]) == (2, 1)
    assert set(load) == {"peers", "routers", "packets_in_per_second", "packets_out_per_second", "loop_lag_ms"}
    counters = meeting.told("statistics", router=ROUTER)[-1]["peers"]["person-a"]
    assert set(counters) >= {"bytes_in", "bytes_out", "packets_in", "packets_out", "retransmitted_out", "nack_in"}
