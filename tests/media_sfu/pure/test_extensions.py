import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.rtp.extensions import find, read_all
from media_sfu.rtp.packet import parse
from tests.media_sfu.pure.packets import one_byte, rtp, two_byte

FORMS = pytest.mark.parametrize("form", [one_byte, two_byte])


def values(extension: tuple[int, bytes]) -> dict[int, bytes]:
    data = rtp(extension=extension)
    return read_all(data, *parse(data)[5:8])


def value(extension: tuple[int, bytes], number: int) -> bytes | None:
    data = rtp(b"payload", extension=extension)
    found = find(data, *parse(data)[5:8], number)
    return None if found is None else data[found[0] : found[0] + found[1]]


@FORMS
def test_every_element_is_found(form):
    elements = {1: b"a", 2: b"bc", 14: b"0123456789abcdef"}
    extension = form(*elements.items())
    assert values(extension) == elements
    assert {number: value(extension, number) for number in elements} == elements
    assert value(extension, 5) is None


@FORMS
def test_padding_between_elements_is_skipped(form):
    profile, first = form((1, b"a"))
    _, second = form((2, b"b"))
    assert values((profile, b"\0\0" + first + b"\0" + second)) == {1: b"a", 2: b"b"}
    assert value((profile, b"\0\0" + first + b"\0" + second), 2) == b"b"


def test_two_byte_element_may_be_empty_or_long():
    assert values(two_byte((1, b""), (200, b"x" * 40))) == {1: b"", 200: b"x" * 40}


def test_application_bits_of_the_two_byte_profile_do_not_matter():
    assert value((0x100F, two_byte((7, b"mid"))[1]), 7) == b"mid"


def test_id_fifteen_ends_the_one_byte_form():
    extension = one_byte((1, b"a"), (15, b"b"), (2, b"c"))
    assert values(extension) == {1: b"a"}
    assert value(extension, 2) is None
    assert value(extension, 15) is None


@pytest.mark.parametrize("extension", [(0xBEDE, b"\x1f" + b"abc"), (0x1000, b"\x01\x20ab"), (0x1000, b"\0\0\0\x01")])
def test_element_over_the_end_is_absent(extension: tuple[int, bytes]):
    assert values(extension) == {}
    assert value(extension, 1) is None


def test_unknown_profile_holds_nothing():
    assert values((0xABCD, b"\x10a\0\0")) == {}
    assert value((0xABCD, b"\x10a\0\0"), 1) is None


def test_packet_without_extension_holds_nothing():
    data = rtp(b"abc")
    assert find(data, *parse(data)[5:8], 1) is None
    assert read_all(data, *parse(data)[5:8]) == {}


@given(st.sampled_from((0xBEDE, 0x1000)), st.binary(max_size=60), st.integers(1, 255))
def test_both_readers_agree(profile: int, elements: bytes, number: int):
    assert value((profile, elements), number) == values((profile, elements)).get(number)
