"""A small crowd in a real LiveOn."""

from typing import Any

import pytest

from tests.e2e.product import liveon, make_organisation
from tests.load.crowd import Crowd, crowd
from tests.services import wait_until


@pytest.mark.timeout(180)
def test_a_crowd_meets_grows_and_shrinks():
    with liveon() as product:
        organisation = make_organisation(product, rooms=("open",))
        with crowd(product, organisation, people=2, video=("180p", "360p")) as people:
            wait_until(lambda: everybody_gets_everything(people, 1), what="media for two", every=0.1)
            people.join(1)
            wait_until(lambda: everybody_gets_everything(people, 2), what="media for three", every=0.1)
            people.watch(0)
            people.leave(1)
            wait_until(lambda: everybody_gets_everything(people, 1), what="media for two again", every=0.1)
            wait_until(lambda: people.counters()["people"]["0"]["delivery"], what="the server's estimate", every=0.1)
            counted = people.counters()["people"].values()
    assert [each["errors"] for each in counted] == [[], []]
    assert [each["received"]["auth_failures"] for each in counted] == [0, 0]


def everybody_gets_everything(people: Crowd, others: int) -> bool:
    received = [each["received"] for each in people.counters()["people"].values()]
    return all(each and len(each["tracks"]) == 2 * others and all(map(arrives, each["tracks"])) for each in received)


def arrives(track: dict[str, Any]) -> bool:
    """A second of it."""
    return track["packets"] > 40 if track["source"] == "microphone" else track["frames"] > 20
