"""Usage and capacity: figures by day, month, room and group; soft caps."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page
from admintool.usage_forms import MonthForm, SoftCapsForm
from admintool.usage_tables import charts, usage_rows
from admintool.visits import record_reading
from audit.exports import csv_file
from audit.usage import usage_by_room, usage_days, usage_months
from conferences.services.caps import cap_uses, caps_of, set_soft_caps
from conferences.services.usage import inventory, usage_by_group

YEAR = timedelta(days=366)
ROOMS_SHOWN = 50


@admintool_page
@require_safe
def usage(request: AdminRequest, admintool_key: str) -> HttpResponse:
    tenant, now = request.tenant, timezone.now()
    form = MonthForm.of(request.GET)
    month = form.cleaned_data["month"] if form.is_valid() else timezone.localdate().replace(day=1)
    last = _last_day(month)
    days = list(usage_days(tenant, first=month, last=last))
    context = {
        "form": form,
        "month": month,
        "figures": inventory(tenant, now=now),
        "caps": cap_uses(tenant, now=now),
        "months": usage_months(tenant),
        "days": days,
        "charts": charts(days, tenant.time_zone),
        "rooms": usage_by_room(tenant, first=month, last=last)[:ROOMS_SHOWN],
        "groups": usage_by_group(tenant, month=month),
    }
    return render(request, "admintool/usage/usage.html", context)


@admintool_page
@require_safe
def export(request: AdminRequest, admintool_key: str) -> HttpResponse:
    today = timezone.localdate()
    content = csv_file(usage_rows(request.tenant, first=today - YEAR, last=today))
    record_reading(request, "usage_exported")
    headers = {"Content-Disposition": f'attachment; filename="usage-{request.tenant.slug}-{today}.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def caps(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = SoftCapsForm.of(caps_of(request.tenant), request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "admintool/usage/caps.html", {"form": form})
    set_soft_caps(request.tenant, actor=actor_of(request), **form.limits)
    messages.success(request, _("The soft caps were saved."))
    return redirect("admintool:usage", admintool_key)


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
