"""Legal holds: what they keep from every purge (`audit/scopes.py`), and placing and lifting them."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, Case, Model, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.errors import HoldLifted
from audit.events import Actor, record_event
from audit.models import LegalHold
from audit.scopes import within
from tenants.context import tenant_context
from tenants.models import Tenant


def holds_in_force(tenant: Tenant) -> QuerySet[LegalHold]:
    """The tenant's holds that are not lifted, the oldest first."""
    return LegalHold.objects.for_tenant(tenant).filter(lifted_at=None).order_by("placed_at", "pk")


def held(rows: QuerySet[Any], *, tenant: Tenant) -> QuerySet[Any]:
    """Those of `rows` (the tenant's attendances, samples or events) that a hold in force keeps."""
    return _marked(rows, tenant, keep=True)


def without_held(rows: QuerySet[Any], *, tenant: Tenant) -> QuerySet[Any]:
    """Those of `rows` that no hold in force keeps."""
    return _marked(rows, tenant, keep=False)


def place_hold(
    tenant: Tenant,
    *,
    actor: Actor,
    case_number: str,
    reason: str = "",
    user_id: str = "",
    user_name: str = "",
    room_id: str = "",
    room_name: str = "",
    range_from: datetime | None = None,
    range_to: datetime | None = None,
) -> LegalHold:
    """Keep records from every purge from now on. `user_id` and `room_id` are public ids, the names are copied.

    Once it returns, no purge deletes what the hold covers. Raises ValidationError by field.
    """
    hold = LegalHold(
        tenant=tenant,
        case_number=case_number.strip(),
        reason=reason.strip(),
        user_id=user_id,
        user_name=user_name[:200],
        room_id=room_id,
        room_name=room_name[:100],
        range_from=range_from,
        range_to=range_to,
        placed_at=timezone.now(),
        placed_by=actor.name,
    )
    if range_from and range_to and range_from >= range_to:
        raise ValidationError({"range_to": ValidationError(_("The end must be after the beginning."), code="order")})
    hold.full_clean(exclude=["tenant", "placed_by"], validate_unique=False)
    with transaction.atomic(), tenant_context(tenant):
        lock_records(tenant)
        hold.save(force_insert=True)
        _record(hold, "hold_placed", actor)
    return hold


def lift_hold(hold: LegalHold, *, actor: Actor) -> None:
    """End a hold: the next purge treats its records like all others. Raises HoldLifted the second time."""
    with transaction.atomic(), tenant_context(hold.tenant):
        locked = LegalHold.objects.for_tenant(hold.tenant).select_for_update().get(pk=hold.pk)
        if locked.lifted_at:
            raise HoldLifted
        locked.lifted_at, locked.lifted_by = timezone.now(), actor.name
        locked.save(update_fields=["lifted_at", "lifted_by"])
        _record(locked, "hold_lifted", actor)
        hold.refresh_from_db()


def lock_records(tenant: Tenant) -> None:
    """Until the transaction ends, no hold is placed while rows are deleted, and the other way round."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _marked(rows: QuerySet[Any], tenant: Tenant, *, keep: bool) -> QuerySet[Any]:
    holds = list(holds_in_force(tenant))
    if not holds:
        return rows.none() if keep else rows
    # CASE and not NOT: a condition on a name that the details lack is NULL, and NOT NULL would lose the row
    is_held = Case(When(_condition(rows.model, holds), then=True), default=False, output_field=BooleanField())
    return rows.alias(is_held=is_held).filter(is_held=keep)


def _condition(model: type[Model], holds: list[LegalHold]) -> Q:
    condition = Q(pk__in=[])
    for hold in holds:
        condition |= within(model, hold)
    return condition


def _record(hold: LegalHold, action: str, actor: Actor) -> None:
    names = ("reason", "user_id", "user_name", "room_id", "room_name", "range_from", "range_to")
    record_event(
        hold.tenant,
        action,
        actor=actor,
        target_type="hold",
        target_id=hold.public_id,
        target_name=hold.case_number,
        details={name: value for name in names if (value := getattr(hold, name))},
    )
