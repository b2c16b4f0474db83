"""Changing the rules, and carrying at once what they forbid.

Every change ends, in its own transaction, the logins that are forbidden from where they are now, and announces itself
(`rules_changed`), so that `conferences` ends what is forbidden there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import NoWayIn, TooLongToRecord
from accounts.locks import lock_access
from accounts.logins import login_key
from accounts.models import Restriction, Role, User
from accounts.rules import Moment, parse_network, turning_points
from accounts.services.records import record_about
from accounts.services.restrictions import Decision, RuleBook, Scope, rule_book
from accounts.signals import access_changed, rules_changed
from audit.events import Actor, DetailsTooLong, record_event
from tenants.context import tenant_context
from tenants.models import Tenant

PLAIN = ("name", "scope", "effect", "everybody", "networks", "weekdays", "from_time", "to_time", "rooms")
SETS = ("users", "groups")
MOST_RULES = 200
MOST_NAMES = 100  # in an event


def create_rule(tenant: Tenant, *, actor: Actor, **fields: Any) -> Restriction:
    """A new rule in force, after all others.

    Fields: `name`, `scope`, `effect`, `everybody`, `users`, `groups`, `networks` (CIDR), `weekdays` (0 = Monday),
    `from_time`, `to_time`, `rooms` (public ids). Raises ValidationError, NoWayIn.
    """
    with _changing(tenant, actor):
        rules = Restriction.objects.for_tenant(tenant)
        if rules.count() >= MOST_RULES:
            raise ValidationError(_("There can be at most %(count)s rules.") % {"count": MOST_RULES})
        last = rules.aggregate(last=Max("position"))["last"] or 0
        rule = Restriction(tenant=tenant, position=last + 1)
        _fill(rule, fields)
        _record(rule, "restriction_created", actor, _facts(rule))
    return rule


def edit_rule(rule: Restriction, *, actor: Actor, **fields: Any) -> None:
    """Change any of the fields of `create_rule`. Nothing changed, nothing recorded. Raises ValidationError, NoWayIn."""
    with _changing(rule.tenant, actor):
        rule.refresh_from_db()
        before = _facts(rule)
        _fill(rule, fields)
        after = _facts(rule)
        changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
        if changed:
            _record(rule, "restriction_edited", actor, {"changed": changed})


def switch_rule(rule: Restriction, *, actor: Actor, is_enabled: bool) -> None:
    """Put the rule in force or out of it; again is no-op. Raises NoWayIn."""
    with _changing(rule.tenant, actor):
        rule.refresh_from_db(fields=["is_enabled"])
        if rule.is_enabled is is_enabled:
            return
        rule.is_enabled = is_enabled
        rule.save(update_fields=["is_enabled"])
        _record(rule, "restriction_enabled" if is_enabled else "restriction_disabled", actor, {})


def move_rule(rule: Restriction, *, actor: Actor, up: bool) -> None:
    """Exchange the rule with its neighbour; at the end of the list nothing happens. Raises NoWayIn."""
    with _changing(rule.tenant, actor):
        rules = list(Restriction.objects.for_tenant(rule.tenant))
        here = next(place for place, each in enumerate(rules) if each.pk == rule.pk)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(rules):
            return
        rules[here], rules[there] = rules[there], rules[here]
        for position, each in enumerate(rules, start=1):
            each.position = position
        Restriction.objects.bulk_update(rules, ["position"])
        _record(rule, "restriction_moved", actor, {"from": here + 1, "to": there + 1})


def delete_rule(rule: Restriction, *, actor: Actor) -> None:
    """Delete the rule: what it was stays in the event. Raises NoWayIn."""
    with _changing(rule.tenant, actor):
        _record(rule, "restriction_deleted", actor, _facts(rule))
        Restriction.objects.filter(pk=rule.pk).delete()  # `rule` stays as it is if the change is refused


def apply_rules(tenant: Tenant, *, actor: Actor) -> None:
    """Carry out what the rules forbid now, after they or anybody's groups changed, in the caller's transaction.

    The caller took `lock_access` before anything else. Raises NoWayIn, which undoes the change.
    """
    book, now = rule_book(tenant), timezone.now()
    _require_way_in(tenant, book, actor)
    rules_changed.send(sender=None, tenant=tenant, actor=actor)  # first, while it can end a whole meeting in one step
    for login, decision in forbidden_logins(tenant, book, now=now):
        end_forbidden_login(
            login.user, session_key=login.session_key, ip_address=login.ip, decision=decision, actor=actor
        )


def forbidden_logins(tenant: Tenant, book: RuleBook, *, now: datetime) -> list[tuple[UserSession, Decision]]:
    """The logins of active users that may not be, from the address where they were last seen."""
    if not book.has(Scope.LOGIN):
        return []
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    logins = UserSession.objects.filter(user__tenant=tenant, user__is_active=True, session_key__in=alive)
    asked = (
        (login, book.decide(Scope.LOGIN, user_pk=login.user_id, ip_address=login.ip, now=now))
        for login in logins.select_related("user__tenant").order_by("pk")
    )
    return [(login, decision) for login, decision in asked if not decision.allowed]


def end_forbidden_login(
    user: User, *, session_key: str, ip_address: str | None, decision: Decision, actor: Actor
) -> None:
    """End one login and what goes on with it; the event names the rule."""
    rule = decision.rule.name if decision.rule is not None else ""
    with transaction.atomic(), tenant_context(user.tenant):
        import_module(settings.SESSION_ENGINE).SessionStore(session_key).delete()
        UserSession.objects.filter(session_key=session_key).delete()
        record_about(user, "login_ended", actor=actor, cause="restricted", rule=rule, from_ip=ip_address)
        key = login_key(session_key)
        access_changed.send(sender=None, user=user, reason="restricted", login_key=key, actor=actor)


@contextmanager
def _changing(tenant: Tenant, actor: Actor) -> Iterator[None]:
    with transaction.atomic(), tenant_context(tenant):
        lock_access(tenant)
        yield
        apply_rules(tenant, actor=actor)


def _require_way_in(tenant: Tenant, book: RuleBook, actor: Actor) -> None:
    """At every time of the week an administrator can sign in from where the actor is.

    Who is nowhere (an operator, an identity provider) may do as they like.
    """
    if actor.ip_address is None or not book.has(Scope.LOGIN):
        return
    admins = User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True).values_list("pk", flat=True)
    admins = list(admins)

    def may_any(moment: Moment) -> bool:
        return any(
            book.decide_at(Scope.LOGIN, user_pk=pk, ip_address=actor.ip_address, moment=moment).allowed for pk in admins
        )

    for moment in turning_points(rule for rule in book.rules if rule.scope == Scope.LOGIN):
        if not may_any(moment):
            raise NoWayIn(moment, ip_address=actor.ip_address)


def _fill(rule: Restriction, fields: dict[str, Any]) -> None:
    """Set and save the given fields, checked. Raises ValidationError by field."""
    if unknown := set(fields) - {*PLAIN, *SETS}:
        raise TypeError(f"A rule has no {', '.join(sorted(unknown))}.")
    for name in set(fields) & set(PLAIN):
        setattr(rule, name, fields[name])
    rule.name = rule.name.strip()
    rule.networks = [_checked_network(network) for network in rule.networks]
    rule.weekdays = sorted(set(rule.weekdays))
    rule.rooms = [] if rule.scope == Scope.LOGIN else sorted(set(rule.rooms))
    chosen = {name: list(fields[name]) for name in SETS if name in fields}
    _check(rule, chosen)
    rule.save()
    for name, people in chosen.items():
        getattr(rule, name).set([] if rule.everybody else people)


def _check(rule: Restriction, chosen: dict[str, list[Any]]) -> None:
    rule.full_clean(exclude=["networks", "weekdays", "rooms"], validate_unique=False)
    if any(each.tenant_id != rule.tenant_id for people in chosen.values() for each in people):
        raise ValidationError(_("Choose users and groups of this organisation."))
    is_new = rule.pk is None
    somebody = any(chosen.values()) or any(
        not is_new and name not in chosen and getattr(rule, name).exists() for name in SETS
    )
    if not rule.everybody and not somebody:
        raise ValidationError({"everybody": _("Choose for whom the rule is: everybody, or some users or groups.")})
    if not set(rule.weekdays) <= set(range(7)):
        raise ValidationError({"weekdays": _("Choose days of the week.")})
    if rule.from_time is not None and rule.from_time == rule.to_time and rule.from_time != time.min:
        raise ValidationError({"to_time": _("Begin and end are the same: leave both empty for the whole day.")})


def _checked_network(text: str) -> str:
    try:
        return str(parse_network(text))
    except ValueError as error:
        message = _("“%(network)s” is not a network. Write 192.0.2.0/24 or 2001:db8::/32.") % {"network": text}
        raise ValidationError({"networks": message}) from error


def _facts(rule: Restriction) -> dict[str, Any]:
    """What the rule says, in names that outlive people and groups."""
    plain = {name: getattr(rule, name) for name in PLAIN}
    users = sorted(rule.users.values_list("login_id", flat=True))
    groups = sorted(rule.groups.values_list("name", flat=True))
    return plain | {"users": users[:MOST_NAMES], "user_count": len(users), "groups": groups[:MOST_NAMES]}


def _record(rule: Restriction, action: str, actor: Actor, details: dict[str, Any]) -> None:
    try:
        record_event(
            rule.tenant,
            action,
            actor=actor,
            target_type="restriction",
            target_id=rule.public_id,
            target_name=rule.name,
            details=details,
        )
    except DetailsTooLong as error:
        raise TooLongToRecord from error
