"""People who are not at browsers, in a test's meeting: a process of their own (`python -m tests.load`).

with crowd(product, organisation, people=3) as people:
    people.counters()["people"]["0"]["received"]
    people.join(2)
    people.leave(1)
"""

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.product import PASSWORD, LiveOn, Organisation
from tests.services import running

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 180.0
AUDIO = {True: "turns", False: ""}


class CrowdError(Exception):
    """The crowd could not do what it was told."""


class Crowd:
    """`numbers` are those who are in, in the order in which they came."""

    def __init__(self, process: subprocess.Popen, manner: dict[str, Any]) -> None:
        self.numbers: list[int] = []
        self._process, self._manner = process, manner

    def join(self, count: int, *, host: bool = False) -> list[int]:
        """`count` more people; their numbers. Returns when they are connected."""
        numbers = self._order("join", count=count, manner=self._manner, host=host)
        self.numbers += numbers
        return list(numbers)

    def leave(self, count: int) -> list[int]:
        """The `count` who came last leave; their numbers."""
        leaving = self.numbers[len(self.numbers) - count :]
        self.leave_as(leaving)
        return leaving

    def leave_as(self, numbers: list[int], *, silently: bool = False) -> None:
        """These leave; `silently`: without a word, as if their computers had died."""
        self._order("leave", numbers=numbers, silently=silently)
        self.numbers = [number for number in self.numbers if number not in numbers]

    def speak(self, number: int, on: bool | None) -> None:
        """Speak or be silent until further notice; None: as `audio` says."""
        self._order("speak", number=number, on=on)

    def look(self, number: int, tiles: list[dict[str, Any]]) -> None:
        """From now on `number` shows these tiles (docs/signalling.md)."""
        self._order("look", number=number, tiles=tiles)

    def watch(self, number: int, *, on: bool = True) -> None:
        """Whether `number` is told the server's estimate of their network, which is then in the counters."""
        self._order("watch", number=number, on=on)

    def counters(self) -> dict[str, Any]:
        """`people` by number as text: `participant` (id), `colour`, `microphone` and `camera` (what they sent and were
        asked for), `received` (per track packets, octets, frames, gaps, recovered), `paused`, `delivery` (the
        last such message, see `watch`), `errors`.
        """
        return dict(self._order("counters"))

    def _order(self, what: str, **fields: Any) -> Any:
        self._process.stdin.write(json.dumps({"do": what, **fields}).encode() + b"\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], ANSWER_SECONDS)[0]:
            raise CrowdError(f"no answer to {what}")
        answer = json.loads(self._process.stdout.readline() or b'{"error": "the crowd has died"}')
        if "error" in answer:
            raise CrowdError(f"{what}: {answer['error']}")
        return answer["done"]


@contextmanager
def crowd(
    product: LiveOn,
    organisation: Organisation,
    room: str = "open",
    people: int = 3,
    *,
    video: tuple[str, ...] = ("180p", "360p", "720p"),
    audio: bool | str = True,
    host: bool = True,
    login: str = "admin",
    tiles: int = 9,
    tile: tuple[int, int] = (320, 180),
    haste: int = 1,
) -> Iterator[Crowd]:
    """`people` who are in the meeting when it begins, sending `video` and `audio` and looking at `tiles` cameras.

    `audio`: True (they speak in turns, with a murmur between), "loud", "silent" (DTX) or False. With `host` the first
    of them is `login`, who lets guests in as the room's host; without, a host has to be in already. The others are
    guests with passes that `login` makes. They leave with the block.
    """
    manner = {"video": video, "audio": AUDIO.get(audio, audio), "tiles": tiles, "tile": tile, "haste": haste}
    place = {
        "url": product.url,
        "login_url": organisation.login_url,
        "room_url": organisation.rooms[room],
        "login_id": login,
        "password": PASSWORD,
    }
    command = [sys.executable, "-m", "tests.load"]
    with running(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(json.dumps(place).encode() + b"\n")
        found = Crowd(process, manner)
        try:
            if people:
                found.join(people, host=host)
            yield found
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()
