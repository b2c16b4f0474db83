"""`python -m tests.load.soak`: people join and leave at random for a long time, and nothing of them may be left over.

Two meetings in one LiveOn: one that lasts, one that ends and begins anew every minute. One in four leaves without a
word. JSON lines: memory and people every ten seconds; at the end what the worker and the web process held after the
first minute and hold now, both with nobody in.
"""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.load.crowd import Crowd, CrowdError, crowd
from tests.load.footprint import INSIDE, Footprint, footprint, resident_mb
from tests.services import folder, wait_until

WARM_UP_SECONDS = 60.0
STAY_SECONDS = 60.0  # mean
SHORT_MEETING_SECONDS, SHORT_MEETING_PEOPLE = 60.0, 4
SILENT_SHARE = 0.25
TOLD_SECONDS = 10.0
QUIET_SECONDS = 240.0  # a lost stay is kept for 60 s, its media for up to 120 s
IDLE_SECONDS = 65.0  # within a minute an idle worker gives memory back
SETTLE_SECONDS, FULL_SECONDS = 30.0, 3.0
GROWTH_PERCENT = 5.0
PROCESSES = {"worker": "media_sfu", "web": "liveon.web"}
MEETING_CLASSES = ("media_sfu.peer.Peer", "media_sfu.router.Router")
Tell = Callable[[dict[str, Any]], None]


@dataclass
class Verdict:
    """What was held after the warm-up and at the end, by process; `problems` is empty after a good run."""

    before: dict[str, Footprint]
    after: dict[str, Footprint]
    people: int

    @property
    def problems(self) -> list[str]:
        return [problem for name in PROCESSES for problem in _problems(name, self.before[name], self.after[name])]


class Soak:
    """One run; `tell` gets its JSON lines."""

    def __init__(self, product: LiveOn, organisation: Organisation, soak_dir: Path, seed: int, tell: Tell) -> None:
        self.joined = 0
        self._product, self._organisation, self._soak_dir = product, organisation, soak_dir
        self._random = random.Random(seed)
        self._stays_until: dict[int, float] = {}  # by number in the lasting meeting
        self._pace = self._busy_since = 0.0  # the pace in people per second
        self._tell = tell
        self._pids = {name: product.child_pids(module)[0] for name, module in PROCESSES.items()}
        self._began = self._told_at = time.monotonic()

    def run(self, seconds: float, people: int) -> Verdict:
        """`people` join during `seconds`. In the warm-up as many are in, all the time, as are at most later."""
        self._pace = people / seconds
        self._busy(WARM_UP_SECONDS, full=True)
        before = self._quiet("before")
        self._busy(seconds, full=False)
        verdict = Verdict(before, self._quiet("after", before), self.joined)
        self._tell({"at_s": self._elapsed(), "joined": verdict.people, "problems": verdict.problems})
        return verdict

    def _busy(self, seconds: float, *, full: bool) -> None:
        """Meetings for `seconds`; `full`: nobody joins or leaves the lasting one once it has as many as it may."""
        with ExitStack() as lasting:
            self.joined, self._busy_since, self._stays_until = 0, time.monotonic(), {}
            people = lasting.enter_context(self._meeting("lasting", self._most if full else 1))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                with self._meeting("short", SHORT_MEETING_PEOPLE):
                    self._churn(people, min(end, time.monotonic() + SHORT_MEETING_SECONDS))

    @property
    def _most(self) -> int:
        return 1 + round(1.5 * self._pace * STAY_SECONDS)

    def _churn(self, people: Crowd, end: float) -> None:
        """Joins and leaves in the lasting meeting at random times. Its host stays."""
        while (now := time.monotonic()) < end:
            over = [each for each in people.numbers[1:] if self._stays_until.get(each, math.inf) < now]
            behind = self.joined < self._pace * (now - self._busy_since)
            if over:
                people.leave_as(over[:1], silently=self._random.random() < SILENT_SHARE)
            elif behind and len(people.numbers) < self._most:
                self._let_in(people, up_to=len(people.numbers) + 1)
                self._stays_until[people.numbers[-1]] = now + self._random.expovariate(1 / STAY_SECONDS)
            else:
                time.sleep(self._random.uniform(0, 2))
            self._tell_now_and_then(people)

    def _let_in(self, people: Crowd, *, up_to: int) -> None:
        """Until there are so many; the first is the host. Waits while the machine is so busy that nobody is taken."""
        while len(people.numbers) < up_to:
            try:
                self.joined += len(people.join(1, host=not people.numbers))
            except CrowdError as error:
                if "media_full" not in str(error):
                    raise
                time.sleep(FULL_SECONDS)

    @contextmanager
    def _meeting(self, room: str, count: int) -> Iterator[Crowd]:
        sizes = ("180p", "360p")
        with crowd(self._product, self._organisation, room, 0, video=sizes, tiles=4) as found:
            self._let_in(found, up_to=count)
            yield found

    def _quiet(self, when: str, before: dict[str, Footprint] | None = None) -> dict[str, Footprint]:
        """What is held once everybody has gone for good. What is more than `before` gets some time to go."""
        wait_until(self._nobody_is_in, what="the end of every meeting", timeout=QUIET_SECONDS, every=5)
        time.sleep(IDLE_SECONDS)
        found, end = self._footprints(), time.monotonic() + SETTLE_SECONDS
        while before and Verdict(before, found, 0).problems and time.monotonic() < end:
            time.sleep(5)
            found = self._footprints()
        for name, each in found.items():
            self._tell({"at_s": self._elapsed(), "when": when, "process": name, **each.figures()})
        return found

    def _nobody_is_in(self) -> bool:
        objects = self._footprints()["worker"].objects
        return not any(objects.get(kind) for kind in MEETING_CLASSES)

    def _footprints(self) -> dict[str, Footprint]:
        return {name: footprint(pid, self._soak_dir) for name, pid in self._pids.items()}

    def _tell_now_and_then(self, people: Crowd) -> None:
        if time.monotonic() - self._told_at > TOLD_SECONDS:
            self._told_at = time.monotonic()
            memory = {f"{name}_rss_mb": resident_mb(pid) for name, pid in self._pids.items()}
            self._tell({"at_s": self._elapsed(), "joined": self.joined, "in": len(people.numbers), **memory})

    def _elapsed(self) -> int:
        return round(time.monotonic() - self._began)


def soak(*, minutes: float, people: int, seed: int, tell: Tell) -> Verdict:
    """Start a LiveOn, run, and give the verdict."""
    with folder("soak") as soak_dir, liveon(PYTHONPATH=str(INSIDE), SOAK_DIR=str(soak_dir)) as product:
        organisation = make_organisation(product, rooms=("lasting", "short"))
        return Soak(product, organisation, soak_dir, seed, tell).run(60 * minutes, people)


def _problems(name: str, before: Footprint, after: Footprint) -> Iterator[str]:
    growth = 100 * (after.rss_mb / before.rss_mb - 1)
    if growth > GROWTH_PERCENT:
        yield f"{name}: memory grew by {growth:.1f} %"
    for kind in ("descriptors", "sockets", "threads", "tasks"):
        was, now = getattr(before, kind), getattr(after, kind)
        if now > was:
            yield f"{name}: {now - was} more {kind}"
    more = after.more_objects(before)
    if more:
        yield f"{name}: objects left over: {more}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--people", type=int, default=200, help="who join during these minutes, together")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    verdict = soak(minutes=arguments.minutes, people=arguments.people, seed=arguments.seed, tell=_print)
    sys.exit(bool(verdict.problems))


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
