"""Rules of an organisation: making and ordering them, and what they do to signing in."""

from datetime import time
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import NoWayIn
from accounts.models import Group, Restriction
from accounts.services.restriction_changes import create_rule, delete_rule, edit_rule, move_rule, switch_rule
from accounts.services.restrictions import decide, rule_book
from accounts.services.users import edit_user
from audit.events import SYSTEM, Actor
from audit.models import AuditEvent
from tests.accounts.visits import actions, log_in
from tests.factories import make_user

OFFICE, HOME = "192.0.2.10", "203.0.113.5"


@pytest.fixture
def boss(admin) -> Actor:
    """The administrator, at the office."""
    return Actor(id=admin.public_id, name=admin.name, ip_address=OFFICE)


def rule(tenant, actor=SYSTEM, **fields: Any) -> Restriction:
    defaults = {"name": "Rule", "scope": "login", "effect": "deny"}
    return create_rule(tenant, actor=actor, **{**defaults, **fields})


def may(user, scope: str = "login", ip: str = OFFICE, **fields: Any) -> bool:
    return decide(scope, user=user, ip_address=ip, now=timezone.now(), **fields).allowed


def test_rule_is_kept_as_given_and_recorded(tenant, boss, member):
    group = Group.objects.create(tenant=tenant, name="Sales")
    made = rule(
        tenant,
        boss,
        name=" Office hours ",
        effect="allow",
        users=[member],
        groups=[group],
        networks=["10.1.2.3/8", "::ffff:192.0.2.0/120"],
        weekdays=[4, 0, 0],
        from_time=time(8),
        to_time=time(19),
    )
    made.refresh_from_db()
    assert (made.name, made.networks, made.weekdays) == ("Office hours", ["10.0.0.0/8", "192.0.2.0/24"], [0, 4])
    event = AuditEvent.objects.get(action="restriction_created")
    assert (event.actor_name, event.target_name) == ("Aoki Admin", "Office hours")
    assert event.details["users"] == ["member"]
    assert event.details["groups"] == ["Sales"]


def test_order_decides_and_moving_changes_it(tenant, member, boss):
    allow = rule(tenant, name="Allow", effect="allow", users=[member])
    deny = rule(tenant, name="Deny", users=[member])
    assert may(member)
    move_rule(deny, actor=boss, up=True)
    assert not may(member)
    decision = decide("login", user=member, ip_address=OFFICE, now=timezone.now())
    assert decision.rule.name == "Deny"
    assert "Deny" in decision.why
    move_rule(deny, actor=boss, up=True)
    move_rule(allow, actor=boss, up=True)
    assert may(member)
    assert [each.name for each in Restriction.objects.all()] == ["Allow", "Deny"]
    assert actions().count("restriction_moved") == 2


def test_rule_out_of_force_or_deleted_decides_nothing(tenant, member, boss):
    deny = rule(tenant, users=[member])
    switch_rule(deny, actor=boss, is_enabled=False)
    switch_rule(deny, actor=boss, is_enabled=False)
    assert may(member)
    switch_rule(deny, actor=boss, is_enabled=True)
    assert not may(member)
    delete_rule(deny, actor=boss)
    assert may(member)
    assert [each for each in actions() if each.startswith("restriction")] == [
        "restriction_created",
        "restriction_disabled",
        "restriction_enabled",
        "restriction_deleted",
    ]


def test_editing_records_what_changed_and_nothing_otherwise(tenant, member, host, boss):
    made = rule(tenant, users=[member], networks=["10.0.0.0/8"])
    edit_rule(made, actor=boss, networks=["10.0.0.0/8"])
    assert "restriction_edited" not in actions()
    edit_rule(made, actor=boss, networks=[], users=[host])
    changed = AuditEvent.objects.get(action="restriction_edited").details["changed"]
    assert changed["networks"] == {"from": ["10.0.0.0/8"], "to": []}
    assert changed["users"] == {"from": ["member"], "to": ["host"]}
    assert may(member)
    assert not may(host)


