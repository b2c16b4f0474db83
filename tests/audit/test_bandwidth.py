import threading
from datetime import timedelta

import pytest
from django.db import connection

from audit.attendance import close_attendance
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.models import Attendance, BandwidthSample
from tenants.models import Tenant
from tests.audit.records import NOON, join
from tests.database import operating

SECOND = timedelta(seconds=1)


def counts(sample: BandwidthSample) -> tuple[int, int, int, int]:
    return sample.bytes_in, sample.bytes_out, sample.packets_in, sample.packets_out


def test_deltas_of_one_minute_are_one_sample(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    add_bandwidth([BandwidthDelta("p1", 100, 1000, 1, 10)], now=NOON + 3 * SECOND)
    add_bandwidth([BandwidthDelta("p1", 200, 2000, 2, 20)], now=NOON + 59 * SECOND)
    sample = BandwidthSample.objects.get()
    assert (sample.minute, counts(sample)) == (NOON, (300, 3000, 3, 30))
    assert (sample.room_name, sample.login_id, sample.name, sample.ip_address) == (
        "Board room",
        "sato",
        "Sato",
        "192.0.2.10",
    )
    attendance.refresh_from_db()
    assert (attendance.bytes_in, attendance.bytes_out) == (300, 3000)


def test_next_minute_is_the_next_sample(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    add_bandwidth([BandwidthDelta("p1", 100, 0, 1, 0)], now=NOON + 59 * SECOND)
    add_bandwidth([BandwidthDelta("p1", 50, 0, 1, 0)], now=NOON + 60 * SECOND)
    assert list(BandwidthSample.objects.order_by("minute").values_list("bytes_in", flat=True)) == [100, 50]
    attendance.refresh_from_db()
    assert attendance.bytes_in == 150


def test_several_deltas_of_one_participant_are_summed(tenant: Tenant) -> None:
    join(tenant, participant_id="p1")
    add_bandwidth([BandwidthDelta("p1", 1, 2, 3, 4), BandwidthDelta("p1", 10, 20, 30, 40)], now=NOON)
    assert counts(BandwidthSample.objects.get()) == (11, 22, 33, 44)


def test_last_counts_of_a_closed_attendance_still_count(tenant: Tenant) -> None:
    attendance = join(tenant, participant_id="p1")
    close_attendance("p1", left_at=NOON + SECOND, reason="left")
    add_bandwidth([BandwidthDelta("p1", 7, 8, 1, 1)], now=NOON + 2 * SECOND)
    attendance.refresh_from_db()
    assert (attendance.bytes_in, attendance.bytes_out, attendance.leave_reason) == (7, 8, "left")


def test_unknown_participant_and_silence_leave_no_row(tenant: Tenant) -> None:
    join(tenant, participant_id="p1")
    add_bandwidth([BandwidthDelta("nobody", 1, 1, 1, 1), BandwidthDelta("p1", 0, 0, 0, 0)], now=NOON)
    assert not BandwidthSample.objects.exists()


def test_large_meeting_goes_in_batches(tenant: Tenant) -> None:
    for number in range(250):
        join(tenant, participant_id=f"p{number}")
    deltas = [BandwidthDelta(f"p{number}", number, 1, 1, 1) for number in range(250)]
    for _again in range(2):
        add_bandwidth(deltas, now=NOON)
    assert BandwidthSample.objects.count() == 250
    assert BandwidthSample.objects.get(attendance__participant_id="p249").bytes_in == 498


def test_rows_stay_in_their_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    join(tenant, participant_id="p1")
    join(other_tenant, participant_id="p2")
    add_bandwidth([BandwidthDelta("p1", 1, 1, 1, 1), BandwidthDelta("p2", 2, 2, 2, 2)], now=NOON)
    assert BandwidthSample.objects.for_tenant(tenant).get().bytes_in == 1
    assert BandwidthSample.objects.for_tenant(other_tenant).get().bytes_in == 2


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_lose_nothing(tenant: Tenant) -> None:
    people = [f"p{number}" for number in range(20)]
    for person in people:
        join(tenant, participant_id=person)
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    @operating
    def write(order: int) -> None:
        try:
            together.wait(10)
            for _again in range(5):
                add_bandwidth([BandwidthDelta(person, 1, 2, 3, 4) for person in people[::order]], now=NOON)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert {counts(sample) for sample in BandwidthSample.objects.all()} == {(20, 40, 60, 80)}
    assert set(Attendance.objects.values_list("bytes_in", "bytes_out")) == {(20, 40)}
