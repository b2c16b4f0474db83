"""Two media workers: meetings spread; one dies; one is drained; a full one takes nobody."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.e2e.records import rows
from tests.e2e.test_crash import wait_for_moving_video
from tests.load.crowd import Crowd, crowd
from tests.services import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

HEARTBEAT = timedelta(seconds=2)
BACK_WITHIN_S = 10.0
LONGEST_GAP_MS = 3000
GAPS = Path(__file__).with_name("gaps.js")
NAMES = ("sfu-0", "sfu-1")
PLACES = """
    SELECT room.name AS room, worker.name AS worker, meeting.epoch AS epoch FROM conferences_meeting meeting
    JOIN conferences_room room ON room.id = meeting.room_id
    LEFT JOIN conferences_mediaworker worker ON worker.id = meeting.worker_id WHERE meeting.ended_at IS NULL"""


@pytest.fixture(scope="module")
def product() -> Iterator[LiveOn]:
    with liveon(LIVEON_MEDIA_WORKERS="2") as found:
        wait_until(lambda: len(workers(found)) == 2, what="both workers' heartbeats", every=0.5)
        yield found


@pytest.fixture(scope="module")
def organisation(product: LiveOn) -> Organisation:
    return make_organisation(product, rooms=("open", "second"))


def places(product: LiveOn) -> dict[str, tuple[str, int]]:
    """Worker and epoch of each meeting, by the name of its room."""
    return {row["room"]: (row["worker"], row["epoch"]) for row in rows(product, PLACES)}


def workers(product: LiveOn) -> dict[str, dict]:
    found = product.manage("media_workers")["workers"]
    return {each["worker"]: each for each in found}


def is_at_rest(worker: dict, *, since: datetime) -> bool:
    """What a heartbeat tells is the load of the seconds before it."""
    told_at = datetime.fromisoformat(worker["heartbeat_at"])
    return told_at > since + 2 * HEARTBEAT and worker["load"] < 100


def meet(person, organisation: Organisation) -> list:
    people = [person("red"), person("blue")]
    for each, login_id in zip(people, ("host", "sato"), strict=True):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours("red", "blue")
    return people


def frames(people: Crowd) -> dict[str, int]:
    """What each of the crowd has received of video so far."""
    counted = people.counters()["people"]
    return {
        number: sum(track["frames"] for track in each["received"]["tracks"] if track["source"] == "camera")
        for number, each in counted.items()
    }


@contextmanager
def unsupervised(product: LiveOn) -> Iterator[None]:
    """Nobody starts what dies meanwhile: a worker that is back at once would be the least loaded one."""
    assert product.process is not None
    product.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        product.process.send_signal(signal.SIGCONT)


def test_meetings_of_a_killed_worker_go_on_at_the_other_and_the_others_never_notice(product, organisation, person):
    people = meet(person, organisation)
    with crowd(product, organisation, "second", people=2, video=("180p",)) as others:
        before = places(product)
        assert {worker for worker, _ in before.values()} == set(NAMES), "each worker has one"
        survivor = before["second"][0]
        pids = dict(zip(NAMES, product.child_pids("-m", "media_sfu"), strict=True))
        ended = [each.page.evaluate("() => probe.ended().length") for each in people]
        seen = frames(others)

        with unsupervised(product):
            os.kill(pids[before["open"][0]], signal.SIGKILL)
            began = time.monotonic()
            wait_until(
                lambda: all(
                    each.page.evaluate("() => probe.ended().length") >= count + 2
                    for each, count in zip(people, ended, strict=True)
                ),
                what="new connections",
                timeout=BACK_WITHIN_S,
            )
            took = wait_for_moving_video(people, timeout=BACK_WITHIN_S - (time.monotonic() - began))
            assert took < BACK_WITHIN_S

            assert places(product) == {"open": (survivor, 2), "second": (survivor, 1)}
            seconds, now = time.monotonic() - began, frames(others)
            assert all(now[number] - seen[number] > 5 * seconds for number in seen), (seen, now, seconds)
            assert product.child_pids("-m", "media_sfu") == [pids[survivor]], "it was never restarted"


def test_draining_empties_a_worker_and_nobody_misses_anything(product, organisation, person):
    people = meet(person, organisation)
    home, epoch = places(product)["open"]
    for each in people:
        each.page.evaluate(f"() => {{ {GAPS.read_text()} }}")
        own = each.page.evaluate("() => document.querySelector('lo-tile.tile--mirrored').dataset.participant")
        others = [participant for participant, _ in each.tiles() if participant != own]
        each.page.evaluate("others => gaps.begin(others)", others)

    done = product.manage("media_workers", "drain", home, "--wait")
    assert done == {"draining": home, "meetings": 0}
    assert workers(product)[home]["routers"] == 0
    moved, next_epoch = places(product)["open"]
    assert (moved != home, next_epoch) == (True, epoch + 1)
    wait_for_moving_video(people, timeout=BACK_WITHIN_S)
    found = [each.page.evaluate("() => gaps.end()") for each in people]
    print(f"longest gaps, ms: {found}")  # noqa: T201
    media = [each for gaps in found for what, each in gaps.items() if what != "page"]
    assert len(media) == 4, "picture and sound of the other one"
    assert all(each["gap"] < LONGEST_GAP_MS for each in media), found
    for each in people:
        assert sorted(each.colours().values()) == ["blue", "red"]
        wait_until(lambda each=each: len(each.page.evaluate("() => probe.states()")) == 2, what="the old ones' end")

    assert product.manage("media_workers", "undrain", home) == {"in service": home}
    wait_until(lambda: not workers(product)[home]["draining"], what="the worker's return", every=0.5)


def test_who_would_be_too_much_for_a_worker_is_told_and_may_try_again(person):
    with liveon(LIVEON_MEDIA_CAPACITY="1100") as product:  # a meeting of four
        organisation = make_organisation(product, rooms=("open",))
        inside, outside = person("red"), person("blue")
        with crowd(product, organisation, people=4, video=("180p",)):
            inside.login(organisation, "sato")
            inside.open_join_page(organisation.rooms["open"])
            inside.see("join-button").click()
            assert inside.ended_because() == "media_full"
            assert inside.see("again-button").is_visible()
        left_at = datetime.now(UTC)
        outside.login(organisation, "host")
        wait_until(lambda: is_at_rest(workers(product)["sfu-0"], since=left_at), what="the worker's rest", every=0.5)
        outside.join(organisation.rooms["open"])
        inside.see("again-button").click()
        inside.wait_for_colours("red", "blue")
