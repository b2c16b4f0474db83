"""Who may do what, from where and when: the tenant's rules, asked. Changing them is in `restriction_changes.py`.

Nothing is remembered between two questions: whoever asks several at once takes the `rule_book` and asks that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Restriction, User
from accounts.rules import Case, Moment, Rule, deciding_rule, parse_address, parse_network
from accounts.services.records import record_about
from audit.events import Actor
from tenants.context import tenant_context
from tenants.models import Tenant

Scope = Restriction.Scope


@dataclass(frozen=True)
class Decision:
    """`rule` is the one that decided; None when none matches, which allows."""

    allowed: bool
    rule: Rule | None

    @property
    def why(self) -> str:
        """For administrators: the person refused is not told which rule it was."""
        if self.rule is None:
            return _("No rule matches, so it is allowed.")
        if self.allowed:
            return _("Allowed by “%(rule)s”, the first rule that matches.") % {"rule": self.rule.name}
        return _("Refused by “%(rule)s”, the first rule that matches.") % {"rule": self.rule.name}


@dataclass(frozen=True)
class RuleBook:
    """A tenant's rules in force, in their order, and which groups people are in (as far as rules name them)."""

    zone: ZoneInfo
    rules: tuple[Rule, ...]
    groups: Mapping[int, frozenset[int]]

    def decide(
        self, scope: str, *, user_pk: int | None, ip_address: str | None, now: datetime, room_id: str = ""
    ) -> Decision:
        if not self.has(scope):
            return Decision(allowed=True, rule=None)
        return self.decide_at(
            scope, user_pk=user_pk, ip_address=ip_address, moment=Moment.of(now, self.zone), room_id=room_id
        )

    def decide_at(
        self, scope: str, *, user_pk: int | None, ip_address: str | None, moment: Moment, room_id: str = ""
    ) -> Decision:
        groups = self.groups.get(user_pk, frozenset()) if user_pk is not None else frozenset[int]()
        case = Case(user=user_pk, groups=groups, address=parse_address(ip_address), moment=moment, room_id=room_id)
        rule = deciding_rule(self.rules, scope, case)
        return Decision(allowed=rule is None or rule.allows, rule=rule)

    def has(self, *scopes: str) -> bool:
        return any(rule.scope in scopes for rule in self.rules)


def decide(scope: str, *, user: User, ip_address: str | None, now: datetime, room_id: str = "") -> Decision:
    """Whether `user` may, from this address at this time. One query in a tenant without such rules, else four."""
    book = rule_book(user.tenant, scopes=[scope], of_user=user.pk)
    return book.decide(scope, user_pk=user.pk, ip_address=ip_address, now=now, room_id=room_id)


def rule_book(tenant: Tenant, *, scopes: Iterable[str] = Scope.values, of_user: int | None = None) -> RuleBook:
    """The rules in force for these scopes. With `of_user` (primary key) it decides about this one only."""
    rows = list(Restriction.objects.for_tenant(tenant).filter(is_enabled=True, scope__in=list(scopes)))
    zone = ZoneInfo(tenant.time_zone)
    if not rows:
        return RuleBook(zone, (), {})
    users = _pairs(Restriction.users.through, "restriction_id", "user_id", restriction__in=rows)
    groups = _pairs(Restriction.groups.through, "restriction_id", "group_id", restriction__in=rows)
    named = {group for found in groups.values() for group in found}
    which: dict[str, object] = {"group__in": named} if of_user is None else {"group__in": named, "user": of_user}
    members = _pairs(User.groups.through, "user_id", "group_id", **which)
    return RuleBook(zone, tuple(_rule(row, users, groups) for row in rows), members)


def record_refused(user: User, action: str, *, actor: Actor, decision: Decision, **details: Any) -> None:
    """Record that a rule refused something, with the rule's name, in a transaction of its own."""
    rule = decision.rule.name if decision.rule is not None else ""
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, action, actor=actor, rule=rule, **details)


def _pairs(through: Any, one: str, many: str, **which: Any) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for key, value in through.objects.filter(**which).values_list(one, many):
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _rule(row: Restriction, users: Mapping[int, frozenset[int]], groups: Mapping[int, frozenset[int]]) -> Rule:
    return Rule(
        id=row.public_id,
        name=row.name,
        scope=row.scope,
        allows=row.effect == Restriction.Effect.ALLOW,
        everybody=row.everybody,
        users=users.get(row.pk, frozenset()),
        groups=groups.get(row.pk, frozenset()),
        networks=tuple(parse_network(network) for network in row.networks),
        weekdays=frozenset(row.weekdays),
        from_time=row.from_time,
        to_time=row.to_time,
        rooms=frozenset(row.rooms),
    )
