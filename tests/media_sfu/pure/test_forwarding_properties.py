"""Any loss, reordering, duplication, padding, wrap and switch: what leaves is one consistent stream."""

import dataclasses
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.codecs.vp8 import describe
from media_sfu.forwarding.clock import signed32
from tests.media_sfu.pure.fuzzing import many
from tests.media_sfu.pure.packets import rtp, vp8
from tests.media_sfu.pure.relay import Relay, Sent

LAYERS = 3
FRAME_SECONDS = 1 / 30
NTP = 3_900_000_000 << 32

pytestmark = pytest.mark.fuzz


@dataclasses.dataclass(frozen=True)
class Frame:
    """One captured picture: packets per layer, which layers code it as a keyframe, padding sent after it."""

    packets: int
    keyframes: frozenset[int]
    padding: int
    want: int | None
    reported: frozenset[int]


@dataclasses.dataclass(frozen=True)
class Fate:
    """What the network does to one packet."""

    lost: bool
    delay: int
    repeated: bool


frames = st.lists(
    st.builds(
        Frame,
        packets=st.integers(1, 3),
        keyframes=st.frozensets(st.integers(0, LAYERS - 1)),
        padding=st.sampled_from((0, 0, 0, 1, 2)),
        want=st.sampled_from((None, 0, 1, 2)),
        reported=st.frozensets(st.integers(0, LAYERS - 1)),
    ),
    min_size=1,
    max_size=25,
)
fates = st.lists(
    st.builds(
        Fate,
        lost=st.sampled_from((False,) * 5 + (True,)),
        delay=st.sampled_from((0, 0, 0, 1, 3, 8, 20)),
        repeated=st.sampled_from((False,) * 6 + (True,)),
    ),
    min_size=1,
    max_size=60,
)
starts = st.tuples(st.sampled_from((0, 1, 65500, 65530, 65535)), st.sampled_from((0, 0xFFFFFF00, 123456)))
pictures = st.sampled_from((0, 32760, 32767))


class Publisher:
    """Writes each picture in every layer, with sequence numbers, timestamps and pictures of the layer's own."""

    def __init__(self, start: tuple[int, int], picture: int) -> None:
        self.sequences = [start[0] + 7 * layer & 0xFFFF for layer in range(LAYERS)]
        self.bases = [start[1] + 1_000_000 * layer & 0xFFFFFFFF for layer in range(LAYERS)]
        self.pictures = [picture + 99 * layer & 0x7FFF for layer in range(LAYERS)]

    def timestamp(self, layer: int, index: int) -> int:
        return self.bases[layer] + 3000 * index & 0xFFFFFFFF

    def packets(self, frame: Frame, index: int, layer: int) -> list[bytes]:
        written = []
        for part in range(frame.packets):
            payload = vp8(
                starts=part == 0,
                keyframe=part == 0 and layer in frame.keyframes,
                picture=self.pictures[layer],
                level=self.pictures[layer] & 255,
                body=bytes((layer, index, part)),
            )
            written.append(self._packet(layer, index, payload, marker=part == frame.packets - 1))
        self.pictures[layer] = self.pictures[layer] + 1 & 0x7FFF
        written += [self._packet(layer, index, b"", padding=50) for _ in range(frame.padding)]
        return written

    def _packet(self, layer: int, index: int, payload: bytes, **values) -> bytes:
        sequence = self.sequences[layer]
        self.sequences[layer] = sequence + 1 & 0xFFFF
        return rtp(payload, sequence=sequence, timestamp=self.timestamp(layer, index), **values)


def play(pictures_shown: list[Frame], network: list[Fate], start: tuple[int, int], picture: int) -> Relay:
    """Run a scenario; a packet's delay counts in packets of all layers."""
    relay = Relay(LAYERS, first_sequence=32767)
    publisher = Publisher(start, picture)
    line: list[tuple[int, int, int, bytes]] = []
    for index, frame in enumerate(pictures_shown):
        for layer in range(LAYERS):
            for data in publisher.packets(frame, index, layer):
                fate = network[len(line) % len(network)]
                line.append((len(line) + (10_000 if fate.lost else fate.delay), index, layer, data))
                if fate.repeated:
                    line.append((len(line) + fate.delay, index, layer, data))
    shown = -1
    for place, index, layer, data in sorted(line, key=lambda entry: entry[0]):
        if place >= 10_000:
            continue
        if index > shown:
            shown = index
            steer(relay, publisher, pictures_shown[index], index)
        relay.feed(data, layer=layer, now=shown * FRAME_SECONDS)
    return relay


