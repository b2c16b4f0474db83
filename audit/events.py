"""Writing audit events: who did what to whom, in the transaction that does it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from audit.models import AuditEvent
from tenants.models import Tenant

SECRET_WORDS = frozenset({"password", "passwords", "secret", "secrets", "key", "keys", "token", "tokens", "cookie"})
LONGEST_TEXT = 500  # characters of one string in `details`
EVENTS_AT_ONCE = 200  # rows in one INSERT
LARGEST_DETAILS = 16_384  # characters of the whole as JSON


@dataclass(frozen=True)
class Actor:
    """Who does something: a user's public id, name and address. All empty = the system itself."""

    id: str = ""
    name: str = ""
    ip_address: str | None = None


SYSTEM = Actor()


class DetailsTooLong(ValueError):
    """What somebody wants to do is too long to be recorded in one event, so it cannot be done."""


def record_event(
    tenant: Tenant,
    action: str,
    *,
    actor: Actor = SYSTEM,
    target_type: str = "",
    target_id: str = "",
    target_name: str = "",
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> AuditEvent:
    """Add one event inside the caller's transaction, so that it exists exactly when the act does.

    Names are copied and cut to their columns. `details` is plain JSON; a name in it that promises a secret is
    refused. Raises `TransactionManagementError` outside a transaction, `ValueError` for a secret,
    `DetailsTooLong` for details over 16 384 characters.
    """
    event = draft_event(
        tenant,
        action,
        actor=actor,
        target_type=target_type,
        target_id=target_id,
        target_name=target_name,
        details=details,
        now=now,
    )
    _require_transaction()
    event.save(force_insert=True)
    return event


def record_about_tenant(
    tenant: Tenant,
    action: str,
    *,
    actor: Actor = SYSTEM,
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> AuditEvent:
    """`record_event` of what concerns the organisation as a whole."""
    return record_event(
        tenant,
        action,
        actor=actor,
        target_type="tenant",
        target_id=tenant.public_id,
        target_name=tenant.name,
        details=details,
        now=now,
    )


def record_events(events: Sequence[AuditEvent]) -> None:
    """Add many events, made by `draft_event`, inside the caller's transaction."""
    _require_transaction()
    AuditEvent.objects.bulk_create(events, batch_size=EVENTS_AT_ONCE)


def draft_event(
    tenant: Tenant,
    action: str,
    *,
    actor: Actor = SYSTEM,
    target_type: str = "",
    target_id: str = "",
    target_name: str = "",
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> AuditEvent:
    """An event that is not recorded yet: one of many for `record_events`. Arguments and errors as `record_event`."""
    return AuditEvent(
        tenant=tenant,
        occurred_at=now or timezone.now(),
        action=action,
        actor_id=actor.id,
        actor_name=_storable(actor.name)[:200],
        ip_address=actor.ip_address or None,
        target_type=target_type,
        target_id=target_id,
        target_name=_storable(target_name)[:200],
        details=_checked_details(details or {}),
    )


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An event belongs into the transaction of what it records.")


def _checked_details(details: Mapping[str, Any]) -> dict[str, Any]:
    plain = _clean(json.loads(json.dumps(details, cls=DjangoJSONEncoder)))
    if len(json.dumps(plain, ensure_ascii=False)) > LARGEST_DETAILS:
        raise DetailsTooLong("The details of an event are limited to 16 384 characters.")
    return dict(plain)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {_checked_name(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return _storable(value)[:LONGEST_TEXT] if isinstance(value, str) else value


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL; what an outsider wrote with one must not keep an event from being recorded."""
    return text.replace("\0", "\ufffd")


def _checked_name(name: str) -> str:
    if SECRET_WORDS.intersection(name.lower().replace("-", "_").split("_")):
        raise ValueError(f"An event never stores secrets: details[{name!r}].")
    return name
