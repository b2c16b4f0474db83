"""A process is killed during a meeting: everybody is back with moving video within 10 s, without a click."""

import time

import pytest

from tests.e2e.product import liveon, make_organisation
from tests.e2e.records import attendances
from tests.services import wait_until

BACK_WITHIN_S = 10.0


def frames(person) -> int:
    return sum(each["framesDecoded"] for each in person.inbound("video", source="camera"))


def wait_for_moving_video(people, *, timeout: float) -> float:
    """Until everybody's incoming video has moved on twice, half a second apart; returns how long that took."""
    began = time.monotonic()
    for person in people:

        def moves(person=person) -> bool:
            before = frames(person)
            person.page.wait_for_timeout(500)
            return before > 0 and frames(person) > before + 2

        wait_until(moves, what=f"moving video at {person.colour}", timeout=timeout - (time.monotonic() - began))
    return time.monotonic() - began


@pytest.mark.parametrize("victim", ["media_sfu", "liveon.web"])
def test_everybody_comes_back_by_themselves_after_a_kill(person, victim):
    with liveon() as product:
        organisation = make_organisation(product, rooms=("open",))
        people = [person("red"), person("blue")]
        for each, login_id in zip(people, ("host", "sato"), strict=True):
            each.login(organisation, login_id)
            each.join(organisation.rooms["open"])
        for each in people:
            each.wait_for_colours("red", "blue")

        killed = product.kill("-m", victim)
        for each in people:
            each.page.wait_for_timeout(250)
        wait_until(lambda: killed not in product.child_pids("-m", victim), what="the end of the killed process")
        took = wait_for_moving_video(people, timeout=BACK_WITHIN_S)

        assert took <= BACK_WITHIN_S
        for each in people:
            assert sorted(each.colours().values()) == ["blue", "red"]
        for each in people:
            each.see("leave-button").click()
            each.page.wait_for_url("**/rooms/")
        (
            print(attendances(product)),
            wait_until(lambda: all(row["left_at"] for row in attendances(product)), what="the end of the stays"),
        )
        assert sorted(row["login_id"] for row in attendances(product)) == ["host", "sato"]
        assert {row["leave_reason"] for row in attendances(product)} == {"left"}
