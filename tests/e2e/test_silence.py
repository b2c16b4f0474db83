"""A microphone in silence costs next to nothing, and is heard again with its first word."""

import pytest

from tests.e2e.person import Person
from tests.services import wait_until

OBSERVED_S = 5
MOST_PACKETS_PER_S = 15  # of 50: with DTX it is 2 to 3, and some before the silence is believed
FEWEST_PACKETS_PER_S = 25  # the tone is there for half of the time


def packets(person: Person) -> int:
    return sum(each["packetsSent"] for each in person.outbound("audio"))


def packets_per_second(person: Person) -> float:
    before = packets(person)
    person.page.wait_for_timeout(OBSERVED_S * 1000)
    return (packets(person) - before) / OBSERVED_S


def heard(person: Person) -> dict[str, float]:
    [sound] = person.inbound("audio")
    return sound


@pytest.mark.long
@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_silent_microphone_sends_few_packets_and_its_pauses_are_no_loss(person, organisation, kind):
    talker, listener = person("red", kind), person("blue")
    for each, login_id in ((talker, "host"), (listener, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    wait_until(lambda: listener.inbound("audio") and heard(listener)["totalAudioEnergy"] > 0, what="sound", timeout=20)
    assert packets_per_second(talker) >= FEWEST_PACKETS_PER_S

    talker.see("mic-toggle").click()
    talker.page.wait_for_timeout(1000)
    assert packets_per_second(talker) <= MOST_PACKETS_PER_S
    energy = heard(listener)["totalAudioEnergy"]

    talker.see("mic-toggle").click()
    wait_until(lambda: heard(listener)["totalAudioEnergy"] > energy + 0.01, what="sound again", timeout=5)
    assert heard(listener)["packetsLost"] == 0
