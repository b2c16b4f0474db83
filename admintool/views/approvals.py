"""Four eyes: what waits for a second administrator, and what was decided."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of
from accounts.models import Approval
from accounts.services.approvals import approve, refuse, waiting_approvals, withdraw
from accounts.services.settings_changes import changed_settings
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.approval_facts import provider_changes
from admintool.consequences import consequences
from admintool.views.security import described

DECIDED_SHOWN = 100
DECISIONS: dict[str, tuple[Callable[..., Approval], Any]] = {
    "approve": (approve, gettext_lazy("Approved. It is done.")),
    "refuse": (refuse, gettext_lazy("Refused. Nothing was changed.")),
    "withdraw": (withdraw, gettext_lazy("Withdrawn. Nothing was changed.")),
}


@admintool_page
@require_safe
def approval_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    now = timezone.now()
    waiting = waiting_approvals(request.tenant, now=now)
    others = Approval.objects.for_tenant(request.tenant).exclude(pk__in=waiting.values("pk"))
    others = others.select_related("requested_by", "decided_by").order_by("-requested_at", "-pk")[:DECIDED_SHOWN]
    return render(request, "admintool/approvals.html", {"waiting": waiting, "decided": others})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])  # whatever is asked, what another tenant owns is a 404
def approval(request: AdminRequest, admintool_key: str, approval_id: str) -> HttpResponse:
    found = _approval_of(request, approval_id)
    shown: dict[str, Any] = {"approval": found, "is_open": _is_open(found), "own": found.requested_by == request.user}
    if found.kind == "security_settings" and shown["is_open"]:
        differences = changed_settings(request.tenant, found.payload)
        shown |= {"changes": described(differences), "sentences": consequences(request.tenant, differences)}
    elif shown["is_open"]:
        shown["changes"] = provider_changes(found)
    return render(request, "admintool/approval.html", shown)


@admintool_page
@reauthenticated
@require_POST
def decide(request: AdminRequest, admintool_key: str, approval_id: str) -> HttpResponse:
    found = _approval_of(request, approval_id)
    act, text = DECISIONS.get(request.POST.get("decision", ""), (None, ""))
    if act is not None:
        try:
            act(found, actor=actor_of(request), decided_by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, text)
            return redirect("admintool:approvals", admintool_key)
    else:
        messages.error(request, _("Choose to approve, to refuse or to withdraw."))
    return redirect("admintool:approval", admintool_key, approval_id)


def _approval_of(request: AdminRequest, approval_id: str) -> Approval:
    rows = Approval.objects.for_tenant(request.tenant).select_related("tenant", "requested_by", "decided_by")
    found: Approval = get_object_or_404(rows, public_id=approval_id)
    return found


def _is_open(found: Approval) -> bool:
    return found.state == Approval.State.WAITING and found.expires_at > timezone.now()
