"""Video in the codec that the installation prefers, and VP8 for everybody as soon as somebody cannot decode it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.person import Person
from tests.e2e.product import Organisation, liveon, make_organisation
from tests.services import wait_until

NAMES = {"vp8": "video/VP8", "h264": "video/H264", "vp9": "video/VP9", "av1": "video/AV1"}
FRAMES = 20


def seen(person: Person, participant: str) -> tuple[str, int]:
    """Codec and decoded frames of somebody's camera, as the one who watches it counts them."""
    streams = [each for each in person.inbound("video", participant=participant) if each.get("codec")]
    return (streams[0]["codec"], streams[0]["framesDecoded"]) if streams else ("", 0)


def move_in(codec: str, viewer: Person, participants: Iterable[str]) -> None:
    """Wait until these cameras move in `codec`."""
    for participant in participants:
        wait_until(lambda who=participant: seen(viewer, who)[0] == NAMES[codec], what=f"{participant} in {codec}")
        frames = seen(viewer, participant)[1] + FRAMES
        wait_until(lambda who=participant, n=frames: seen(viewer, who)[1] >= n, what=f"{participant} moving")


def growing(sender: Person) -> set[tuple[str, str | None]]:
    """(codec, layer) of what a camera sends now; senders that have ended stay in the statistics."""

    def packets() -> dict[tuple[str, str | None], int]:
        return {(each["codec"], each.get("rid")): each["packetsSent"] for each in sender.outbound("video")}

    before = packets()
    wait_until(lambda: sum(packets().values()) > sum(before.values()) + 2 * FRAMES, what="sending", every=0.2)
    return {stream for stream, count in packets().items() if count > before.get(stream, 0)}


def others(viewer: Person, people: dict[str, str]) -> list[str]:
    return [participant for colour, participant in people.items() if colour != viewer.colour]


@pytest.fixture
def in_codec() -> Iterator[Callable[[str], Organisation]]:
    """`in_codec("h264")` is an organisation of an installation that prefers it. To be asked for before `person`."""
    with ExitStack() as cleanup:

        def start(codec: str) -> Organisation:
            product = cleanup.enter_context(liveon(LIVEON_VIDEO_CODECS=codec))
            return make_organisation(product, rooms=("open",))

        yield start


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("codec", "other"), [("h264", "chromium"), ("vp9", "firefox"), ("av1", "firefox")])
def test_cameras_move_in_the_codec_that_the_installation_prefers(in_codec, person, codec: str, other: str):
    organisation = in_codec(codec)
    red, blue = person("red"), person("blue", other)
    for each, login_id in ((red, "host"), (blue, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in (red, blue):
        people = each.wait_for_colours("red", "blue")
        move_in(codec, each, others(each, people))
        assert {(stream["codec"], stream.get("rid")) for stream in each.outbound("video")} == {(NAMES[codec], None)}


@pytest.mark.long
@pytest.mark.timeout(400)
def test_everybody_sees_on_in_vp8_when_somebody_joins_who_cannot_decode(in_codec, person):
    organisation = in_codec("h264")
    red, blue, green = person("red"), person("blue"), person("green", "firefox")
    for each, login_id in ((red, "host"), (blue, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    people = red.wait_for_colours("red", "blue")
    move_in("h264", red, [people["blue"]])
    move_in("h264", blue, [people["red"]])

    green.login(organisation, "suzuki")
    green.join(organisation.rooms["open"])
    for each in (green, red, blue):
        people = each.wait_for_colours("red", "blue", "green")
        move_in("vp8", each, others(each, people))
    for each in (red, blue):
        sending = growing(each)
        assert {codec for codec, _ in sending} == {NAMES["vp8"]}
        assert {rid for _, rid in sending} <= {"low", "high"}
        assert len(each.page.evaluate("() => probe.ended()")) == 0  # the connections are those of before
