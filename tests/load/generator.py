"""Many participants in one process, and the clock that drives them."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.load.clip import PALETTE, clip
from tests.load.clock import Sockets
from tests.load.entrance import Visitor
from tests.load.participant import Manner, Participant

TICK_SECONDS = 0.005
JOIN_AT_ONCE = 4


@dataclass(frozen=True)
class Place:
    """Where the crowd goes: the product, a room of it, and who invites guests there."""

    url: str
    login_url: str
    room_url: str
    login_id: str
    password: str

    @property
    def room_id(self) -> str:
        return urlsplit(self.room_url).path.rstrip("/").rpartition("/")[2]


class Generator:
    """`people` are those who are in, by number. They come with guest passes; a `host` comes by the inviting login."""

    def __init__(self, place: Place) -> None:
        self.people: dict[int, Participant] = {}
        self._place = place
        self._inviting: Visitor | None = None
        self._count = 0
        self._sockets = Sockets()
        self._at_once = asyncio.Semaphore(JOIN_AT_ONCE)
        self._longest_turn = 0.0

    async def join(self, count: int, manner: Manner, *, host: bool = False) -> list[int]:
        """`count` more people, the first of them the host; their numbers.

        Raises what `Participant.enter` and `Visitor` raise, in an ExceptionGroup.
        """
        numbers = list(range(self._count, self._count + count))
        self._count += count
        place = self._place
        if self._inviting is None:
            self._inviting = await Visitor(place.url).log_in(place.login_url, place.login_id, place.password)
        for colour in {_colour(number) for number in numbers}:
            for size in manner.video:
                await asyncio.to_thread(clip, size, colour)
        if host:
            await self._enter(numbers[0], manner, self._inviting, "user")
        async with asyncio.TaskGroup() as tasks:
            for number in numbers[host:]:
                tasks.create_task(self._enter_as_guest(number, manner))
        return numbers

    async def leave(self, numbers: list[int], *, silently: bool = False) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in numbers:
                tasks.create_task(self.people.pop(number).leave(silently=silently))

    async def close(self) -> None:
        await self.leave(list(self.people))
        self._sockets.close()

    async def run(self) -> None:
        """Until cancelled: send what is due, read what has come."""
        while True:
            now = time.monotonic()
            for person in self.people.values():
                person.beat(now)
            self._sockets.read()
            took = time.monotonic() - now
            self._longest_turn = max(self._longest_turn, took)
            await asyncio.sleep(max(0.0, TICK_SECONDS - took))

    def counters(self) -> dict[str, Any]:
        """`longest_turn_ms`: the most that the loop spent on everybody once since the last call."""
        longest, self._longest_turn = self._longest_turn, 0.0
        people = {str(number): person.counters() for number, person in self.people.items()}
        return {"people": people, "longest_turn_ms": round(1000 * longest, 1), "cpu_seconds": time.process_time()}

    async def _enter_as_guest(self, number: int, manner: Manner) -> None:
        async with self._at_once:
            link = await self._inviting.make_pass(self._place.room_url, _name(number))
            guest = await Visitor(self._place.url).use_pass(link, _name(number))
            await self._enter(number, manner, guest, "guest")

    async def _enter(self, number: int, manner: Manner, visitor: Visitor, identity: str) -> None:
        person = self.people[number] = Participant(number, _name(number), _colour(number), manner, self._sockets)
        try:
            await person.enter(self._place.url, self._place.room_id, identity=identity, cookies=visitor.cookies)
        except BaseException as error:
            error.add_note(f"{person.name} was {person.step}: {person.signalling.errors}")
            del self.people[number]
            await person.leave()
            raise


def _name(number: int) -> str:
    return f"Guest {number}"


def _colour(number: int) -> str:
    return list(PALETTE)[number % len(PALETTE)]
