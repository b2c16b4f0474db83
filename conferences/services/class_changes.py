"""Making and changing meeting classes. What a class forbids ends in the running meetings of its rooms."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.events import Actor, record_event
from conferences.models import MeetingClass, Room
from conferences.refusals import ClassNameTaken
from conferences.services.classes import DEMANDS, PERMISSIONS
from conferences.services.enforcing import apply_rules_to
from tenants.models import Tenant

EDITABLE = ("name", *PERMISSIONS, *DEMANDS)


@transaction.atomic
def create_class(tenant: Tenant, *, actor: Actor, **values: Any) -> MeetingClass:
    """A new class, last in the order. Raises ValidationError by field, ClassNameTaken; TypeError for another name."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    last = MeetingClass.objects.for_tenant(tenant).order_by("position").last()
    found = MeetingClass(tenant=tenant, position=last.position + 1 if last else 0)
    _fill(found, values)
    found.save(force_insert=True)
    _record(found, "meeting_class_created", actor, {"settings": _listed_values(found)})
    return found


@transaction.atomic
def edit_class(found: MeetingClass, *, actor: Actor, **changes: Any) -> MeetingClass:
    """Change name, permissions or demands; running meetings follow at once. What stays the same is not recorded.

    Raises as `create_class` does.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=found.tenant_id)
    locked: MeetingClass = MeetingClass.objects.select_related("tenant").get(pk=found.pk)
    before = _values(locked)
    _fill(locked, changes)
    after = _values(locked)
    changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    if changed:
        locked.save(update_fields=EDITABLE)
        _record(locked, "meeting_class_edited", actor, {"changes": _listed(changed)})
        apply_rules_to(Room.objects.for_tenant(locked.tenant).filter(meeting_class=locked), actor=actor)
    return locked


@transaction.atomic
def retire_class(found: MeetingClass, *, actor: Actor) -> None:
    """No room can be given it any more; the rooms that have it keep it and what it demands. Again is no-op."""
    if MeetingClass.objects.filter(pk=found.pk, retired_at=None).update(retired_at=timezone.now()):
        _record(found, "meeting_class_retired", actor, {})


@transaction.atomic
def revive_class(found: MeetingClass, *, actor: Actor) -> None:
    """Let rooms be given a retired class again. Again is no-op."""
    if MeetingClass.objects.filter(pk=found.pk, retired_at__isnull=False).update(retired_at=None):
        _record(found, "meeting_class_revived", actor, {})


@transaction.atomic
def move_class(found: MeetingClass, *, actor: Actor, places: int) -> None:
    """Move a class up (negative) or down among its fellows; beyond an end is that end."""
    Tenant.objects.select_for_update(no_key=True).get(pk=found.tenant_id)
    order = list(MeetingClass.objects.for_tenant(found.tenant))
    here = order.index(found)
    there = min(max(here + places, 0), len(order) - 1)
    if here == there:
        return
    order.insert(there, order.pop(here))
    for position, each in enumerate(order):
        MeetingClass.objects.filter(pk=each.pk).update(position=position)
    _record(found, "meeting_classes_sorted", actor, {"order": [each.name for each in order]})


def _fill(found: MeetingClass, values: dict[str, Any]) -> None:
    if unknown := set(values) - set(EDITABLE):
        raise TypeError(f"A class has no {', '.join(sorted(unknown))} to change.")
    for name, value in values.items():
        setattr(found, name, value.strip() if isinstance(value, str) else value)
    found.clean_fields(exclude=["tenant"])
    others = MeetingClass.objects.for_tenant(found.tenant).exclude(pk=found.pk)
    if others.filter(name=found.name).exists():
        raise ClassNameTaken


def _values(found: MeetingClass) -> dict[str, Any]:
    return {name: getattr(found, name) for name in EDITABLE}


def _listed_values(found: MeetingClass) -> list[dict[str, Any]]:
    return [{"setting": name, "to": value} for name, value in _values(found).items()]


def _listed(changed: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """As a list: a field's name may hold the word that no detail of an event may be called by."""
    return [{"setting": name, **difference} for name, difference in changed.items()]


def _record(found: MeetingClass, action: str, actor: Actor, details: dict[str, Any]) -> None:
    record_event(
        found.tenant,
        action,
        actor=actor,
        target_type="meeting_class",
        target_id=found.public_id,
        target_name=found.name,
        details=details,
    )
