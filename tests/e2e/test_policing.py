"""Somebody's camera sends ten times its bit rate: it is policed, and nobody else's picture suffers."""

import pytest

from tests.e2e.product import LiveOn
from tests.load.asking import ask_worker
from tests.load.crowd import crowd
from tests.services import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

SECONDS = 30
MORE_FREEZE_S = 0.25  # than in the control run: half a second a minute


def dropped(product: LiveOn, reason: str) -> int:
    """What the worker has dropped for this reason since its start."""
    return int(ask_worker(product.data_dir, "get_statistics")["drops"].get(reason, 0))


def freezes_s(people, participants: dict[str, str]) -> list[float]:
    """For how long each person's picture of the other browser stood still in `SECONDS`."""
    pairs = [(people[0], participants["blue"]), (people[1], participants["red"])]

    def frozen(person, participant) -> float:
        [stream] = person.inbound("video", participant=participant, source="camera")
        return stream["totalFreezesDuration"]

    before = [frozen(*pair) for pair in pairs]
    people[0].page.wait_for_timeout(SECONDS * 1000)
    return [frozen(*pair) - earlier for pair, earlier in zip(pairs, before, strict=True)]


def test_a_client_that_sends_ten_times_its_bitrate_is_policed_and_disturbs_nobody(product, organisation, person):
    people = [person("red"), person("blue")]
    for each, login_id in zip(people, ("admin", "sato"), strict=True):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    participants = people[0].wait_for_colours("red", "blue")
    people[1].wait_for_colours("red", "blue")

    with crowd(product, organisation, people=1, host=False) as others:
        others.look(others.numbers[0], [])
        control = freezes_s(people, participants)
    before = dropped(product, "policed")
    with crowd(product, organisation, people=1, host=False, haste=10) as others:
        others.look(others.numbers[0], [])
        flooded = freezes_s(people, participants)
        [offender] = others.counters()["people"].values()
        told = {layer for message in offender["policed"] for layer in message["layers"]}
    print(f"freezes, s: {control} without, {flooded} with the flood; told: {told}")  # noqa: T201
    assert dropped(product, "policed") - before > 1000
    assert "high" in told
    assert all(more <= less + MORE_FREEZE_S for less, more in zip(control, flooded, strict=True))
    wait_until(lambda: len(people[0].tiles()) == 2, what="the end of the flood")
