"""A whole office joins at nine o'clock: two hundred guests behind one address, through one web process."""

import asyncio
from typing import Any

import pytest

from tests.conferences.waiting import until
from tests.e2e.product import PASSWORD, LiveOn, Organisation, liveon, make_organisation
from tests.load.entrance import Visitor
from tests.load.signalling import Message, Signalling

ROOMS, GUESTS = 4, 49  # of each room, beside its host: a new room takes 50
AT_ONCE = 16
NOTHING_SENT = {"microphone": False, "camera": False}


class Person:
    """Somebody in a meeting without media, who keeps the roster."""

    def __init__(self) -> None:
        self.roster: set[str] = set()
        self.signalling = Signalling(self._take)
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def enter(self, product: LiveOn, room_id: str, visitor: Visitor, identity: str) -> None:
        await self.signalling.open(product.url, room_id, identity=identity, cookies=visitor.cookies)
        await self.signalling.tell("join", resume=None, language="ja", **NOTHING_SENT)
        async with asyncio.timeout(60):
            await self._joined

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "joined":
            self.roster = {each["id"] for each in message["participants"]}
            self._joined.set_result(None)
        elif kind == "participant_joined":
            self.roster.add(message["participant"]["id"])
        elif kind == "participant_left":
            self.roster.discard(message["participant"])
        elif kind == "error" and not self._joined.done():
            self._joined.set_exception(ConnectionError(message["code"]))


class Office:
    """Everybody there, by room."""

    def __init__(self, product: LiveOn, organisation: Organisation) -> None:
        self.people: dict[str, list[Person]] = {url: [] for url in organisation.rooms.values()}
        self._product, self._organisation = product, organisation
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def open(self, url: str, login_id: str) -> list[str]:
        """Begin a room's meeting and invite its guests: their links."""
        host = await Visitor(self._product.url).log_in(self._organisation.login_url, login_id, PASSWORD)
        await self._enter(url, host, "user")
        return [await host.make_pass(url, f"Guest {number}") for number in range(GUESTS)]

    async def come(self, url: str, link: str) -> None:
        async with self._at_once:
            guest = await Visitor(self._product.url).use_pass(link, "Guest")
            await self._enter(url, guest, "guest")

    def everybody_sees_everybody(self) -> bool:
        return all(len(each.roster) == len(room) for room in self.people.values() for each in room)

    async def _enter(self, url: str, visitor: Visitor, identity: str) -> None:
        person = Person()
        await person.enter(self._product, url.rstrip("/").rpartition("/")[2], visitor, identity)
        self.people[url].append(person)


async def _join_all(office: Office) -> list[Any]:
    links = {url: await office.open(url, "admin") for url in office.people}
    coming = [office.come(url, link) for url, some in links.items() for link in some]
    outcomes = await asyncio.gather(*coming, return_exceptions=True)
    await until(office.everybody_sees_everybody, seconds=30)
    await asyncio.gather(*(each.signalling.close() for room in office.people.values() for each in room))
    return outcomes


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_two_hundred_guests_behind_one_address_are_all_let_in():
    """How long it takes depends on the machine: docs/performance.md. Nobody is held up by a limit for strangers."""
    with liveon() as product:
        organisation = make_organisation(product, rooms=tuple(f"room-{number}" for number in range(ROOMS)))
        outcomes = await _join_all(Office(product, organisation))
    assert [each for each in outcomes if each is not None] == []
    assert len(outcomes) == ROOMS * GUESTS
