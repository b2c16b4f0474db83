"""Restrictions at the door of a meeting and inside: members, hosts, guests and who invited them."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Group
from accounts.services.restriction_changes import create_rule, delete_rule
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import SYSTEM, Actor
from audit.models import AuditEvent
from conferences.errors import LoginRequired, NotAllowed, Restricted, UnknownParticipant
from conferences.models import MeetingCommand, Participant
from conferences.refusals import InvitingRestricted, NotAdmin, TooManyPasses, TooManyRooms
from conferences.services import guests, hosting, rooms
from conferences.services.guests import create_guest_pass, revoke_guest_pass, take_over_guest_pass
from conferences.services.removal import remove_participant
from conferences.services.restricting import enforce_by_the_clock
from conferences.services.revocation import carry_out_revocation
from conferences.services.rooms import create_room
from tests.conferences.visits import join
from tests.factories import make_guest_pass, make_room, make_user

OFFICE, HOME = "192.0.2.10", "203.0.113.5"
ADMIN = Actor(id="adminadmin", name="Aoki Admin", ip_address=OFFICE)


def rule(tenant, **fields: Any):
    defaults = {"name": "Rule", "scope": "meeting", "effect": "deny"}
    return create_rule(tenant, actor=SYSTEM, **{**defaults, **fields})


def ended() -> list[str]:
    """Carry out the open revocations; the names of who is out by them."""
    names: list[str] = []
    for command in MeetingCommand.objects.filter(kind="revoke", done_at=None).order_by("pk"):
        gone = carry_out_revocation(command)
        names += Participant.objects.filter(public_id__in=gone).values_list("name", flat=True)
        MeetingCommand.objects.filter(pk=command.pk).update(done_at=timezone.now())
    return names


def role(participant: Participant) -> str:
    participant.refresh_from_db()
    return participant.role


def test_member_is_refused_at_the_door_and_only_there(tenant, room, member, host):
    other = make_room(tenant, hosts=(host,))
    rule(tenant, users=[member], rooms=[room.public_id], name="Not in the board room")
    with pytest.raises(Restricted) as refusal:
        join(room, member, ip_address=OFFICE)
    assert refusal.value.rule == "Not in the board room"
    join(room, host, ip_address=OFFICE)
    join(other, member, ip_address=OFFICE)


@pytest.mark.parametrize("scope", ["login", "meeting"])
def test_place_counts_at_the_door(tenant, room, host, scope):
    rule(tenant, scope=scope, everybody=True, networks=["203.0.113.0/24"])
    with pytest.raises(Restricted):
        join(room, host, ip_address=HOME)
    join(room, host, ip_address=OFFICE)


def test_rule_for_everybody_in_meetings_leaves_guests_alone(tenant, room, host, guest_pass):
    join(room, host)
    rule(tenant, everybody=True)
    assert join(room, guest_pass).is_guest


def test_guest_stands_for_who_made_the_pass(tenant, room, host, member):
    mine, theirs = make_guest_pass(room, secret="a", created_by=member), make_guest_pass(room, created_by=host)
    rule(tenant, scope="guests", users=[member], networks=["203.0.113.0/24"])
    with pytest.raises(Restricted):
        join(room, mine, ip_address=HOME)
    join(room, mine, ip_address=OFFICE)
    join(room, theirs, ip_address=HOME, device="another")


def test_new_rule_ends_whom_it_forbids_wherever_they_are(tenant, room, host, member, guest_pass):
    other = make_room(tenant, hosts=(host,))
    join(room, host, ip_address=OFFICE)
    join(room, guest_pass, ip_address=HOME)
    join(room, member, ip_address=HOME)
    join(other, member, ip_address=OFFICE)
    rule(tenant, users=[member], networks=["203.0.113.0/24"], name="Not from home")
    assert ended() == ["Mori Member"]
    assert Participant.objects.filter(user=member, left_at=None).get().meeting.room == other
    rule(tenant, scope="guests", everybody=True)
    assert ended() == ["Gail Guest"]


def test_who_waits_goes_too(tenant, room, guest_pass):
    waiting = join(room, guest_pass)
    assert waiting.state == "waiting"
    rule(tenant, scope="guests", everybody=True)
    assert ended() == ["Gail Guest"]


def test_new_group_ends_whom_its_rules_forbid(tenant, room, member, admin):
    join(room, member, ip_address=HOME)
    sales = Group.objects.create(tenant=tenant, name="Sales")
    rule(tenant, groups=[sales])
    assert ended() == []
    edit_user(member, actor=ADMIN, groups=[sales])
    assert ended() == ["Mori Member"]


def test_a_whole_meeting_is_ended_in_one_step(tenant, room, django_assert_max_num_queries):
    for _ in range(30):
        join(room, make_user(tenant))
    rule(tenant, everybody=True)
    [command] = MeetingCommand.objects.filter(kind="revoke")
    assert len(command.payload["participants"]) == 30
    with django_assert_max_num_queries(30 * 7 + 30):
        carry_out_revocation(command)
    assert not Participant.objects.filter(left_at=None).exists()


def test_two_changes_order_one_end(tenant, room, member):
    join(room, member)
    rule(tenant, users=[member])
    rule(tenant, everybody=True)
    enforce_by_the_clock(tenant, now=timezone.now())
    assert MeetingCommand.objects.filter(kind="revoke").count() == 1
    assert MeetingCommand.objects.get(kind="revoke").payload["rule"] == "Rule"


def test_clock_ends_what_it_has_come_to_forbid(tenant, room, member, time_machine):
    time_machine.move_to("2026-11-23T09:30:00Z")  # 18:30 in Tokyo
    join(room, member)
    rule(tenant, users=[member], from_time=time(19), name="Evening")
    enforce_by_the_clock(tenant, now=timezone.now())
    assert ended() == []
    time_machine.move_to("2026-11-23T10:00:00Z")
    enforce_by_the_clock(tenant, now=timezone.now())
    assert ended() == ["Mori Member"]


def test_clock_asks_one_query_where_there_are_no_rules(tenant, room, member, django_assert_num_queries):
    join(room, member)
    with django_assert_num_queries(1):
        enforce_by_the_clock(tenant, now=timezone.now())


def test_other_tenants_meetings_go_on(tenant, other_tenant, room, member):
    join(room, member)
    rule(other_tenant, everybody=True)
    assert not MeetingCommand.objects.exists()


# Hosting


def test_who_may_not_host_joins_as_member_and_the_next_one_hosts(tenant, member, host):
    shared = make_room(tenant, hosts=(host, member))
    rule(tenant, scope="host", users=[host])
    first, second = join(shared, host), join(shared, member)
    assert (role(first), role(second)) == ("member", "host")


def test_host_is_a_member_again_when_a_rule_forbids_it_and_back_when_it_goes(tenant, room, host, member):
    chair = join(room, host)
    assert role(chair) == "host"
    made = rule(tenant, scope="host", everybody=True)
    assert role(chair) == "member"
    assert ended() == []
    with pytest.raises(NotAllowed):
        hosting.end_for_all(chair.public_id)
    delete_rule(made, actor=ADMIN)
    assert role(chair) == "host"


def test_place_counts_for_hosting(tenant, room, host):
    rule(tenant, scope="host", everybody=True, networks=["203.0.113.0/24"])
    assert role(join(room, host, ip_address=HOME)) == "member"


# Guest passes


def expiry() -> datetime:
    return timezone.now() + timedelta(hours=1)


def make_pass(room, creator, ip=OFFICE):
    actor = Actor(id=creator.public_id, name=creator.name, ip_address=ip)
    return create_guest_pass(room, actor=actor, creator=creator, name="Guest", expires_at=expiry())[0]


def test_inviting_can_be_forbidden(tenant, room, host):
    rule(tenant, scope="guests", users=[host], networks=["203.0.113.0/24"])
    with pytest.raises(InvitingRestricted):
        make_pass(room, host, ip=HOME)
    make_pass(room, host, ip=OFFICE)


def test_pass_of_a_disabled_user_stops_working_until_an_administrator_takes_it_over(tenant, room, host, member, admin):
    join(room, host)
    invited = make_pass(room, member)
    join(room, invited)
    disable_user(member, actor=ADMIN)
    assert ended() == ["Gail Guest"]
    assert MeetingCommand.objects.get(kind="revoke").payload["cause"] == "inviter_disabled"
    invited.refresh_from_db()
    with pytest.raises(LoginRequired):
        join(room, invited)
    with pytest.raises(NotAdmin):
        take_over_guest_pass(invited, actor=ADMIN, user=host)
    take_over_guest_pass(invited, actor=ADMIN, user=admin)
    assert AuditEvent.objects.get(action="guest_pass_taken_over").details["from"] == "Mori Member"
    invited.refresh_from_db()
    join(room, invited)


def test_pass_works_again_when_its_maker_is_enabled(room, host, member, admin):
    join(room, host)
    invited = make_pass(room, member)
    disable_user(member, actor=ADMIN)
    enable_user(member, actor=ADMIN)
    invited.refresh_from_db()
    join(room, invited)


def test_guest_whose_pass_was_revoked_is_not_admitted_any_more(room, host, guest_pass):
    room.lobby = True
    room.save()
    chair, waiting = join(room, host), join(room, guest_pass)
    revoke_guest_pass(guest_pass, actor=ADMIN)
    with pytest.raises(UnknownParticipant):
        hosting.admit(chair.public_id, participant_id=waiting.public_id, now=timezone.now())
    assert ended() == ["Gail Guest"]


def test_guest_who_was_admitted_in_the_same_moment_goes_all_the_same(room, host, guest_pass, monkeypatch):
    """`joined_at` is set anew by the admission: the order names people, not times."""
    room.lobby = True
    room.save()
    chair, waiting = join(room, host), join(room, guest_pass)
    revoke_guest_pass(guest_pass, actor=ADMIN)
    monkeypatch.setattr(hosting, "may_be_admitted", lambda *_, **__: True)
    hosting.admit(chair.public_id, participant_id=waiting.public_id, now=timezone.now())
    assert ended() == ["Gail Guest"]
    waiting.refresh_from_db()
    assert waiting.left_at is not None


def test_members_have_caps_and_administrators_none(tenant, room, member, admin, monkeypatch):
    monkeypatch.setattr(guests, "MOST_PASSES", 2)
    monkeypatch.setattr(rooms, "MOST_ROOMS", 1)
    passes = [make_pass(room, member) for _ in range(2)]
    with pytest.raises(TooManyPasses):
        make_pass(room, member)
    revoke_guest_pass(passes[0], actor=ADMIN)
    make_pass(room, member)
    create_room(tenant, actor=ADMIN, creator=member, name="One")
    with pytest.raises(TooManyRooms):
        create_room(tenant, actor=ADMIN, creator=member, name="Two")
    for _ in range(3):
        make_pass(room, admin)
        create_room(tenant, actor=ADMIN, creator=admin, name="More")


# Bars


def test_host_lifts_a_host_s_bar_and_not_an_administrator_s(room, host, member):
    chair, talker = join(room, host), join(room, member)
    bar = hosting.remove(chair.public_id, participant_id=talker.public_id)
    assert not bar.by_admin
    hosting.readmit_barred(chair.public_id, bar_id=bar.public_id)
    talker = join(room, member)
    bar = remove_participant(talker, actor=ADMIN)
    assert bar.by_admin
    with pytest.raises(NotAllowed):
        hosting.readmit_barred(chair.public_id, bar_id=bar.public_id)


def test_administrator_s_removal_makes_a_host_s_bar_theirs(room, host, member):
    chair, talker = join(room, host), join(room, member)
    bar = hosting.remove(chair.public_id, participant_id=talker.public_id)
    remove_participant(talker, actor=ADMIN)
    bar.refresh_from_db()
    assert bar.by_admin
