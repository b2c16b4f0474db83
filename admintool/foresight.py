"""What a change of the restrictions would do, before it is done: the change is made, looked at and taken back."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import Restriction, User
from accounts.services.restriction_changes import forbidden_logins
from accounts.services.restrictions import rule_book
from admintool.rule_sentences import rules_in_words
from conferences.models import Participant
from conferences.services.restricting import forbidden_presences
from conferences.services.rule_replay import Replay, replay_week
from tenants.models import Tenant


@dataclass(frozen=True)
class Foresight:
    """What the rules would be; who is signed in or in a meeting now and would be out; how the past week had gone."""

    rules: list[tuple[Restriction, str]]
    signed_in: list[User]
    in_meetings: list[Participant]
    week: Replay

    @property
    def hits_somebody(self) -> bool:
        return bool(self.signed_in or self.in_meetings)


def foresee(tenant: Tenant, change: Callable[[], object]) -> Foresight:
    """What follows from `change`, which is made and undone. Raises what it raises: ValidationError, NoWayIn."""
    with transaction.atomic():
        change()
        book, rules = rule_book(tenant), rules_in_words(tenant)
        transaction.set_rollback(True)
    now = timezone.now()
    people = {login.user_id: login.user for login, _decision in forbidden_logins(tenant, book, now=now)}
    present = [forbidden.participant for forbidden in forbidden_presences(tenant, book, now=now)]
    return Foresight(rules, list(people.values()), present, replay_week(tenant, book, now=now))
