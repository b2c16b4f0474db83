"""Where meetings are placed, and when a media worker takes nobody more."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from conferences.errors import MediaFull
from conferences.models import MediaWorker, Meeting, Participant
from conferences.services.capacity import FIRST_PEOPLE, expected_loads, packets_per_second
from conferences.services.placement import DrainOrder, WorkerReport, note_workers, order_drain, place_meeting
from tests.conferences.test_races import at_once
from tests.conferences.visits import enter, join
from tests.factories import make_room, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def make_worker(name: str, **fields: object) -> MediaWorker:
    fields = {"socket": f"{name}.sock", "worker_epoch": f"start-{name}", "heartbeat_at": timezone.now(), **fields}
    return MediaWorker.objects.create(name=name, **fields)


def report(worker: MediaWorker, **fields: object) -> WorkerReport:
    fields = {"load": worker.load, "draining": worker.draining, **fields}
    return WorkerReport(worker.name, worker.socket, worker.worker_epoch, **fields)


def later(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def keep_alive(*workers: MediaWorker, now: datetime, **fields: object) -> None:
    """Heartbeats at `now`, with a new load."""
    MediaWorker.objects.filter(pk__in=[each.pk for each in workers]).update(heartbeat_at=now, **fields)


@pytest.fixture
def crowded(settings) -> None:
    """A worker carries one meeting of four and no more."""
    settings.MEDIA_CAPACITY = packets_per_second(FIRST_PEOPLE, FIRST_PEOPLE)


@pytest.mark.parametrize(
    ("people", "cameras", "packets"),
    [(0, 0, 0), (1, 1, 0), (2, 2, 320), (4, 4, 1040), (10, 10, 4100), (100, 1, 21_000), (30, 0, 3000)],
)
def test_a_meetings_packets_are_predicted(people, cameras, packets):
    assert packets_per_second(people, cameras) == packets


def test_the_first_join_places_the_meeting_where_least_is_expected(tenant):
    make_worker("sfu-0", load=5000)
    quiet = make_worker("sfu-1", load=10)
    meeting = join(make_room(tenant), make_user(tenant)).meeting
    meeting.refresh_from_db()
    assert (meeting.worker, meeting.worker_epoch, meeting.epoch) == (quiet, "start-sfu-1", 1)


def test_twenty_meetings_that_begin_at_once_are_spread_evenly(tenant):
    """Between two heartbeats both workers say that they are empty."""
    for name in ("sfu-0", "sfu-1"):
        make_worker(name)
    doors = [(make_room(tenant), make_user(tenant)) for _ in range(20)]
    results = at_once(*(lambda room=room, user=user: join(room, user) for room, user in doors))
    assert all(isinstance(each, Participant) for each in results)
    names = list(Meeting.objects.values_list("worker__name", flat=True))
    assert (names.count("sfu-0"), names.count("sfu-1")) == (10, 10)


def test_meetings_of_other_tenants_count(tenant):
    first, second = make_worker("sfu-0"), make_worker("sfu-1")
    other = make_tenant()
    ours, theirs = join(make_room(tenant), make_user(tenant)), join(make_room(other), make_user(other))
    places = {Meeting.objects.get(pk=each.meeting_id).worker for each in (ours, theirs)}
    assert places == {first, second}


def test_those_who_have_come_without_a_camera_are_not_expected_to_have_one(tenant):
    worker, room = make_worker("sfu-0"), make_room(tenant)
    for _ in range(FIRST_PEOPLE + 1):
        join(room, make_user(tenant), camera=False)
    assert expected_loads(now=timezone.now()).of(worker) == packets_per_second(FIRST_PEOPLE + 1, 0)


def test_what_a_worker_tells_replaces_the_prediction(tenant):
    worker = make_worker("sfu-0")
    join(make_room(tenant), make_user(tenant))
    assert expected_loads(now=timezone.now()).of(worker) == packets_per_second(FIRST_PEOPLE, FIRST_PEOPLE)
    worker.load = 40
    assert expected_loads(now=later(11)).of(worker) == 40


def test_people_who_have_come_since_are_added_to_what_a_worker_tells(tenant):
    worker, room = make_worker("sfu-0", load=300), make_room(tenant)
    for _ in range(3):
        join(room, make_user(tenant))
    Participant.objects.update(joined_at=later(-60))
    Meeting.objects.update(placed_at=later(-60))
    join(room, make_user(tenant))
    grown = packets_per_second(4, 4) - packets_per_second(3, 3)
    assert expected_loads(now=timezone.now()).of(worker) == pytest.approx(300 + grown)


def test_a_full_worker_takes_no_new_meeting_and_nothing_is_left_of_the_try(tenant, crowded):
    make_worker("sfu-0")
    join(make_room(tenant), make_user(tenant))
    with pytest.raises(MediaFull):
        enter(make_room(tenant), make_user(tenant))
    assert Meeting.objects.count() == Participant.objects.count() == 1


def test_one_more_than_a_worker_carries_is_refused_and_may_try_again(tenant, crowded):
    worker, room = make_worker("sfu-0"), make_room(tenant)
    inside = [join(room, make_user(tenant)) for _ in range(FIRST_PEOPLE)]
    fifth = make_user(tenant)
    with pytest.raises(MediaFull):
        enter(room, fifth)
    assert Participant.objects.filter(state="joined").count() == len(inside)
    now = later(11)
    keep_alive(worker, now=now, load=200)  # most have their cameras off
    assert enter(room, fifth, now=now).participant.state == "joined"


def test_who_comes_back_is_never_too_much(tenant, settings):
    worker, room, user = make_worker("sfu-0"), make_room(tenant), make_user(tenant)
    entrance = enter(room, user)
    keep_alive(worker, now=timezone.now(), load=10**6)
    assert enter(room, user, resume=entrance.token).is_back


def test_a_worker_that_is_always_late_takes_nobody(tenant):
    worker, room = make_worker("sfu-0"), make_room(tenant)
    join(room, make_user(tenant))
    keep_alive(worker, now=timezone.now(), lag_ms=400)
    with pytest.raises(MediaFull):
        enter(room, make_user(tenant))


def test_without_any_worker_people_meet_and_media_comes_later(tenant):
    meeting = join(make_room(tenant), make_user(tenant)).meeting
    assert meeting.worker is None
    silent = make_worker("sfu-0", heartbeat_at=later(-60))
    assert join(make_room(tenant), make_user(tenant)).meeting.worker is None
    placement = place_meeting(meeting, workers=[report(silent)], now=later(-60))
    assert (placement.worker, placement.epoch) == ("sfu-0", 1)


def test_a_meeting_whose_worker_died_goes_on_at_a_full_one(tenant, crowded):
    dying, full = make_worker("sfu-0"), make_worker("sfu-1", load=10**6)
    meeting = join(make_room(tenant), make_user(tenant)).meeting
    placement = place_meeting(meeting, workers=[report(full)], now=timezone.now())
    assert (placement.worker, placement.epoch) == ("sfu-1", 2)
    assert dying.name != placement.worker


def test_an_order_to_drain_is_told_until_it_is_obeyed_and_ends_with_the_worker(tenant):
    worker = make_worker("sfu-0")
    assert order_drain("sfu-0", drain=True)
    assert note_workers([report(worker)], now=timezone.now()) == [DrainOrder("sfu-0", drain=True)]
    draining = report(worker, draining=True)
    assert note_workers([draining], now=timezone.now()) == []
    assert order_drain("sfu-0", drain=False)
    assert note_workers([draining], now=timezone.now()) == [DrainOrder("sfu-0", drain=False)]
    order_drain("sfu-0", drain=True)
    worker.worker_epoch = "restarted"
    assert note_workers([report(worker)], now=timezone.now()) == []
    assert not MediaWorker.objects.get().draining
