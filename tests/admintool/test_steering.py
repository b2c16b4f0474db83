"""Admintool steers running meetings: mute, end, freeze, remove a group or everybody; and shows what flows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Approval, Group, SecuritySettings, User
from audit.models import AuditEvent, BandwidthSample
from conferences.models import Bar, GuestPass, Meeting, MeetingCommand, Participant, Room
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.audit.records import make_attendance, make_sample
from tests.factories import make_room

Enter = Callable[..., Participant]


def test_muting_switches_the_microphone_off_and_is_recorded(admin_client: Client, member: User, enter: Enter) -> None:
    participant = enter(member, muted={"microphone": False})
    answer = admin_client.post(url("mute", participant_id=participant.public_id), follow=True)
    assert "The microphone of Mori Member was switched off." in answer.content.decode()
    participant.refresh_from_db()
    assert participant.muted["microphone"] is True
    assert AuditEvent.objects.get(action="participant_muted").details["source"] == "microphone"


def test_who_has_left_cannot_be_muted(admin_client: Client, member: User, enter: Enter) -> None:
    participant = enter(member, state="left")
    assert admin_client.post(url("mute", participant_id=participant.public_id)).status_code == 404


def test_ending_a_meeting_asks_first_and_bars_nobody(
    admin_client: Client, admin: User, member: User, enter: Enter
) -> None:
    meeting = enter(member).meeting
    assert "Mori Member" in admin_client.get(url("meeting-end", meeting_id=meeting.public_id)).content.decode()
    assert Meeting.objects.get().is_live
    admin_client.post(url("meeting-end", meeting_id=meeting.public_id))
    assert not Meeting.objects.get().is_live
    assert not Bar.objects.exists()
    assert AuditEvent.objects.get(action="meeting_ended").actor_id == admin.public_id


def test_freezing_and_going_on(admin_client: Client, member: User, enter: Enter) -> None:
    meeting = enter(member).meeting
    admin_client.post(url("meeting-freeze", meeting_id=meeting.public_id))
    assert "Stands still" in admin_client.get(url("live-now")).content.decode()
    admin_client.post(url("meeting-unfreeze", meeting_id=meeting.public_id))
    assert "Stands still" not in admin_client.get(url("live-now")).content.decode()
    assert list(MeetingCommand.objects.order_by("pk").values_list("kind", flat=True)) == ["freeze", "unfreeze"]


def test_two_rooms_of_the_same_name_stay_apart(
    admin_client: Client, room: Room, member: User, host: User, enter: Enter
) -> None:
    twin = make_room(room.tenant, room.name)
    enter(member)
    enter(host, room=twin)
    text = admin_client.get(url("live-now")).content.decode()
    assert f"room-{room.public_id}" in text
    assert f"room-{twin.public_id}" in text


def test_removing_a_group_leaves_the_others_in(
    admin_client: Client, tenant: Tenant, member: User, host: User, enter: Enter
) -> None:
    group = Group.objects.create(tenant=tenant, name="Sales")
    group.users.add(member)
    leaves, stays = enter(member), enter(host)
    answer = admin_client.post(url("remove-many"), {"whom": group.public_id, "note": "moved"}, follow=True)
    assert "1 person was removed." in answer.content.decode()
    leaves.refresh_from_db()
    stays.refresh_from_db()
    assert (leaves.leave_reason, stays.state) == ("removed", "joined")
    event = AuditEvent.objects.get(action="forced_exit")
    assert (event.target_name, event.details) == ("Sales", {"note": "moved", "people": 1})


def test_removing_everybody_empties_every_room(
    admin_client: Client, member: User, guest_pass: GuestPass, room: Room, enter: Enter
) -> None:
    enter(member, room=make_room(room.tenant, "Second"))
    enter(guest_pass=guest_pass)
    admin_client.post(url("remove-many"), {"whom": "everybody"})
    assert not Participant.objects.exclude(state="left").exists()
    assert not Meeting.objects.filter(ended_at=None).exists()


def test_removing_everybody_waits_for_the_second_pair_of_eyes(
    admin_client: Client, tenant: Tenant, member: User, enter: Enter
) -> None:
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    enter(member)
    assert "consent of a second administrator" in admin_client.get(url("remove-many")).content.decode()
    admin_client.post(url("remove-many"), {"whom": "everybody", "note": "leak"})
    assert Participant.objects.get().state == "joined"
    assert Approval.objects.get().payload == {"note": "leak"}


def test_group_of_another_tenant_cannot_be_chosen(
    admin_client: Client, other_tenant: Tenant, member: User, enter: Enter
) -> None:
    foreign = Group.objects.create(tenant=other_tenant, name="Theirs")
    enter(member)
    answer = admin_client.post(url("remove-many"), {"whom": foreign.public_id})
    assert answer.context["form"].errors["whom"]
    assert Participant.objects.get().state == "joined"


def measured(participant: Participant, kbps_in: float, kbps_out: float, quality: str = "good") -> None:
    values = {"kbps_in": kbps_in, "kbps_out": kbps_out, "quality": quality}
    cache.set(f"rate:{participant.public_id}", values)


def test_quality_is_shown_on_the_live_page(admin_client: Client, member: User, enter: Enter) -> None:
    measured(enter(member), 10, 20, "poor")
    assert "Poor" in admin_client.get(url("live-now")).content.decode()


@pytest.mark.parametrize("page", ["bandwidth", "bandwidth-now"])
def test_bandwidth_of_everybody_is_shown_the_most_first(
    admin_client: Client, member: User, host: User, enter: Enter, page: str
) -> None:
    measured(enter(member), 100, 200)
    measured(enter(host), 1000, 2345)
    text = admin_client.get(url(page)).content.decode()
    assert text.index("Hara Host") < text.index("Mori Member")
    assert "1,100" in text  # in, together
    assert "2,545" in text


@pytest.mark.parametrize(
    ("search", "count"), [({"login_id": "mem"}, 1), ({"ip": "192.0.2."}, 2), ({"room": "board"}, 2), ({"ip": "10."}, 0)]
)
def test_bandwidth_is_filtered(
    admin_client: Client, member: User, host: User, enter: Enter, search: dict[str, str], count: int
) -> None:
    enter(member)
    enter(host)
    assert len(admin_client.get(url("bandwidth-now"), search).context["people"]) == count


def test_last_hour_is_summed_by_minute(admin_client: Client, tenant: Tenant, room: Room) -> None:
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    for name in ("Anna", "Ben"):
        attendance = make_attendance(tenant, name=name, joined_at=minute)
        make_sample(attendance, minute, bytes_in=60_000, bytes_out=600_000)
    flow = admin_client.get(url("bandwidth-now")).context["flow"]
    assert len(flow["minutes"]) == len(flow["kbps_in"]) == len(flow["kbps_out"]) == 60
    position = flow["minutes"].index(int(minute.timestamp()))
    assert (flow["kbps_in"][position], flow["kbps_out"][position]) == (16.0, 160.0)
    assert sum(flow["kbps_in"]) == 16.0
    assert BandwidthSample.objects.count() == 2


def test_other_tenants_flow_is_not_shown(admin_client: Client, other_tenant: Tenant) -> None:
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    make_sample(make_attendance(other_tenant, joined_at=minute), minute, bytes_in=60_000)
    assert sum(admin_client.get(url("bandwidth-now")).context["flow"]["kbps_in"]) == 0
