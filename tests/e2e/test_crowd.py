"""Thirty-two people in one meeting: thirty of the crowd (tests/load) and two browsers, which see and hear well."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.e2e.product import LiveOn, Organisation, liveon, make_organisation
from tests.load.asking import LagSince
from tests.load.crowd import Crowd, crowd
from tests.services import wait_until

PEOPLE, SPEAKING, FORWARDED = 30, 6, 4
OBSERVED_S = 20.0
FEWEST_PICTURES, LOWEST_RATE = 4, 10.0
CONCEALED_SHARE = 0.08
LAG_S, ON_TIME = 0.02, 0.99
HEARD_PER_S, SILENT_PER_S = 30, 5


@pytest.fixture
def busy_product() -> Iterator[LiveOn]:
    """Of its own: what other tests left behind would weigh on the worker."""
    with liveon() as product:
        yield product


def figures(person: Person, kind: str, *names: str) -> dict[str, dict[str, float]]:
    """Of each incoming stream of `kind`, by its id."""
    return {each["id"]: {name: each.get(name, 0) for name in names} for each in person.inbound(kind)}


def grown(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]) -> list[dict[str, float]]:
    """Of the streams that are in both."""
    return [{name: value - before[each][name] for name, value in after[each].items()} for each in before.keys() & after]


def sound(person: Person) -> dict[str, dict[str, float]]:
    names = "packetsReceived", "concealedSamples", "silentConcealedSamples", "totalSamplesReceived", "totalAudioEnergy"
    return figures(person, "audio", *names)


def pictures(person: Person) -> dict[str, dict[str, float]]:
    """Of the cameras whose tile is on the screen."""
    shown = set(person.see("tile", source="camera").evaluate_all(SHOWN))
    streams = person.inbound("video", source="camera")
    return {each["id"]: {"framesDecoded": each["framesDecoded"]} for each in streams if each["participant"] in shown}


SHOWN = """tiles => tiles.filter((tile) => {
  const {left, right, top, bottom, width} = tile.getBoundingClientRect();
  return width && tile.checkVisibility() && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
}).map(({dataset}) => dataset.participant)"""


def heard(people: Crowd) -> dict[str, dict[str, int]]:
    """Who heard how many packets of whom so far, by participant."""
    return {
        each["participant"]: {
            track["participant"]: track["packets"]
            for track in each["received"]["tracks"]
            if track["source"] == "microphone"
        }
        for each in people.counters()["people"].values()
    }


def loud_tracks(before: dict[str, int], after: dict[str, int], seconds: float) -> set[str]:
    """Whose sound came, from somebody's counters; there is no track that comes half the time."""
    rates = {participant: (after[participant] - before[participant]) / seconds for participant in before}
    assert not any(SILENT_PER_S < rate < HEARD_PER_S for rate in rates.values()), rates
    return {participant for participant, rate in rates.items() if rate >= HEARD_PER_S}


@pytest.mark.long
@pytest.mark.timeout(420)
def test_thirty_people_and_two_browsers_meet(busy_product, person):
    organisation = make_organisation(busy_product, rooms=("open",))
    with crowd(busy_product, organisation, people=PEOPLE, video=("180p", "360p"), audio="silent", tiles=6) as people:
        browsers = [person("red"), person("blue", "firefox")]
        for each, login_id in zip(browsers, ("host", "sato"), strict=True):
            enter_muted(each, organisation, login_id)
        for number in people.numbers[:SPEAKING]:
            people.speak(number, True)
        for each in browsers:
            wait_until(lambda each=each: is_shown_everything(each), what="the pictures", timeout=60, every=1)
        lag = LagSince(busy_product.data_dir)
        before = [(pictures(each), sound(each)) for each in browsers], heard(people)
        seconds = observe(browsers[0])
        after = [(pictures(each), sound(each)) for each in browsers], heard(people)
        on_time = lag.share_within(LAG_S)

    for earlier, later in zip(before[0], after[0], strict=True):
        assert_good_video(earlier[0], later[0], seconds)
        assert_good_sound(earlier[1], later[1], seconds)
    speaking = {who: loud_tracks(tracks, after[1][who], seconds) for who, tracks in before[1].items()}
    forwarded = set().union(*speaking.values())
    assert len(forwarded) == FORWARDED
    assert speaking == {who: forwarded - {who} for who in speaking}
    assert on_time >= ON_TIME


def enter_muted(person: Person, organisation: Organisation, login_id: str) -> None:
    person.login(organisation, login_id)
    person.join(organisation.rooms["open"])
    person.see("mic-toggle").click()


def is_shown_everything(person: Person) -> bool:
    shown = pictures(person)
    return len(shown) >= FEWEST_PICTURES and all(each["framesDecoded"] for each in shown.values())


def observe(person: Person) -> float:
    """Let time pass; how much it was by the page's clock."""
    began = person.page.evaluate("performance.now()")
    person.page.wait_for_timeout(OBSERVED_S * 1000)
    return float(person.page.evaluate("performance.now()") - began) / 1000


def assert_good_video(before: dict[str, Any], after: dict[str, Any], seconds: float) -> None:
    rates = [each["framesDecoded"] / seconds for each in grown(before, after)]
    assert len(rates) >= FEWEST_PICTURES
    assert min(rates) >= LOWEST_RATE, rates


def assert_good_sound(before: dict[str, Any], after: dict[str, Any], seconds: float) -> None:
    streams = [each for each in grown(before, after) if each["packetsReceived"] / seconds > SILENT_PER_S]
    assert len(streams) == FORWARDED
    for each in streams:
        assert each["packetsReceived"] / seconds >= HEARD_PER_S
        assert each["totalAudioEnergy"] > 0
        concealed = each["concealedSamples"] - each["silentConcealedSamples"]
        assert concealed / each["totalSamplesReceived"] < CONCEALED_SHARE
