"""Limits of people, of cameras and screens, and of what these send: per room and per organisation."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from audit.events import Actor
from audit.models import AuditEvent
from conferences.errors import BitrateLimit, MeetingError, MeetingFull, TenantFull, TooManyPublishers
from conferences.models import Participant
from conferences.services.limits import VIDEO_MBPS, RouterLimits, router_limits, set_limits
from conferences.services.meetings import leave_meeting
from conferences.services.presence import set_muted
from conferences.services.rooms import edit_room
from media_sfu.publication import BITS_PER_SECOND
from tests.conferences.test_races import at_once
from tests.conferences.visits import enter, join
from tests.factories import make_room, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR = Actor(name="operator")


def show(participant: Participant, source: str = "screen") -> None:
    set_muted(participant.public_id, source=source, muted=False)


def shown(*people: Participant) -> list[list[str]]:
    for each in people:
        each.refresh_from_db()
    return [sorted(source for source, muted in each.muted.items() if not muted) for each in people]


def test_the_media_workers_police_what_is_counted_here():
    assert {source: mbps * 1_000_000 for source, mbps in VIDEO_MBPS.items()} == {
        source: bits for source, bits in BITS_PER_SECOND.items() if source in VIDEO_MBPS
    }


def test_an_organisation_that_is_full_admits_nobody_until_somebody_leaves_any_meeting(tenant):
    set_limits(tenant, actor=OPERATOR, participants=2)
    first = join(make_room(tenant), make_user(tenant))
    join(make_room(tenant), make_user(tenant))
    room, third = make_room(tenant), make_user(tenant)
    with pytest.raises(TenantFull):
        enter(room, third)
    other = make_tenant()
    assert join(make_room(other), make_user(other))
    leave_meeting(first, reason="left")
    assert join(room, third).state == "joined"


def test_a_guest_who_waits_is_not_admitted_into_a_full_organisation(tenant, host, guest_pass):
    set_limits(tenant, actor=OPERATOR, participants=1)
    waiting = join(guest_pass.room, guest_pass)
    join(guest_pass.room, host)
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_one_camera_more_than_the_room_may_have_is_off(tenant):
    room = make_room(tenant, publisher_limit=2)
    people = [join(room, make_user(tenant)) for _ in range(3)]
    assert shown(*people) == [["camera", "microphone"], ["camera", "microphone"], ["microphone"]]
    with pytest.raises(TooManyPublishers):
        show(people[2], "camera")
    with pytest.raises(TooManyPublishers):
        show(people[0], "screen")
    set_muted(people[1].public_id, source="camera", muted=True)
    show(people[2], "camera")
    assert shown(people[2]) == [["camera", "microphone"]]


def test_what_is_on_already_may_be_said_again(tenant):
    person = join(make_room(tenant, publisher_limit=1), make_user(tenant))
    show(person, "camera")
    assert shown(person) == [["camera", "microphone"]]


def test_sound_is_never_one_too_many(tenant):
    person = join(make_room(tenant, publisher_limit=1, bitrate_limit=1), make_user(tenant))
    set_muted(person.public_id, source="microphone", muted=True)
    show(person, "microphone")
    show(person, "screen_audio")
    assert shown(person) == [["microphone", "screen_audio"]]


def test_the_first_bit_too_many_is_refused(tenant):
    """Two cameras of 3 Mbit/s fit; with a screen of 8 that is 14."""
    exact, short = make_room(tenant, bitrate_limit=14), make_room(tenant, bitrate_limit=13)
    for room in (exact, short):
        people = [join(room, make_user(tenant)) for _ in range(2)]
        if room is exact:
            show(people[0])
            assert shown(people[0]) == [["camera", "microphone", "screen"]]
            continue
        with pytest.raises(BitrateLimit):
            show(people[0])


def test_cameras_of_all_meetings_count_for_the_organisation(tenant):
    set_limits(tenant, actor=OPERATOR, publishers=1)
    first = join(make_room(tenant), make_user(tenant))
    second = join(make_room(tenant), make_user(tenant))
    assert shown(first, second) == [["camera", "microphone"], ["microphone"]]
    with pytest.raises(TooManyPublishers):
        show(second, "camera")


def test_bits_of_all_meetings_count_for_the_organisation(tenant):
    set_limits(tenant, actor=OPERATOR, bitrate=10)
    join(make_room(tenant), make_user(tenant))
    second = join(make_room(tenant), make_user(tenant))
    with pytest.raises(BitrateLimit):
        show(second)


def test_a_camera_that_comes_back_switched_on_may_be_one_too_many(tenant):
    room, user = make_room(tenant, publisher_limit=1), make_user(tenant)
    entrance = enter(room, user)
    set_muted(entrance.participant.public_id, source="camera", muted=True)
    other = join(room, make_user(tenant))
    back = enter(room, user, resume=entrance.token).participant
    assert shown(back, other) == [["microphone"], ["camera", "microphone"]]


def test_the_last_places_are_given_once(tenant):
    set_limits(tenant, actor=OPERATOR, participants=3)
    doors = [(make_room(tenant), make_user(tenant)) for _ in range(8)]
    results = at_once(*(lambda room=room, user=user: join(room, user) for room, user in doors))
    assert sum(isinstance(each, Participant) for each in results) == 3
    assert sum(isinstance(each, TenantFull) for each in results) == 5


def test_the_last_screens_are_shown_once(tenant):
    set_limits(tenant, actor=OPERATOR, publishers=6)
    rooms = [make_room(tenant, publisher_limit=3) for _ in range(2)]
    people = [join(room, make_user(tenant)) for room in rooms for _ in range(4)]
    for each in people:
        set_muted(each.public_id, source="camera", muted=True)
    results = at_once(*(lambda each=each: show(each) for each in people))
    assert sum(each is None for each in results) == 6
    assert {type(each) for each in results if isinstance(each, MeetingError)} == {TooManyPublishers}


def test_the_worker_gets_the_stricter_limits(tenant):
    room = make_room(tenant, participant_limit=7, publisher_limit=5, bitrate_limit=0)
    set_limits(tenant, actor=OPERATOR, publishers=3, bitrate=40)
    found = router_limits(room)
    assert (found.participants, found.publishers, found.bits_per_second) == (7, 3, 40_000_000)


def test_the_worker_is_never_told_less_than_there_is(tenant):
    room = make_room(tenant)
    people = [join(room, make_user(tenant)) for _ in range(3)]
    edit_room(room, actor=OPERATOR, participant_limit=2, publisher_limit=2, bitrate_limit=8)
    room.refresh_from_db()
    assert router_limits(room) == RouterLimits(3, 3, 9_000_000)
    leave_meeting(people[0], reason="left")
    assert router_limits(room) == RouterLimits(2, 2, 8_000_000)


def test_a_room_is_still_full_by_its_own_limit(tenant):
    room = make_room(tenant, participant_limit=2)
    for _ in range(2):
        join(room, make_user(tenant))
    with pytest.raises(MeetingFull):
        enter(room, make_user(tenant))


def test_changed_limits_are_an_event_and_the_same_again_is_none(tenant):
    for _ in range(2):
        assert set_limits(tenant, actor=OPERATOR, participants=5) == {"participants": 5, "publishers": 0, "bitrate": 0}
    event = AuditEvent.objects.get(action="limits_changed")
    assert (event.actor_name, event.details) == ("operator", {"changed": {"participants": {"from": 0, "to": 5}}})
    with pytest.raises(TypeError):
        set_limits(tenant, actor=OPERATOR, seats=5)


def test_the_command_sets_and_shows(tenant):
    def run(*words: str) -> dict:
        output = StringIO()
        call_command("set_limits", tenant.slug, *words, "--json", stdout=output)
        return json.loads(output.getvalue())

    assert run("--participants", "9", "--bitrate", "20")["participants"] == 9
    assert run() == {"tenant": tenant.slug, "participants": 9, "publishers": 0, "bitrate": 20}


def test_who_may_edit_a_room_sets_its_limits(client, tenant, admin):
    room = make_room(tenant, "Annex")
    client.force_login(admin)
    page = reverse("room-edit", args=[tenant.slug, room.public_id])
    content = {"name": "Annex", "participant_limit": 10, "publisher_limit": 4, "bitrate_limit": ""}
    assert client.post(page, content).status_code == 302
    room.refresh_from_db()
    assert (room.publisher_limit, room.bitrate_limit) == (4, 0)
    assert client.post(page, {**content, "publisher_limit": -1}).status_code == 200