def test_members_of_a_group_are_concerned_from_the_moment_they_join_it(tenant, member, boss):
    sales = Group.objects.create(tenant=tenant, name="Sales")
    rule(tenant, groups=[sales])
    assert may(member)
    edit_user(member, actor=boss, groups=[sales])
    assert not may(member)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"everybody": False}, "everybody"),
        ({"networks": ["office"]}, "networks"),
        ({"weekdays": [7]}, "weekdays"),
        ({"from_time": time(9), "to_time": time(9)}, "to_time"),
        ({"name": ""}, "name"),
        ({"scope": "fly"}, "scope"),
        ({"effect": "maybe"}, "effect"),
    ],
)
def test_rule_that_says_nothing_sensible_is_refused(tenant, fields, wrong):
    with pytest.raises(ValidationError) as refusal:
        rule(tenant, **{"everybody": True, **fields})
    assert wrong in refusal.value.message_dict
    assert not Restriction.objects.exists()


def test_people_of_another_tenant_cannot_be_named(tenant, stranger, other_tenant):
    with pytest.raises(ValidationError):
        rule(tenant, users=[stranger])
    with pytest.raises(ValidationError):
        rule(tenant, groups=[Group.objects.create(tenant=other_tenant, name="Theirs")])


def test_rules_of_another_tenant_count_for_nobody_here(tenant, member, other_tenant):
    rule(other_tenant, everybody=True)
    assert may(member)
    assert rule_book(tenant).rules == ()


def test_asking_costs_one_query_without_rules(tenant, member, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert may(member)


def test_asking_costs_four_queries_however_many_rules_there_are(tenant, member, host, django_assert_num_queries):
    groups = [Group.objects.create(tenant=tenant, name=f"Group {number}") for number in range(5)]
    for number in range(20):
        rule(tenant, name=f"Rule {number}", users=[host], groups=groups)
    with django_assert_num_queries(4):
        assert may(member)


# The last administrator


def test_rules_that_would_shut_every_administrator_out_are_refused_whole(tenant, boss, admin):
    with pytest.raises(NoWayIn):
        rule(tenant, boss, everybody=True)
    assert not Restriction.objects.exists()
    assert may(admin)


def test_the_saving_administrator_s_own_address_counts(tenant, boss):
    with pytest.raises(NoWayIn):
        rule(tenant, boss, everybody=True, networks=["192.0.2.0/24"])
    rule(tenant, boss, everybody=True, networks=["203.0.113.0/24"])


@pytest.mark.parametrize(
    "closed", [{"weekdays": [6]}, {"from_time": time(3), "to_time": time(4)}, {"weekdays": [5], "from_time": time(22)}]
)
def test_any_time_of_the_week_counts(tenant, boss, closed):
    with pytest.raises(NoWayIn) as refusal:
        rule(tenant, boss, everybody=True, **closed)
    assert OFFICE in refusal.value.messages[0]


def test_one_administrator_who_may_always_is_enough(tenant, boss, admin):
    always = rule(tenant, boss, effect="allow", users=[admin])
    closed = rule(tenant, boss, name="Closed", everybody=True)
    for change in (
        lambda: delete_rule(always, actor=boss),
        lambda: switch_rule(always, actor=boss, is_enabled=False),
        lambda: move_rule(closed, actor=boss, up=True),
        lambda: edit_rule(always, actor=boss, networks=["203.0.113.0/24"]),
    ):
        with pytest.raises(NoWayIn):
            change()
    assert [(each.name, each.is_enabled) for each in Restriction.objects.all()] == [("Rule", True), ("Closed", True)]


def test_leaving_the_group_that_lets_administrators_in_is_refused_too(tenant, boss, admin):
    staff = Group.objects.create(tenant=tenant, name="Staff")
    admin.groups.add(staff)
    rule(tenant, boss, effect="allow", groups=[staff])
    rule(tenant, boss, everybody=True)
    with pytest.raises(NoWayIn):
        edit_user(admin, actor=boss, groups=[])
    assert list(admin.groups.all()) == [staff]


def test_operators_may_do_as_they_like(tenant, admin):
    rule(tenant, SYSTEM, everybody=True)
    assert not may(admin)


# Signing in


def test_login_from_outside_is_refused_without_naming_the_rule(client: Client, tenant, member):
    rule(tenant, effect="allow", users=[member], networks=["192.0.2.0/24"])
    rule(tenant, name="Only from the office", users=[member])
    client.cookies["liveon_language"] = "en"
    answer = log_in(client, "acme", "member", ip=HOME)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "does not allow this account to sign in from here or at this time" in text
    assert "Only from the office" not in text
    event = AuditEvent.objects.get(action="login_restricted")
    assert event.details["rule"] == "Only from the office"
    assert (event.target_name, event.ip_address) == ("Mori Member", HOME)
    assert not UserSession.objects.exists()
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME).status_code == 302
    assert log_in(client, "acme", "member", ip=OFFICE).status_code == 302
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=OFFICE).status_code == 200


