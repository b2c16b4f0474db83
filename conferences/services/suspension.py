"""A suspended tenant's meetings end for everybody, guests and the waiting too, in the transaction that suspends it."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts.signals import tenant_suspended
from audit.events import Actor
from audit.models import LeaveReason
from conferences.models import Meeting
from conferences.services.meetings import shut_down
from tenants.models import Tenant


@receiver(tenant_suspended, dispatch_uid="conferences.suspension")
def end_meetings(sender: object, *, tenant: Tenant, actor: Actor, **more: Any) -> None:
    live = Meeting.objects.for_tenant(tenant).filter(ended_at=None).order_by("room_id")
    for meeting in live.select_related("room__tenant"):
        shut_down(meeting, actor=actor, reason=LeaveReason.REVOKED, cause="tenant_suspended", now=timezone.now())
