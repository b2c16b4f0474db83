import pytest

from media_sfu.speakers import HOLD, INTERVAL, Speaker, SpeakerDetector, Speakers

TALK, LOUD, WHISPER, SILENCE = 20, 10, 36, 127


class Hall:
    """A detector with its time: each step is one interval of 20 packets per participant."""

    def __init__(self) -> None:
        self.detector = SpeakerDetector()
        self.now = 100.0
        self.detector.update(self.now)
        self.last = Speakers((), None)

    def hear(self, seconds: float = INTERVAL, **levels: int) -> Speakers:
        for _ in range(round(seconds / INTERVAL)):
            for participant, level in levels.items():
                for _ in range(20):
                    self.detector.observe(participant, level)
            self.now += INTERVAL
            self.last = self.detector.update(self.now) or self.last
        return self.last


def names(speakers: Speakers) -> list[str]:
    return [speaker.participant for speaker in speakers.speakers]


def test_silence_names_nobody():
    assert Hall().hear(2.0, anna=SILENCE) == Speakers((), None)


def test_somebody_talking_is_active_and_dominant():
    assert Hall().hear(2.0, anna=TALK, ben=SILENCE) == Speakers((Speaker("anna", -20),), "anna")


def test_loudest_comes_first():
    assert names(Hall().hear(2.0, anna=TALK, ben=LOUD, cem=SILENCE)) == ["ben", "anna"]


@pytest.mark.parametrize(("level", "active"), [(35, ["anna"]), (WHISPER, [])])
def test_threshold(level: int, active: list[str]):
    assert names(Hall().hear(2.0, anna=level)) == active


@pytest.mark.parametrize(("loud_packets", "active"), [(7, []), (9, ["anna"])])
def test_forty_percent_of_the_interval_are_needed(loud_packets: int, active: list[str]):
    hall = Hall()
    for index in range(20):
        hall.detector.observe("anna", TALK if index < loud_packets else SILENCE)
    hall.now += INTERVAL
    assert names(hall.detector.update(hall.now) or Speakers((), None)) == active


def test_voice_bit_is_not_part_of_the_level():
    assert names(Hall().hear(2.0, anna=0x80 | TALK)) == ["anna"]


def test_longer_packets_count_for_longer():
    detector = SpeakerDetector()
    detector.update(0.0)
    for _ in range(3):
        detector.observe("anna", TALK, 0.06)
    assert names(detector.update(INTERVAL) or Speakers((), None)) == ["anna"]


def test_speaker_is_held_for_a_second():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    assert names(hall.hear(HOLD - 0.2, anna=SILENCE)) == ["anna"]
    assert names(hall.hear(0.8, anna=SILENCE)) == []


def test_dominant_stays_in_silence():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    assert hall.hear(4.0, anna=SILENCE).dominant == "anna"


def test_somebody_a_little_louder_does_not_take_over():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    assert hall.hear(4.0, anna=TALK, ben=TALK - 2).dominant == "anna"


def test_somebody_much_louder_takes_over():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    assert hall.hear(2.0, anna=TALK, ben=LOUD).dominant == "ben"


def test_next_speaker_takes_over_after_the_hold():
    hall = Hall()
    hall.hear(2.0, anna=LOUD)
    hall.hear(HOLD, anna=SILENCE, ben=30)
    assert hall.hear(2.0, anna=SILENCE, ben=30).dominant == "ben"


def test_who_leaves_is_no_longer_named():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    hall.detector.remove("anna")
    assert hall.hear(INTERVAL) == Speakers((), None)


def test_who_is_muted_has_spoken_all_the_same():
    hall = Hall()
    hall.hear(2.0, ben=TALK)
    hall.hear(2.0, anna=TALK)
    spoke = hall.detector.last_spoke("anna")
    hall.detector.remove("anna")
    hall.detector.remove("anna")
    assert hall.hear(INTERVAL) == Speakers((), None)
    assert hall.detector.last_spoke("anna") == spoke > hall.detector.last_spoke("ben") > 0
    hall.hear(2.0, anna=TALK)
    assert hall.detector.last_spoke("anna") > spoke


def test_who_left_has_never_spoken():
    hall = Hall()
    hall.hear(2.0, anna=TALK)
    hall.detector.remove("anna")
    hall.detector.forget("anna")
    assert hall.detector.last_spoke("anna") == 0
    hall.hear(2.0, anna=TALK)
    hall.detector.forget("anna")
    assert hall.hear(INTERVAL) == Speakers((), None)
    assert hall.detector.last_spoke("anna") == 0


def test_only_changes_are_told():
    hall = Hall()
    hall.hear(4.0, anna=TALK)
    for _ in range(20):
        hall.detector.observe("anna", TALK - 1)
    assert hall.detector.update(hall.now + INTERVAL) is None


def test_nothing_is_told_within_an_interval():
    hall = Hall()
    hall.detector.observe("anna", TALK)
    assert hall.detector.update(hall.now + INTERVAL / 2) is None


def test_louder_voice_is_told_in_steps():
    hall = Hall()
    hall.hear(2.0, anna=30)
    assert hall.hear(2.0, anna=LOUD).speakers == (Speaker("anna", -10),)
