"""Three people in one meeting: everybody sees and hears everybody."""

import time

from tests.services import wait_until

OBSERVED_S = 20.0
LOWEST_RATE = 8.0
FROZEN_SHARE = 0.05


def frames(person) -> dict[str, tuple[int, float]]:
    """Sender → frames decoded and seconds frozen so far."""
    streams = person.inbound("video", source="camera")
    return {each["participant"]: (each["framesDecoded"], each.get("totalFreezesDuration", 0.0)) for each in streams}


def energy(person) -> float:
    return min((each["totalAudioEnergy"] for each in person.inbound("audio")), default=0.0)


def test_two_chromiums_and_a_firefox_see_and_hear_each_other(person, organisation):
    people = [person("red"), person("blue"), person("green", "firefox")]
    for each, login_id in zip(people, ("host", "sato", "suzuki"), strict=True):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours("red", "green", "blue")

    before = [(frames(each), energy(each)) for each in people]
    began = time.monotonic()
    for each in people:
        each.page.wait_for_timeout(OBSERVED_S * 1000 / len(people))
    elapsed = time.monotonic() - began
    for each, (earlier, quieter) in zip(people, before, strict=True):
        later = frames(each)
        assert len(later) == 2
        for sender, (count, frozen) in later.items():
            assert (count - earlier[sender][0]) / elapsed >= LOWEST_RATE, f"{each.colour}: too few frames"
            assert (frozen - earlier[sender][1]) / elapsed < FROZEN_SHARE, f"{each.colour}: frozen"
        assert len(each.inbound("audio")) == 2
        assert energy(each) > quieter
        assert each.transports()["ciphers"] == ["AEAD_AES_256_GCM"] * 2


def test_screen_share_arrives(person, organisation):
    presenter, viewer = person("red"), person("blue")
    for each, login_id in ((presenter, "host"), (viewer, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    viewer.wait_for_colours("red", "blue")

    presenter.see("screen-toggle").click()

    viewer.see("tile", source="screen").wait_for()
    wait_until(
        lambda: any(each["framesDecoded"] > 5 for each in viewer.inbound("video", source="screen")), what="the screen"
    )
