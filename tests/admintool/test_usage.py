import csv
import io
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import Group, SoftCaps, User
from audit.models import AuditEvent, UsageDay
from audit.usage import count_usage
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.audit.records import make_attendance, make_sample

CAPS = {"users": "0", "rooms": "0", "connections": "0", "gigabytes": "0"}


def use(tenant: Tenant, user: User | None, minutes: int = 2) -> None:
    """A stay that begins now, with a sample of 1 MB and 2 MB a minute, summed up."""
    now = timezone.now().replace(second=0, microsecond=0)
    fields = {
        "user_id": user.public_id if user else "",
        "name": user.name if user else "Goto",
        "is_guest": user is None,
    }
    stay = make_attendance(tenant, joined_at=now, left_at=now + timedelta(minutes=minutes), **fields)
    for number in range(minutes):
        minute = now + timedelta(minutes=number)
        make_sample(stay, minute, room_name="Board room", bytes_in=1_000_000, bytes_out=2_000_000)
    count_usage(tenant, now=now + timedelta(minutes=minutes))


def test_page_shows_what_is_there_and_what_was_used(
    admin_client: Client, tenant: Tenant, member: User, other_tenant: Tenant, stranger: User
) -> None:
    use(tenant, member)
    use(tenant, None, minutes=3)
    use(other_tenant, stranger, minutes=7)
    answer = admin_client.get(url("usage"))
    text = answer.content.decode()
    for shown in ("Board room", "Without a group", "Guests", f"{timezone.localdate():%Y-%m}", '"people-chart"'):
        assert shown in text
    day = answer.context["days"][-1]
    assert (day.people, day.minutes, day.bytes_in) == (2, 5, 5_000_000)
    assert [room["minutes"] for room in answer.context["rooms"]] == [5]
    assert answer.context["charts"]["charts"]["bytes-chart"][1]["values"][-1] == 10.0
    assert answer.context["figures"].active_users == 2


def test_groups_are_those_of_now(admin_client: Client, tenant: Tenant, member: User, host: User) -> None:
    for user in (member, host):
        use(tenant, user)
    for name in ("Sales", "Board"):
        Group.objects.create(tenant=tenant, name=name).users.add(member)
    groups = admin_client.get(url("usage")).context["groups"]
    assert [(group.name, group.minutes, len(group.users)) for group in groups] == [
        ("", 2, 1),
        ("Board", 2, 1),
        ("Sales", 2, 1),
    ]


def test_month_without_use_says_so(admin_client: Client) -> None:
    assert "Nothing was used in this month." in admin_client.get(url("usage"), {"month": "2020-02"}).content.decode()
    assert admin_client.get(url("usage"), {"month": "soon"}).context["form"].errors["month"]


def test_caps_are_set_and_warned_of_on_both_pages(admin_client: Client, tenant: Tenant, admin: User) -> None:
    answer = admin_client.post(url("usage-caps"), {**CAPS, "users": "1", "gigabytes": "3"})
    assert answer.headers["Location"] == url("usage")
    caps = SoftCaps.objects.get(tenant=tenant)
    assert (caps.users, caps.bytes_a_month) == (1, 3_000_000_000)
    for page in ("usage", "overview"):
        assert "the soft cap is reached (100 %)" in admin_client.get(url(page)).content.decode()
    assert AuditEvent.objects.get(action="soft_caps_changed").actor_id == admin.public_id
    assert 'value="3"' in admin_client.get(url("usage-caps")).content.decode()


def test_cap_that_is_no_number_is_refused(admin_client: Client) -> None:
    for wrong in ("-1", "many", "99999999999"):
        answer = admin_client.post(url("usage-caps"), {**CAPS, "rooms": wrong})
        assert answer.context["form"].errors["rooms"]
    assert not SoftCaps.objects.exists()


def test_year_is_downloaded_by_day_and_room(admin_client: Client, tenant: Tenant, member: User) -> None:
    use(tenant, member)
    UsageDay.objects.create(tenant=tenant, day=timezone.localdate() - timedelta(days=1), room_id="x", room_name="=1+1")
    answer = admin_client.get(url("usage-export"))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["Room"], row["Participant minutes"]) for row in rows] == [
        ("", "2"),
        ("Board room", "2"),
        ("'=1+1", "0"),
    ]
    assert AuditEvent.objects.filter(action="usage_exported").count() == 1


def test_logs_of_stays_have_charts_of_the_days_and_rooms_of_the_search(
    admin_client: Client, tenant: Tenant, member: User
) -> None:
    use(tenant, member)
    for page in ("attendance", "bandwidth-log", "bandwidth-minutes"):
        answer = admin_client.get(url(page), {"room": "board"})
        assert "usage-data" in answer.content.decode()
        assert (answer.context["days"][-1].minutes, answer.context["rooms"][0]["name"]) == (2, "Board room")
        assert "usage-data" not in admin_client.get(url(page), {"room": "hall"}).content.decode()
        assert "usage-data" not in admin_client.get(url(page), {"name": "mori"}).content.decode()
