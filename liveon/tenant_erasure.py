"""The end of a tenant: its contract ends and its data stays; erased it is only when an operator says so.

An erasure goes table by table of the data inventory, rows that refer to others first, in batches that the certificate
counts and hashes. It may be killed at any time and is simply repeated. What remains: the certificate, the tombstones
and heads of the chain, the one event that says that it happened, and the tenant's own row: nobody else gets its name.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.services.tenants import suspend_tenant
from audit.certificates import (
    begin_certificate,
    deleted_counts,
    lock_certificate,
    sign_certificate,
    unfinished_certificate,
)
from audit.chain import bury
from audit.deletion import Remove, Work, delete_in_batches, remove_rows
from audit.errors import HoldInForce
from audit.events import SYSTEM, Actor, record_about_tenant
from audit.holds import holds_in_force, lock_records
from audit.locks import exclusive
from audit.models import AuditEvent, DeletionCertificate
from audit.sealing import seal
from conferences.models import Participant
from liveon.tenant_export import exported_rows
from tenants.context import tenant_context
from tenants.ids import hash_secret, new_secret
from tenants.inventory import Entry, tenant_entries
from tenants.models import Tenant

PRESENT_FOR = timedelta(minutes=2)  # whoever was not seen for so long is not there, whatever a crash left
Cause = DeletionCertificate.Cause
Progress = Callable[[str, int], None]  # table, rows of it that this run has erased


class ErasureRefused(Exception):
    """The erasure must not be done now; the text says why."""


def end_contract(tenant: Tenant, *, actor: Actor = SYSTEM) -> None:
    """Shut everybody out for good: suspended, and marked as ended. All data stays. Again is nothing."""
    with transaction.atomic(), tenant_context(tenant):
        lock_records(tenant)
        tenant.refresh_from_db(fields=["ended_at", "is_active"])
        if tenant.ended_at and not tenant.is_active:
            return
        suspend_tenant(tenant, actor=actor)
        tenant.ended_at = timezone.now()
        tenant.save(update_fields=["ended_at"])
        _record(tenant, "tenant_ended", actor)


def erase_tenant(
    tenant: Tenant, *, actor: Actor = SYSTEM, progress: Progress = lambda _table, _rows: None
) -> DeletionCertificate:
    """Erase everything that is the tenant's; the signed certificate.

    Raises HoldInForce, also when a hold comes meanwhile; ErasureRefused for a tenant whose contract has not ended, that
    still has people in meetings, or that was erased; ChainError when the log does not verify, which is evidence.
    """
    with exclusive("purge-audit") as is_ours:
        if not is_ours:
            raise ErasureRefused("A purge or another erasure is running.")
        certificate = _begin(tenant, actor)
        seal(tenant)
        for work in _works(certificate):
            erased = 0
            for rows in delete_in_batches(certificate, work):
                erased += rows
                progress(work.kind, erased)
        return _finish(certificate, actor)


def _begin(tenant: Tenant, actor: Actor) -> DeletionCertificate:
    """The certificate of an erasure that was interrupted, or a new one."""
    with tenant_context(tenant), transaction.atomic():
        lock_records(tenant)
        tenant.refresh_from_db()
        _refuse(tenant)
        unfinished = unfinished_certificate(tenant, cause=Cause.OFFBOARDING)
        if unfinished:
            return unfinished
        if purge := unfinished_certificate(tenant, cause=Cause.RETENTION):
            sign_certificate(purge)  # it deleted that much; the rest is erased
        certificate = begin_certificate(tenant, cause=Cause.OFFBOARDING)
        _record(tenant, "tenant_erasure_begun", actor, certificate=certificate.public_id)
        return certificate


def _refuse(tenant: Tenant) -> None:
    _refuse_held(tenant)
    if tenant.erased_at:
        raise ErasureRefused(f"{tenant} was erased at {tenant.erased_at:%Y-%m-%d %H:%M %Z}.")
    if not tenant.ended_at or tenant.is_active:
        raise ErasureRefused(f"The contract of {tenant} has not ended: offboard_tenant without --erase ends it.")
    present = Participant.objects.for_tenant(tenant).filter(left_at=None)
    if present.filter(last_seen_at__gt=timezone.now() - PRESENT_FOR).exists():
        raise ErasureRefused(f"Somebody of {tenant} is still in a meeting; they are being put out. Try again shortly.")


def _refuse_held(tenant: Tenant) -> None:
    if cases := list(holds_in_force(tenant).values_list("case_number", flat=True)):
        raise HoldInForce(cases)


def _works(certificate: DeletionCertificate) -> Iterator[Work]:
    for entry in erasure_order():
        model = apps.get_model(entry.label)
        order, column, remove = SPECIAL.get(model, (model._meta.pk.attname, "", remove_rows))
        yield Work(entry.label, partial(_rows, certificate.tenant, entry), order, column, remove)


def erasure_order() -> list[Entry]:
    """The tables that are erased, each before those that its rows refer to."""
    waiting = {apps.get_model(entry.label): entry for entry in tenant_entries() if entry.is_erased}
    order = []
    while waiting:
        referred_to = {target for model in waiting for target in _referred_to(model) if target is not model}
        free = [model for model in waiting if model not in referred_to]
        assert free, f"these refer to each other: {list(waiting)}"
        order += [waiting.pop(model) for model in free]
    return order


def _referred_to(model: type[models.Model]) -> set[Any]:
    return {field.related_model for field in model._meta.concrete_fields if field.is_relation}


def _rows(tenant: Tenant, entry: Entry) -> QuerySet[Any]:
    """Asked within each batch's transaction: a hold that came meanwhile stops the erasure."""
    _refuse_held(tenant)
    rows = exported_rows(tenant, entry)
    return rows.filter(seq__gt=0) if rows.model is AuditEvent else rows


def _bury(certificate: DeletionCertificate, rows: QuerySet[AuditEvent]) -> None:
    bury(certificate.tenant, rows, certificate=certificate)


def _end_logins(_certificate: DeletionCertificate, rows: QuerySet[UserSession]) -> None:
    Session.objects.filter(session_key__in=rows.values_list("session_key", flat=True)).delete()
    rows.delete()


# by what they go, their time, and how
SPECIAL: dict[type[models.Model], tuple[str, str, Remove]] = {
    AuditEvent: ("seq", "occurred_at", _bury),
    UserSession: ("id", "created_at", _end_logins),
}


def _finish(certificate: DeletionCertificate, actor: Actor) -> DeletionCertificate:
    tenant = certificate.tenant
    with tenant_context(tenant), transaction.atomic():
        locked = lock_certificate(certificate)
        sign_certificate(locked)
        tenant.erased_at = timezone.now()
        tenant.admintool_key_hash = hash_secret(new_secret())
        tenant.save(update_fields=["erased_at", "admintool_key_hash"])
        rows = sum(deleted_counts(locked).values())
        _record(tenant, "tenant_erased", actor, certificate=locked.public_id, rows=rows)
    return locked


def _record(tenant: Tenant, action: str, actor: Actor, **details: Any) -> None:
    record_about_tenant(tenant, action, actor=actor, details=details)
