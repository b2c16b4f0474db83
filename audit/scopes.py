"""What a legal hold keeps and a disclosure shows: the records of a user, of a room, within a range, or all of these.

Of a user: the attendances, their samples, and the events whose actor, target or attendance is the user's; of a room
likewise. A range takes what happened within it; its end is not part of it, the whole minute in which it begins is,
because a sample stands at its minute's start. Conditions add up; an empty one asks for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Model, Q

from audit.models import Attendance, AuditEvent, BandwidthSample

EVERYTHING = Q(pk__isnull=False)


class Scope(Protocol):
    """`user_id` and `room_id` are public ids, empty = no condition."""

    @property
    def user_id(self) -> str: ...
    @property
    def room_id(self) -> str: ...
    @property
    def range_from(self) -> datetime | None: ...
    @property
    def range_to(self) -> datetime | None: ...


@dataclass(frozen=True)
class Wanted:
    """A scope that somebody asks for, with the names that people read."""

    user_id: str = ""
    user_name: str = ""
    room_id: str = ""
    room_name: str = ""
    range_from: datetime | None = None
    range_to: datetime | None = None

    def as_search(self) -> dict[str, Any]:
        """The conditions that are set, as plain JSON."""
        found = {name: value for name, value in vars(self).items() if value}
        return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in found.items()}


def within(model: type[Model], scope: Scope) -> Q:
    """The condition on attendances, samples or events."""
    return CONDITIONS[model](scope) or EVERYTHING


def _attendances(scope: Scope) -> Q:
    condition = Q()
    if scope.user_id:
        condition &= Q(user_id=scope.user_id)
    if scope.room_id:
        condition &= Q(room_id=scope.room_id)
    if scope.range_from:
        condition &= Q(left_at=None) | Q(left_at__gte=scope.range_from)
    if scope.range_to:
        condition &= Q(joined_at__lt=scope.range_to)
    return condition


def _samples(scope: Scope) -> Q:
    condition = _range(scope, "minute")
    if scope.user_id:
        condition &= Q(attendance__user_id=scope.user_id)
    if scope.room_id:
        condition &= Q(room_id=scope.room_id)
    return condition


def _events(scope: Scope) -> Q:
    condition = _range(scope, "occurred_at")
    if scope.user_id:
        user = scope.user_id
        condition &= Q(actor_id=user) | Q(target_type="user", target_id=user) | Q(details__user=user)
    if scope.room_id:
        condition &= Q(target_type="room", target_id=scope.room_id)
    return condition


def _range(scope: Scope, column: str) -> Q:
    condition = Q()
    if scope.range_from:
        condition &= Q((f"{column}__gte", scope.range_from.replace(second=0, microsecond=0)))
    if scope.range_to:
        condition &= Q((f"{column}__lt", scope.range_to))
    return condition


CONDITIONS: dict[type[Model], Callable[[Scope], Q]] = {
    Attendance: _attendances,
    BandwidthSample: _samples,
    AuditEvent: _events,
}
