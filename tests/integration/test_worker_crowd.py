"""A whole office joins at nine o'clock: two hundred people behind one address, on one worker."""

import asyncio
import time
from typing import Any

import pytest

from media_sfu.control.client import WorkerLink
from tests.integration.test_worker_process import Process, socket_path, worker  # noqa: F401 (fixtures)
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person

PEOPLE, ROOM_SIZE = 200, 10


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_two_hundred_people_behind_one_address_are_in_within_ten_seconds(worker: Process):  # noqa: F811
    people: dict[str, Person] = {}
    tasks = set()

    def on_event(event: dict[str, Any]) -> None:
        if event["type"] == "subscribe_offer":
            tasks.add(asyncio.create_task(people[event["peer"]].on_offer(event)))

    link = WorkerLink(worker.socket, "web-process-1", on_event)
    await link.connect()
    limits = {"participants": ROOM_SIZE, "publications_per_peer": 4}
    rooms = [f"meeting-{number}" for number in range(PEOPLE // ROOM_SIZE)]
    for room in rooms:
        await link.request("create_router", router=room, epoch=1, bars=[], limits=limits)
    began = time.monotonic()

    async def join(number: int) -> None:
        person = Person(link, rooms[number // ROOM_SIZE], f"person-{number}")
        people[person.peer] = person
        await link.request("create_peer", router=person.router, epoch=1, peer=person.peer, subjects=[])
        await person.publish(camera=())
        await person.subscribe()

    await asyncio.gather(*(join(number) for number in range(PEOPLE)))
    await until(lambda: all(person.receiving.dtls.state == "connected" for person in people.values()), 30)
    assert time.monotonic() - began < 10
    for person in people.values():
        await person.close()
    await link.close()
