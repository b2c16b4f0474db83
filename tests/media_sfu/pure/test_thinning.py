"""Leaving out temporal layers: what passes can be decoded, and its numbers have no gaps but those of the input."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from media_sfu.codecs.thinning import HIGHEST, Thinning
from media_sfu.codecs.vp8 import describe
from tests.media_sfu.pure.fuzzing import many
from tests.media_sfu.pure.packets import rtp, vp8
from tests.media_sfu.pure.relay import Relay, Sent

PATTERN = ((0, False), (2, True), (1, True), (2, False), (0, False), (2, False), (1, False), (2, False))
"""Temporal layer and sync mark of eight pictures, as libwebrtc codes three layers."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture: its packets, and the level asked for before it comes."""

    packets: int = 1
    level: int | None = None
    keyframe: bool = False


@dataclasses.dataclass(frozen=True)
class Fate:
    lost: bool = False
    delay: int = 0


pictures = st.lists(
    st.builds(
        Picture,
        packets=st.integers(1, 3),
        level=st.sampled_from((None, None, 0, 1, 2, HIGHEST)),
        keyframe=st.sampled_from((False,) * 9 + (True,)),
    ),
    min_size=1,
    max_size=60,
)
fates = st.lists(
    st.builds(Fate, lost=st.sampled_from((False,) * 7 + (True,)), delay=st.sampled_from((0, 0, 0, 0, 1, 4, 12))),
    min_size=1,
    max_size=50,
)


def payload(number: int, picture: Picture, part: int, first: int) -> bytes:
    keyframe = picture.keyframe or not number
    temporal, sync = (0, True) if keyframe else PATTERN[number % 8]
    return vp8(
        starts=not part,
        keyframe=keyframe and not part,
        picture=first + number & 0x7FFF,
        level=number & 255,
        temporal=temporal,
        sync=sync,
        body=bytes((number, part)),
    )


def play(shown: list[Picture], network: list[Fate], first: int = 32760) -> Relay:
    """Everything over one layer; a delay counts in packets, the first one always comes first."""
    relay = Relay(first_sequence=32767)
    line: list[tuple[int, int, bool, bytes]] = []
    for number, picture in enumerate(shown):
        for part in range(picture.packets):
            fate = network[len(line) % len(network)] if line else Fate()
            data = rtp(
                payload(number, picture, part, first),
                sequence=len(line) + 65530 & 0xFFFF,
                timestamp=3000 * number,
                marker=part == picture.packets - 1,
            )
            line.append((len(line) + fate.delay, number, fate.lost, data))
    newest = -1
    for _, number, lost, data in sorted(line, key=lambda entry: entry[0]):
        if number > newest:
            newest = number
            level = shown[number].level
            if level is not None:
                relay.rewriter.thin(level)
        if not lost:
            relay.feed(data)
    return relay


def passed(relay: Relay) -> list[Sent]:
    """By output number, without the empty packets that fill holes."""
    ordered = sorted(relay.sent, key=lambda sent: sent.number - 32767 & 0xFFFF)
    return [sent for sent in ordered if sent.payload]


def input_number(sent: Sent) -> int:
    return sent.payload[-2]


def output_picture(sent: Sent) -> int:
    return describe(sent.data, sent.header[8], sent.header[9])[2][2]


def steady(level: int, count: int = 32) -> list[Picture]:
    return [Picture(2, level=level if number == 1 else None) for number in range(count)]


def test_each_level_halves_the_pictures_and_leaves_no_gap():
    for level, share in ((0, 4), (1, 2), (2, 1), (HIGHEST, 1)):
        sent = passed(play(steady(level), [Fate()]))
        assert len(sent) == 64 // share
        numbers = [each.number for each in sent]
        assert numbers == [32767 + place & 0xFFFF for place in range(len(sent))]
        counted = [output_picture(each) for each in sent[::2]]
        assert counted == [counted[0] + place & 0x7FFF for place in range(len(counted))]


