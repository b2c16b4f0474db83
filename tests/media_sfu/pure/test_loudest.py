"""The few loudest voices: who gets a place, who keeps it, who loses it."""

from hypothesis import given
from hypothesis import strategies as st

from media_sfu.loudest import HOLD, SUSTAINED, LoudestStreams

TALK, LOUD, NOISE, SILENCE = 30, 12, 60, 127
PACKET = 0.02


class Hall:
    """Four places, and time in packets of 20 ms."""

    def __init__(self, places: int = 4) -> None:
        self.streams = LoudestStreams(places)
        self.now = 100.0

    def hear(self, seconds: float = PACKET, **levels: int) -> list[tuple[str, ...]]:
        """Everybody's packets for so long; what was told."""
        told = []
        for _ in range(max(1, round(seconds / PACKET))):
            self.now += PACKET
            told += [self.streams.hear(name, level, self.now) for name, level in levels.items()]
        return [names for names in told if names]


def test_first_packet_with_voice_gets_a_free_place():
    hall = Hall()
    hall.hear(anna=SILENCE)
    assert hall.hear(anna=TALK) == [("anna",)]
    assert hall.streams.heard == {"anna"}


def test_unknown_stream_is_news_even_without_a_place():
    hall = Hall()
    assert hall.hear(anna=SILENCE) == [("anna",)]
    assert hall.hear(anna=SILENCE) == []
    assert hall.streams.heard == set()


def test_silence_and_noise_get_no_place():
    hall = Hall()
    hall.hear(5.0, anna=NOISE, ben=SILENCE)
    assert hall.streams.heard == set()


def test_fifth_voice_as_loud_as_the_others_has_to_wait():
    hall = Hall()
    hall.hear(1.0, a=TALK, b=TALK, c=TALK, d=TALK)
    hall.hear(1.0, a=TALK, b=TALK, c=TALK, d=TALK, e=TALK)
    assert hall.streams.heard == {"a", "b", "c", "d"}


def test_place_of_who_has_been_silent_the_longest_is_taken_with_the_first_packet():
    hall = Hall()
    hall.hear(0.5, a=TALK, b=TALK, c=TALK, d=TALK)
    hall.hear(HOLD / 2, b=TALK, c=TALK, d=TALK)
    hall.hear(HOLD, c=TALK, d=TALK)
    assert hall.hear(e=TALK, c=TALK, d=TALK)[0] == ("a", "e")


def test_who_pauses_for_breath_keeps_the_place():
    hall = Hall()
    hall.hear(0.5, a=TALK, b=TALK, c=TALK, d=TALK)
    hall.hear(HOLD * 0.8, b=TALK, c=TALK, d=TALK, a=SILENCE)
    hall.hear(e=TALK)
    assert "a" in hall.streams.heard


def test_much_louder_voice_takes_the_place_of_the_weakest_but_a_cough_does_not():
    hall = Hall()
    hall.hear(0.5, a=TALK, b=TALK, c=TALK, d=40)
    hall.hear(SUSTAINED / 2, a=TALK, b=TALK, c=TALK, d=40, e=LOUD)
    assert "d" in hall.streams.heard
    hall.hear(SUSTAINED * 2, a=TALK, b=TALK, c=TALK, d=40, e=LOUD)
    assert hall.streams.heard == {"a", "b", "c", "e"}


def test_first_packet_after_a_silence_with_few_packets_is_heard():
    hall = Hall()
    for _ in range(5):  # a packet each 400 ms (DTX)
        hall.hear(0.4, b=TALK, c=TALK, d=TALK)
        hall.hear(a=SILENCE)
    assert hall.hear(a=TALK) == [("a",)]
    hall.hear(HOLD + PACKET, a=TALK, c=TALK, d=TALK)
    hall.hear(e=SILENCE)
    assert hall.hear(e=TALK) == [("b", "e")]


def test_who_sends_nothing_in_silence_gives_way_like_who_sends_silence():
    for quiet in ({"a": SILENCE}, {}):
        hall = Hall()
        hall.hear(0.5, a=LOUD, b=TALK, c=TALK, d=TALK)
        hall.hear(HOLD * 0.8, b=TALK, c=TALK, d=TALK, **quiet)
        hall.hear(SUSTAINED + 2 * PACKET, b=TALK, c=TALK, d=TALK, e=TALK, **quiet)
        assert hall.streams.heard == {"b", "c", "d", "e"}


def test_removed_stream_leaves_its_place():
    hall = Hall(places=1)
    hall.hear(a=TALK)
    hall.streams.remove("a")
    assert not hall.streams.knows("a")
    hall.hear(b=TALK)
    assert hall.streams.heard == {"b"}


levels = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 255)), max_size=400)


@given(levels)
def test_never_more_than_the_places_and_every_change_is_told(packets):
    hall, before = Hall(), set()
    for name, level in packets:
        hall.now += PACKET
        told = hall.streams.hear(name, level, hall.now)
        assert len(hall.streams.heard) <= 4
        assert hall.streams.heard ^ before <= set(told)
        before = set(hall.streams.heard)


@given(levels)
def test_somebody_who_speaks_is_heard_while_a_place_is_free(packets):
    hall = Hall()
    for name, level in packets:
        hall.now += PACKET
        hall.streams.hear(name, level, hall.now)
        if level & 127 <= 45 and len(hall.streams.heard) < 4:
            assert name in hall.streams.heard
