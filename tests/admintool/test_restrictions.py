"""Admintool's restrictions: the list, changes that say what they do, who may and why, the dry run."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import Group, Restriction, User
from accounts.services.restriction_changes import create_rule
from accounts.services.restrictions import rule_book
from admintool.rule_sentences import days_text, hours_text, rule_sentence
from audit.events import SYSTEM, Actor, record_event
from audit.models import AuditEvent
from conferences.models import MeetingCommand, Participant
from conferences.services.rule_replay import replay_week
from tests.accounts.visits import log_in
from tests.admintool.conftest import url

Enter = Callable[..., Participant]
HOME = "203.0.113.5"


def rule(tenant, **fields: Any) -> Restriction:
    defaults = {"name": "Rule", "scope": "meeting", "effect": "deny"}
    return create_rule(tenant, actor=SYSTEM, **{**defaults, **fields})


def text_of(answer: Any) -> str:
    return answer.content.decode()


def asked(**fields: Any) -> dict[str, Any]:
    return {"name": "Only from the office", "scope": "meeting", "effect": "deny", "users": "member", **fields}


# Sentences


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"everybody": True}, "Everybody may not join meetings."),
        ({"everybody": True, "effect": "allow", "scope": "host"}, "Everybody may host meetings."),
        (
            {"scope": "login", "effect": "allow", "networks": ["10.0.0.0/8"], "weekdays": [0, 1, 2, 3, 4]}
            | {"from_time": time(8), "to_time": time(19)},
            "Members of Sales, Mori Member may sign in: from 10.0.0.0/8, Mon–Fri, 08:00–19:00.",
        ),
        (
            {"weekdays": [5, 6], "from_time": time(22), "to_time": time(6)},
            "Members of Sales, Mori Member may not join meetings: Sat, Sun, 22:00–06:00 of the next day.",
        ),
        (
            {"scope": "guests", "rooms": ["board", "gone"]},
            "Members of Sales, Mori Member may not invite guests: in Board room, a closed room.",
        ),
    ],
)
def test_rule_is_a_sentence(tenant, member, fields, sentence):
    sales = Group.objects.create(tenant=tenant, name="Sales")
    named = {} if fields.get("everybody") else {"users": [member], "groups": [sales]}
    with translation.override("en"):
        assert rule_sentence(rule(tenant, **named, **fields), room_names={"board": "Board room"}) == sentence


def test_rule_is_a_sentence_in_japanese(tenant, member):
    made = rule(tenant, scope="login", users=[member], networks=["10.0.0.0/8"], weekdays=[0, 1, 2])
    with translation.override("ja"):
        assert (
            rule_sentence(made, room_names={})
            == "Mori Member は、次の場合にログインできません: 10.0.0.0/8 から, 月–水。"
        )


@pytest.mark.parametrize(
    ("days", "text"), [([], ""), ([2], "Wed"), ([0, 1], "Mon, Tue"), ([0, 2, 3, 4, 6], "Mon, Wed–Fri, Sun")]
)
def test_days_in_words(days, text):
    with translation.override("en"):
        assert days_text(days) == text


def test_open_hours_in_words():
    with translation.override("en"):
        assert hours_text(time(22), None) == "from 22:00"
        assert hours_text(None, time(9)) == "until 09:00"


def test_long_lists_are_cut(tenant):
    groups = [Group.objects.create(tenant=tenant, name=f"Group {number}") for number in range(7)]
    with translation.override("en"):
        assert "Group 4 and 2 more may not" in rule_sentence(rule(tenant, groups=groups), room_names={})


# Pages


def test_empty_list_says_what_that_means(admin_client: Client) -> None:
    assert "There are no restrictions." in text_of(admin_client.get(url("restrictions")))


def test_list_shows_the_rules_in_their_order(admin_client: Client, tenant, member, stranger) -> None:
    rule(tenant, name="First", users=[member])
    rule(tenant, name="Second", everybody=True, scope="host")
    rule(stranger.tenant, name="Theirs", users=[stranger])
    text = text_of(admin_client.get(url("restrictions")))
    assert text.index("First") < text.index("Second")
    assert "Mori Member may not join meetings." in text
    assert "Theirs" not in text


def test_list_asks_the_database_the_same_for_many_rules(
    admin_client: Client, tenant, member, django_assert_num_queries
) -> None:
    rule(tenant, users=[member])
    admin_client.get(url("restrictions"))
    with CaptureQueriesContext(connection) as few:
        admin_client.get(url("restrictions"))
    for number in range(10):
        rule(tenant, name=f"Rule {number}", users=[member])
    with django_assert_num_queries(len(few)):
        admin_client.get(url("restrictions"))


def test_rule_is_saved_after_a_look_at_what_it_does(admin_client: Client, tenant, member, host, enter: Enter) -> None:
    enter(member, ip_address=HOME)
    enter(host, ip_address="192.0.2.1")
    page = admin_client.post(url("restriction-create"), asked(networks="203.0.113.0/24"))
    text = text_of(page)
    assert "1 person is in a meeting and will be put out of it." in text
    assert "Mori Member – Board room" in text
    assert "Only from the office: Mori Member may not join meetings: from 203.0.113.0/24." in text
    assert "1 of 2 logins, stays, hostings and invitations would have been refused" not in text  # the clock is now's
    assert not Restriction.objects.exists()
    assert not MeetingCommand.objects.exists()
    assert not AuditEvent.objects.filter(action="restriction_created").exists()
    assert AuditEvent.objects.get(action="restriction_rehearsed").details == {"rule": "Only from the office"}

    answer = admin_client.post(url("restriction-create"), asked(networks="203.0.113.0/24", confirmed="1"), follow=True)
    assert "The changes are saved and in force." in text_of(answer)
    assert Restriction.objects.get().networks == ["203.0.113.0/24"]
    command = MeetingCommand.objects.get()
    assert (command.kind, command.payload["cause"]) == ("revoke", "restricted")


def test_hidden_fields_of_the_look_carry_the_whole_rule(admin_client: Client, tenant, member, room) -> None:
    sales = Group.objects.create(tenant=tenant, name="Sales")
    sent = asked(
        networks="10.0.0.0/8\n192.0.2.0/24",
        weekdays=["0", "4"],
        from_time="22:00",
        to_time="06:00",
        rooms=[room.public_id],
        groups=[str(sales.pk)],
        effect="allow",
        otherwise="on",
    )
    page = admin_client.post(url("restriction-create"), sent)
    form = page.context["form"]
    hidden = {
        name: value
        for name in form.fields
        for value in [form[name].value() if not isinstance(form[name].value(), bool) else str(form[name].value())]
    }
    for name in ("networks", "from_time"):
        assert f'name="{name}"' in text_of(page)
    hidden = {
        name: [str(each) for each in value] if isinstance(value, list) else value for name, value in hidden.items()
    }
    admin_client.post(url("restriction-create"), {**hidden, "confirmed": "1"})
    first, second = Restriction.objects.all()
    assert (first.networks, first.weekdays, first.rooms) == (["10.0.0.0/8", "192.0.2.0/24"], [0, 4], [room.public_id])
    assert (first.from_time, first.to_time, list(first.groups.all())) == (time(22), time(6), [sales])
    assert (second.effect, second.networks, second.weekdays, second.from_time) == ("deny", [], [], None)
    assert (list(second.users.all()), list(second.groups.all()), second.rooms) == ([member], [sales], [room.public_id])


def test_back_from_the_look_keeps_what_was_typed(admin_client: Client, member) -> None:
    page = admin_client.post(url("restriction-create"), asked(again="1"))
    assert "Only from the office" in text_of(page)
    assert "See what will change" in text_of(page)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"users": "nobody.here"}, "Not known: nobody.here."),
        ({"users": ""}, "Choose for whom the rule is"),
        ({"networks": "office"}, "is not a network"),
        ({"name": ""}, "This field is required"),
        ({"scope": "login", "users": "", "everybody": "on"}, "no administrator could sign in"),
    ],
)
def test_what_is_wrong_is_said_before_anything_happens(admin_client: Client, member, wrong, says) -> None:
    for confirmed in ({}, {"confirmed": "1"}):
        text = text_of(admin_client.post(url("restriction-create"), asked(**wrong, **confirmed)))
        assert says in text
    assert not Restriction.objects.exists()


def test_rule_is_changed(admin_client: Client, tenant, member, host) -> None:
    made = rule(tenant, users=[member])
    page = text_of(admin_client.get(url("restriction-edit", rule_id=made.public_id)))
    assert "member" in page
    admin_client.post(url("restriction-edit", rule_id=made.public_id), asked(users="HOST", confirmed="1"))
    assert list(made.users.all()) == [host]


@pytest.mark.parametrize("act", ["enable", "disable", "up", "down"])
def test_act_that_hits_nobody_is_done_at_once(admin_client: Client, tenant, member, act) -> None:
    rule(tenant, name="Other", users=[member])
    made = rule(tenant, users=[member], is_enabled=False) if act == "never" else rule(tenant, users=[member])
    rule(tenant, name="Last", users=[member])
    Restriction.objects.filter(pk=made.pk).update(is_enabled=act != "enable")
    answer = admin_client.post(url(f"restriction-{act}", rule_id=made.public_id), follow=True)
    assert "The changes are saved and in force." in text_of(answer)
    made.refresh_from_db()
    assert made.is_enabled is (act != "disable")
    assert made.position == {"up": 1, "down": 3}.get(act, 2)


def test_act_that_hits_somebody_asks_first(admin_client: Client, tenant, member, enter: Enter) -> None:
    enter(member)
    made = rule(tenant, users=[member])
    MeetingCommand.objects.all().delete()
    Restriction.objects.update(is_enabled=False)
    page = admin_client.post(url("restriction-enable", rule_id=made.public_id))
    assert "1 person is in a meeting" in text_of(page)
    assert not MeetingCommand.objects.exists()
    admin_client.post(url("restriction-enable", rule_id=made.public_id), {"confirmed": "1"})
    assert MeetingCommand.objects.filter(kind="revoke").count() == 1


def test_deleting_always_asks(admin_client: Client, tenant, member) -> None:
    made = rule(tenant, users=[member])
    assert "Delete the rule" in text_of(admin_client.post(url("restriction-delete", rule_id=made.public_id)))
    assert Restriction.objects.exists()
    admin_client.post(url("restriction-delete", rule_id=made.public_id), {"confirmed": "1"})
    assert not Restriction.objects.exists()


def test_act_that_would_shut_the_administrators_out_is_refused(admin_client: Client, tenant, admin) -> None:
    first = rule(tenant, name="Us", scope="login", effect="allow", users=[admin])
    rule(tenant, name="Nobody", scope="login", everybody=True)
    answer = admin_client.post(url("restriction-disable", rule_id=first.public_id), follow=True)
    assert "no administrator could sign in" in text_of(answer)
    first.refresh_from_db()
    assert first.is_enabled


def test_who_is_signed_in_is_counted_before_saving(admin_client: Client, member) -> None:
    log_in(Client(), "acme", "member", ip=HOME)
    sent = asked(scope="login", networks="203.0.113.0/24")
    text = text_of(admin_client.post(url("restriction-create"), sent))
    assert "1 person is signed in whom the rules then forbid it." in text
    assert "With these rules, 1 of 1" in text


# Who may, and why


def test_each_scope_is_answered_with_its_rule(admin_client: Client, tenant, member, room) -> None:
    rule(tenant, name="No meetings from home", users=[member], networks=["203.0.113.0/24"])
    rule(tenant, name="Evening", scope="host", everybody=True, from_time=time(19))
    where = {"user": "Member", "ip": HOME, "room": room.public_id}
    text = text_of(admin_client.get(url("who-may"), {**where, "at": "2026-11-20T19:30"}))
    assert "Refused by “No meetings from home”" in text
    assert "Refused by “Evening”" in text
    assert text.count("No rule matches, so it is allowed.") == 2
    text = text_of(admin_client.get(url("who-may"), {**where, "at": "2026-11-20T18:59"}))
    assert text.count("No rule matches, so it is allowed.") == 3


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"user": "stranger"}, "No user matches."),
        ({"ip": "home"}, "not an IP address"),
        ({"at": "0001-01-01T00:00"}, ""),
    ],
)
def test_wrong_question_is_said(admin_client: Client, member, stranger, wrong, says) -> None:
    answer = admin_client.get(url("who-may"), {"user": "member", **wrong})
    assert answer.status_code == 200
    assert says in text_of(answer)
    assert "No rule matches, so" not in text_of(answer)


# The dry run


def test_dry_run_judges_each_scope_by_its_own_part_of_the_log(
    tenant, room, member, host, guest_pass, enter: Enter
) -> None:
    long_ago = timezone.now() - timedelta(days=8)
    for scope in Restriction.Scope.values:
        rule(tenant, name=f"No {scope}", scope=scope, everybody=True)
    enter(member, ip_address=HOME)
    enter(host, role="host")
    guest_pass.created_by = member
    guest_pass.save()
    enter(guest_pass=guest_pass)
    actor = Actor(id=member.public_id, name=member.name, ip_address=HOME)
    where = {"target_type": "user", "target_id": member.public_id, "target_name": member.name}
    record_event(tenant, "login_succeeded", actor=actor, **where)
    record_event(tenant, "login_succeeded", actor=actor, now=long_ago, **where)
    record_event(tenant, "guest_pass_created", actor=actor, details={"room": room.public_id})
    week = replay_week(tenant, rule_book(tenant), now=timezone.now() + timedelta(seconds=1))
    assert sorted((each.rule, each.what.name) for each in week.newest) == [
        ("No guests", "Goto Guest"),
        ("No guests", "Mori Member"),
        ("No host", "Hara Host"),
        ("No login", "Mori Member"),
        ("No meeting", "Hara Host"),
        ("No meeting", "Mori Member"),
    ]
    assert (week.looked_at, week.count) == (6, 6)


def test_dry_run_looks_at_the_time_and_place_of_then(tenant, member, time_machine) -> None:
    time_machine.move_to("2026-11-20T11:00:00Z", tick=False)  # Friday, 20:00 in Tokyo
    where = {"target_type": "user", "target_id": member.public_id, "target_name": member.name}
    record_event(tenant, "login_succeeded", actor=Actor(ip_address=HOME), **where)
    time_machine.move_to("2026-11-23T02:00:00Z", tick=False)
    record_event(tenant, "login_succeeded", actor=Actor(ip_address="192.0.2.1"), **where)
    rule(tenant, scope="login", users=[member], from_time=time(19))
    week = replay_week(tenant, rule_book(tenant), now=timezone.now())
    assert [(each.what.ip_address, each.rule) for each in week.newest] == [(HOME, "Rule")]
    assert week.looked_at == 2


def test_a_rule_too_long_for_the_log_is_refused(admin_client: Client, member: User) -> None:
    networks = "\n".join(f"2001:db8:{number:x}:aaaa:bbbb:cccc:dddd:eeee" for number in range(500))
    answer = admin_client.post(url("restriction-create"), asked(networks=networks, confirmed="1"))
    assert "too long to be recorded" in answer.content.decode()
    assert not Restriction.objects.exists()