def test_numbers_of_what_was_left_out_go_to_what_follows_and_can_be_asked_for():
    relay = play(steady(0), [Fate()])
    for sent in passed(relay)[-8:]:
        repair = relay.history.answer(sent.number, sent_octets=1 << 20, round_trip=0.1, stamp=0, now=0.0)
        assert repair is not None
        assert repair.endswith(sent.payload)


def test_higher_layers_come_back_at_their_sync_points():
    shown = [Picture(level={1: 0, 12: HIGHEST}.get(number)) for number in range(40)]
    numbers = [input_number(sent) for sent in passed(play(shown, [Fate()]))]
    assert numbers[:4] == [0, 4, 8, 12]
    back = numbers[4:]
    first_middle = next(number for number in back if PATTERN[number % 8][0] == 1)
    first_high = next(number for number in back if PATTERN[number % 8][0] == 2)
    assert PATTERN[first_middle % 8][1]
    assert PATTERN[first_high % 8][1]
    assert numbers[-8:] == list(range(32, 40))


def test_keyframe_brings_everything_back():
    shown = [Picture(level={1: 0, 11: HIGHEST}.get(number), keyframe=number == 13) for number in range(20)]
    assert [input_number(sent) for sent in passed(play(shown, [Fate()]))] == [0, 4, 8, 12, *range(13, 20)]


def test_stream_without_picture_numbers_is_left_alone():
    relay = Relay()
    relay.feed(rtp(vp8(keyframe=True), sequence=1))
    relay.rewriter.thin(0)
    assert relay.feed(rtp(vp8(temporal=2), sequence=2)) is not None


def test_picture_that_has_begun_is_finished():
    relay = Relay()
    relay.feed(rtp(payload(0, Picture(), 0, 0), sequence=1, marker=True))
    assert relay.feed(rtp(payload(1, Picture(), 0, 0), sequence=2))
    relay.rewriter.thin(0)
    assert relay.feed(rtp(payload(1, Picture(), 1, 0), sequence=3, marker=True))
    assert not relay.feed(rtp(payload(3, Picture(), 0, 0), sequence=4, marker=True))


@many
@given(pictures, fates)
def test_whatever_comes_how_ever_what_passes_is_whole_and_numbered_in_order(shown, network):
    relay = play(shown, network)
    check_every_packet_has_a_number_of_its_own(relay)
    check_packets_of_a_picture_share_their_number_and_pictures_do_not(relay)
    check_pictures_pass_whole(relay, shown, network)
    check_gaps_are_those_of_the_input(relay)


def check_every_packet_has_a_number_of_its_own(relay: Relay) -> None:
    assert len({sent.number for sent in relay.sent}) == len(relay.sent)


def check_packets_of_a_picture_share_their_number_and_pictures_do_not(relay: Relay) -> None:
    by_input: dict[int, set[int]] = {}
    for sent in passed(relay):
        by_input.setdefault(input_number(sent), set()).add(output_picture(sent))
    assert all(len(outputs) == 1 for outputs in by_input.values())
    ordered = [outputs.pop() for _, outputs in sorted(by_input.items())]
    assert all(0 < (later - earlier & 0x7FFF) < 256 for earlier, later in zip(ordered, ordered[1:], strict=False))


def check_pictures_pass_whole(relay: Relay, shown: list[Picture], network: list[Fate]) -> None:
    """Without loss and reordering."""
    if any(fate.lost or fate.delay for fate in network):
        return
    counts: dict[int, int] = {}
    for sent in passed(relay):
        counts[input_number(sent)] = counts.get(input_number(sent), 0) + 1
    assert all(shown[number].packets == count for number, count in counts.items())


def check_gaps_are_those_of_the_input(relay: Relay) -> None:
    ordered = sorted(relay.sent, key=lambda sent: sent.number - 32767 & 0xFFFF)
    for one, other in zip(ordered, ordered[1:], strict=False):
        assert (other.number - one.number & 0xFFFF) <= other.sequence - one.sequence


def test_late_packets_far_back_are_left_out():
    thinning = Thinning(1000, 0x7FFF)
    thinning.level = 0
    assert thinning.judge(1300, 0, sync=False, keyframe=False) == 0
    assert thinning.judge(1001, 0, sync=False, keyframe=False) is None
