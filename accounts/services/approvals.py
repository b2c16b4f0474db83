"""Four eyes: what one administrator asks for, another one decides.

A part that is dangerous registers the function that carries it out and calls it through here, which asks first where
the tenant wants four eyes:

    @register("admintool_url_rotated")
    def rotate(tenant, payload, *, actor): ...

    act_or_ask(tenant, actor=…, requested_by=user, kind="admintool_url_rotated", summary="…", payload={})

The function runs in the transaction of the approval: both happen, or neither. What it refuses stays waiting. It must
check for itself whether the payload still makes sense, because up to 72 hours have passed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.errors import AlreadyDecided, OwnRequest, RequesterGone
from accounts.later import run_later
from accounts.models import Approval, Role, User
from accounts.services.security import settings_of
from audit.events import SYSTEM, Actor, record_event
from tenants.context import tenant_context
from tenants.models import Tenant

OPEN_FOR = timedelta(hours=72)
LONGEST_SUMMARY = 300  # characters

CarryOut = Callable[..., object]
State = Approval.State

_registered: dict[str, CarryOut] = {}


def register(kind: str) -> Callable[[CarryOut], CarryOut]:
    """Name the function `(tenant, payload, *, actor)` that carries an approved change of this kind out."""

    def remember(function: CarryOut) -> CarryOut:
        if _registered.setdefault(kind, function) is not function:
            raise ValueError(f"{kind} is registered twice.")
        return function

    return remember


def needs_approval(tenant: Tenant) -> bool:
    """Whether the tenant has dangerous changes decided by two administrators."""
    return settings_of(tenant).four_eyes


def act_or_ask(
    tenant: Tenant, *, actor: Actor, requested_by: User, kind: str, summary: str, payload: Mapping[str, Any]
) -> Approval | None:
    """Carry the change out now, or ask for a second administrator where the tenant wants one.

    Returns the request that waits, or None when it is done. Raises what the act refuses.
    """
    if needs_approval(tenant):
        return request_approval(
            tenant, actor=actor, requested_by=requested_by, kind=kind, summary=summary, payload=payload
        )
    _registered[kind](tenant, payload, actor=actor)
    return None


def request_approval(
    tenant: Tenant, *, actor: Actor, requested_by: User, kind: str, summary: str, payload: Mapping[str, Any]
) -> Approval:
    """Ask the other administrators; they are told by mail. `summary` says in a sentence what will happen.

    `payload` is plain JSON and holds no secret. `ValueError` for a kind that nobody registered.
    """
    if kind not in _registered:
        raise ValueError(f"Nobody carries out {kind!r}.")
    now = timezone.now()
    with transaction.atomic(), tenant_context(tenant):
        approval = Approval.objects.create(
            tenant=tenant,
            kind=kind,
            summary=summary[:LONGEST_SUMMARY],
            payload=dict(payload),
            requested_by=requested_by,
            requested_at=now,
            expires_at=now + OPEN_FOR,
        )
        _record(approval, "approval_requested", actor)
        run_later("accounts.tasks.mail_approval", tenant.pk, approval.pk)
    return approval


def approve(approval: Approval, *, actor: Actor, decided_by: User) -> Approval:
    """Carry out what was asked for, once. Raises AlreadyDecided, OwnRequest, RequesterGone, what the act refuses."""
    with transaction.atomic(), tenant_context(approval.tenant):
        locked = _open(approval)
        if locked.requested_by_id == decided_by.pk or not _is_admin(decided_by):
            raise OwnRequest
        if not _is_admin(locked.requested_by):
            raise RequesterGone
        _decide(locked, State.APPROVED, decided_by)
        _record(locked, "approval_given", actor)
        _registered[locked.kind](locked.tenant, locked.payload, actor=actor)
    return locked


def refuse(approval: Approval, *, actor: Actor, decided_by: User) -> Approval:
    """Turn the request down, for good. Raises AlreadyDecided, OwnRequest (who asked withdraws instead)."""
    with transaction.atomic(), tenant_context(approval.tenant):
        locked = _open(approval)
        if locked.requested_by_id == decided_by.pk:
            raise OwnRequest
        _decide(locked, State.REFUSED, decided_by)
        _record(locked, "approval_refused", actor)
    return locked


def withdraw(approval: Approval, *, actor: Actor, decided_by: User) -> Approval:
    """Take the own request back. Raises AlreadyDecided, OwnRequest for somebody else's."""
    with transaction.atomic(), tenant_context(approval.tenant):
        locked = _open(approval)
        if locked.requested_by_id != decided_by.pk:
            raise OwnRequest
        _decide(locked, State.WITHDRAWN, decided_by)
        _record(locked, "approval_withdrawn", actor)
    return locked


def expire_approvals(tenant: Tenant, *, now: datetime) -> int:
    """Close the tenant's requests that nobody decided within 72 hours; how many."""
    with transaction.atomic(), tenant_context(tenant):
        waiting = Approval.objects.select_for_update(no_key=True).for_tenant(tenant)
        late = list(waiting.filter(state=State.WAITING, expires_at__lte=now))
        for approval in late:
            approval.state, approval.decided_at = State.EXPIRED, now
            approval.save(update_fields=["state", "decided_at"])
            _record(approval, "approval_expired", SYSTEM)
    return len(late)


def waiting_approvals(tenant: Tenant, *, now: datetime) -> QuerySet[Approval]:
    """What can be decided now, oldest first."""
    waiting = Approval.objects.for_tenant(tenant).filter(state=State.WAITING, expires_at__gt=now)
    return waiting.select_related("requested_by").order_by("requested_at", "pk")


def other_admins(approval: Approval) -> QuerySet[User]:
    """Who may decide: the tenant's active administrators but for the one who asks."""
    admins: QuerySet[User] = User.objects.for_tenant(approval.tenant).filter(role=Role.ADMIN, is_active=True)
    return admins.exclude(pk=approval.requested_by_id).order_by("pk")


def _open(approval: Approval) -> Approval:
    """The request, held, so that of two who decide at once the second finds it decided."""
    rows = Approval.objects.select_for_update(no_key=True, of=("self",)).for_tenant(approval.tenant)
    locked: Approval = rows.select_related("tenant", "requested_by").get(pk=approval.pk)
    if locked.state != State.WAITING or locked.expires_at <= timezone.now():
        raise AlreadyDecided
    return locked


def _is_admin(user: User) -> bool:
    return bool(User.objects.filter(pk=user.pk, role=Role.ADMIN, is_active=True).exists())


def _decide(approval: Approval, state: str, decided_by: User) -> None:
    approval.state, approval.decided_by, approval.decided_at = State(state), decided_by, timezone.now()
    approval.save(update_fields=["state", "decided_by", "decided_at"])


def _record(approval: Approval, action: str, actor: Actor) -> None:
    asked = {"requested_by": approval.requested_by.login_id, "expires_at": approval.expires_at}
    record_event(
        approval.tenant,
        action,
        actor=actor,
        target_type="approval",
        target_id=approval.public_id,
        target_name=approval.summary,
        details={"kind": approval.kind, **asked},
    )
