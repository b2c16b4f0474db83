"""A process is killed during a meeting: everybody is back with moving video within 10 s, without a click."""

import time

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


def meet(product, person) -> list:
    organisation = make_organisation(product, rooms=("open",))
    people = [person("red"), person("blue")]
    for each, login_id in zip(people, ("host", "sato"), strict=True):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours("red", "blue")
    return people


def kill(product, victim: str) -> None:
    killed = product.kill("-m", victim)
    wait_until(lambda: killed not in product.child_pids("-m", victim), what="the end of the killed process")


def check_one_stay_each(product, people) -> None:
    for each in people:
        assert sorted(each.colours().values()) == ["blue", "red"]
    for each in people:
        each.see("leave-button").click()
        each.page.wait_for_url("**/rooms/")
    wait_until(lambda: all(row["left_at"] for row in attendances(product)), what="the end of the stays")
    stays = [(row["login_id"], row["leave_reason"]) for row in attendances(product)]
    assert sorted(stays) == [("host", "left"), ("sato", "left")]


def test_everybody_has_moving_video_again_after_the_media_worker_was_killed(person):
    with liveon() as product:
        people = meet(product, person)
        before = [each.page.evaluate("() => probe.ended().length") for each in people]
        kill(product, "media_sfu")
        began = time.monotonic()
        wait_until(
            lambda: all(
                each.page.evaluate("() => probe.ended().length") >= count + 2
                for each, count in zip(people, before, strict=True)
            ),
            what="new connections",
            timeout=BACK_WITHIN_S,
        )
        wait_for_moving_video(people, timeout=BACK_WITHIN_S - (time.monotonic() - began))
        check_one_stay_each(product, people)


def test_everybody_is_back_after_the_web_process_was_killed(person):
    with liveon() as product:
        people = meet(product, person)
        kill(product, "liveon.web")
        began = time.monotonic()
        wait_until(
            lambda: [row["reconnects"] for row in attendances(product)] == [1, 1],
            what="everybody's return",
            timeout=BACK_WITHIN_S,
        )
        wait_for_moving_video(people, timeout=BACK_WITHIN_S - (time.monotonic() - began))
        check_one_stay_each(product, people)
