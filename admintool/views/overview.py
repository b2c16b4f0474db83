"""The first page: how things are, and who looked at Admintool lately."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from admintool.access import AdminRequest, admintool_page
from audit.chain import chain_state
from audit.models import AuditEvent
from audit.retention import view_horizon
from conferences.services.caps import cap_uses
from conferences.services.live import live_participants

VISITS_SHOWN = 10


@admintool_page
@require_safe
def overview(request: AdminRequest, admintool_key: str) -> HttpResponse:
    users = User.objects.for_tenant(request.tenant)
    people = list(live_participants(request.tenant))
    visits = AuditEvent.objects.for_tenant(request.tenant).filter(
        action="admintool_visited", occurred_at__gte=view_horizon(request.tenant, now=timezone.now())
    )
    figures = {
        "people": len(people),
        "meetings": len({participant.meeting_id for participant in people}),
        "active_users": users.filter(is_active=True).count(),
        "disabled_users": users.filter(is_active=False).count(),
    }
    visits = visits.order_by("-occurred_at", "-pk")[:VISITS_SHOWN]
    now = timezone.now()
    states = {"caps": cap_uses(request.tenant, now=now), "chain": chain_state(request.tenant, now=now)}
    context = {"figures": figures, "visits": visits, **states}
    return render(request, "admintool/overview.html", context)
