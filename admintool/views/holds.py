"""Legal holds: list, place, lift."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.holding import lift_or_ask
from admintool.record_forms import HoldForm
from audit.holds import holds_in_force, place_hold
from audit.models import Attendance, LegalHold
from audit.retention import view_horizon
from audit.scopes import within

LIFTED_SHOWN = 100


@admintool_page
@require_safe
def hold_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    lifted = LegalHold.objects.for_tenant(request.tenant).exclude(lifted_at=None).order_by("-lifted_at", "-pk")
    shown = {"holds": holds_in_force(request.tenant), "lifted": lifted[:LIFTED_SHOWN]}
    return render(request, "admintool/records/holds.html", shown)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = HoldForm(request.POST if request.method == "POST" else None, tenant=request.tenant)
    if form.is_valid():
        try:
            hold = place_hold(request.tenant, actor=actor_of(request), **form.case, **vars(form.wanted))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The hold %(case)s is in force.") % {"case": hold.case_number})
            return redirect("admintool:holds", admintool_key)
    return render(request, "admintool/records/hold_place.html", {"form": form})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: AdminRequest, admintool_key: str, hold_id: str) -> HttpResponse:
    hold = get_object_or_404(LegalHold.objects.for_tenant(request.tenant).select_related("tenant"), public_id=hold_id)
    if request.method != "POST":
        shown = {"hold": hold, "past_their_time": _past_their_time(hold)}
        return render(request, "admintool/records/hold_lift.html", shown)
    summary = _("Lift the legal hold %(case)s.") % {"case": hold.case_number}
    try:
        approval = lift_or_ask(hold, actor=actor_of(request), requested_by=request.user, summary=summary)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        done = _("The hold %(case)s is lifted.") % {"case": hold.case_number}
        messages.success(request, _("Another administrator must approve this.") if approval else done)
    return redirect("admintool:holds", admintool_key)


def _past_their_time(hold: LegalHold) -> int:
    """Stays that the hold keeps and that are past their retention time."""
    rows = Attendance.objects.for_tenant(hold.tenant).filter(within(Attendance, hold))
    return int(rows.filter(joined_at__lt=view_horizon(hold.tenant, now=timezone.now())).count())