def steer(relay: Relay, publisher: Publisher, frame: Frame, index: int) -> None:
    if frame.want is not None:
        relay.switch.want(frame.want)
    for layer in frame.reported:
        ntp = NTP + int(index * FRAME_SECONDS * 2**32)
        relay.clocks[layer].update(ntp, publisher.timestamp(layer, index), index * FRAME_SECONDS)


def in_order(relay: Relay) -> list[Sent]:
    """By output number; a scenario is far shorter than a half turn of 16 bits."""
    return sorted(relay.sent, key=lambda sent: sent.number - 32767 & 0xFFFF)


def stints(relay: Relay) -> dict[int, list[Sent]]:
    grouped = defaultdict(list)
    for sent in in_order(relay):
        grouped[sent.stint].append(sent)
    return grouped


@many
@given(frames, fates, starts, pictures)
def test_what_leaves_is_one_consistent_stream(shown, network, start, picture):
    relay = play(shown, network, start, picture)
    check_no_two_inputs_share_an_output_number(relay)
    check_holes_are_those_of_the_input(relay)
    check_switch_adds_one_hole_only_after_an_unfinished_frame(relay)
    check_each_switch_begins_with_a_keyframe(relay)
    check_timestamps_never_step_back(relay)
    check_picture_numbers_go_on_across_switches(relay)
    check_nothing_but_header_and_counters_is_changed(relay)


def check_no_two_inputs_share_an_output_number(relay: Relay) -> None:
    assert len({sent.number for sent in relay.sent}) == len(relay.sent)
    assert len({(sent.layer, sent.sequence) for sent in relay.sent}) == len(relay.sent)


def check_holes_are_those_of_the_input(relay: Relay) -> None:
    for stint, sent in stints(relay).items():
        swallowed = sorted(sequence for number, sequence in relay.swallowed if number == stint)
        for one, next_one in zip(sent, sent[1:], strict=False):
            step = next_one.sequence - one.sequence
            taken = sum(one.sequence < sequence < next_one.sequence for sequence in swallowed)
            assert step > 0
            assert (next_one.number - one.number & 0xFFFF) == step - taken


def check_switch_adds_one_hole_only_after_an_unfinished_frame(relay: Relay) -> None:
    parts = list(stints(relay).values())
    for before, after in zip(parts, parts[1:], strict=False):
        finished = before[-1].header[0]
        assert (after[0].number - before[-1].number & 0xFFFF) == (1 if finished else 2)


def check_each_switch_begins_with_a_keyframe(relay: Relay) -> None:
    for sent in stints(relay).values():
        first = sent[0]
        assert describe(first.data, first.header[8], first.header[9])[1]


def check_timestamps_never_step_back(relay: Relay) -> None:
    sent = in_order(relay)
    for one, next_one in zip(sent, sent[1:], strict=False):
        step = signed32(next_one.timestamp - one.timestamp)
        assert step >= 0
        assert step > 0 or one.stint == next_one.stint
        assert step < 90000 * FRAME_SECONDS * 55


def check_picture_numbers_go_on_across_switches(relay: Relay) -> None:
    parts = [[number_of(sent) for sent in part if sent.payload] for part in stints(relay).values()]
    for before, after in zip(parts, parts[1:], strict=False):
        assert after[0] == (before[-1][0] + 1 & 0x7FFF, before[-1][1] + 1 & 255)
    for part in parts:
        for one, next_one in zip(part, part[1:], strict=False):
            assert (next_one[0] - one[0] & 0x7FFF) < 0x4000


def number_of(sent: Sent) -> tuple[int, int]:
    fields = describe(sent.data, sent.header[8], sent.header[9])[2]
    return fields[2], sent.payload[fields[3]]


def check_nothing_but_header_and_counters_is_changed(relay: Relay) -> None:
    for sent in relay.sent:
        if sent.payload:
            assert sent.payload[-3] == sent.layer
