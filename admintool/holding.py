"""Lifting a legal hold from Admintool: with four eyes, by a second administrator."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Approval, User
from accounts.services.approvals import act_or_ask, register
from audit.events import Actor
from audit.holds import lift_hold
from audit.models import LegalHold
from tenants.models import Tenant


def lift_or_ask(hold: LegalHold, *, actor: Actor, requested_by: User, summary: str) -> Approval | None:
    """Lift the hold, or ask for a second administrator where the tenant wants one: the request, or None when done.

    Raises HoldLifted.
    """
    return act_or_ask(
        hold.tenant,
        actor=actor,
        requested_by=requested_by,
        kind="hold_lifted",
        summary=summary,
        payload={"hold": hold.public_id},
    )


@register("hold_lifted")
def _lift(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    hold: LegalHold = LegalHold.objects.for_tenant(tenant).select_related("tenant").get(public_id=payload["hold"])
    lift_hold(hold, actor=actor)
