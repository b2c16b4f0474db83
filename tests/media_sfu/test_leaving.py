"""Nothing stays behind when people leave."""

import asyncio
import gc
import weakref

import pytest

from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_forwarding import see


@pytest.fixture
def no_collector():
    """The worker collects rarely: what ends must be freed by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_tables_tasks_and_memory_are_free_again_after_everybody_left(meeting: Meeting, no_collector):
    tasks_before = len(asyncio.all_tasks())
    left: list[weakref.ref[object]] = []
    for _ in range(3):
        first, second = await meeting.pair()
        await see(first, second)
        router = meeting.worker.routers[ROUTER]
        for peer in list(router.peers.values()):
            left += [weakref.ref(peer), weakref.ref(peer.publishing.transport.dtls._dtls)]
            await meeting.link.request("close_peer", router=ROUTER, peer=peer.id, reason="left")
        for person in (first, second):
            await person.close()
        meeting.people.clear()
        del first, second, router, peer, person
    demux = meeting.worker.media.demux
    assert (demux.by_ufrag, demux.by_path) == ({}, {})
    await until(lambda: len(asyncio.all_tasks()) <= tasks_before)
    meeting.events.clear()
    meeting._answers.clear()
    await until(lambda: not any(alive() for alive in left))


async def test_person_who_leaves_takes_only_their_own_media_along(meeting: Meeting):
    first, second = await meeting.pair()
    third = await meeting.join("person-c")
    await until(lambda: ("camera", "person-c") in second.received and ("camera", "person-a") in third.received)
    await until(lambda: third.receiving.dtls.state == "connected")
    await meeting.link.request("close_peer", router=ROUTER, peer="person-a", reason="left")
    await see(second, third)
    await see(third, second)
    await until(lambda: {track["participant"] for track in third.offers[-1]["tracks"]} == {"person-b"})