def test_wrong_password_is_refused_as_ever(client: Client, tenant, member):
    rule(tenant, users=[member])
    answer = log_in(client, "acme", "member", "wrong", ip=HOME)
    assert answer.status_code == 200
    assert "login_restricted" not in actions()


def test_administrator_s_login_passes_the_rules_too(client: Client, tenant, admin):
    rule(tenant, everybody=True)
    address = reverse("admintool:login", args=["admintool-key-of-acme"])
    answer = client.post(address, {"login_id": "admin", "password": "correct horse battery"}, REMOTE_ADDR=HOME)
    assert answer.status_code == 403


def test_new_rule_ends_the_logins_it_forbids_and_no_other(client: Client, tenant, member, host, announced):
    inside, outside, other = Client(), Client(), Client()
    log_in(inside, "acme", "member", ip=OFFICE)
    log_in(outside, "acme", "member", ip=HOME)
    log_in(other, "acme", "host", ip=HOME)
    announced.clear()
    rule(tenant, users=[member], networks=["203.0.113.0/24"], name="Not from home")
    assert UserSession.objects.count() == 2
    assert outside.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME).status_code == 302
    assert inside.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=OFFICE).status_code == 200
    assert other.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME).status_code == 200
    assert [(each["user"], each["reason"], each["in_transaction"]) for each in announced] == [
        (member, "restricted", True)
    ]
    assert announced[0]["login_key"]
    assert AuditEvent.objects.get(action="login_ended").details["rule"] == "Not from home"


def test_login_ends_at_its_next_request_when_the_hours_are_over(client: Client, tenant, member, clock):
    """The clock stands at 18:00 in Tokyo."""
    log_in(client, "acme", "member", ip=HOME)
    rule(tenant, users=[member], from_time=time(19), name="Evening")
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME).status_code == 200
    clock.shift(3601)
    client.cookies["liveon_language"] = "en"
    answer = client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME, follow=True)
    assert answer.redirect_chain[0][0].startswith("/t/acme/login/")
    assert "Your login has ended" in answer.content.decode()
    assert AuditEvent.objects.get(action="login_ended").details["rule"] == "Evening"
    assert not UserSession.objects.exists()


def test_login_that_moves_to_a_forbidden_place_ends_there(client: Client, tenant, member):
    log_in(client, "acme", "member", ip=OFFICE)
    rule(tenant, users=[member], networks=["203.0.113.0/24"])
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=OFFICE).status_code == 200
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=HOME).status_code == 302
    assert client.get(reverse("rooms", args=["acme"]), REMOTE_ADDR=OFFICE).status_code == 302


def test_group_change_ends_the_logins_it_forbids(client: Client, tenant, member, boss):
    log_in(client, "acme", "member", ip=HOME)
    sales = Group.objects.create(tenant=tenant, name="Sales")
    rule(tenant, groups=[sales])
    edit_user(member, actor=boss, groups=[sales])
    assert not UserSession.objects.exists()


def test_logins_of_ten_people_are_judged_without_a_query_each(tenant, django_assert_max_num_queries):
    for number in range(10):
        make_user(tenant, f"person{number}")
        log_in(Client(), "acme", f"person{number}", ip=HOME)
    with django_assert_max_num_queries(30):
        rule(tenant, everybody=True, networks=["198.51.100.0/24"])
    assert UserSession.objects.count() == 10
