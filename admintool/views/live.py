"""Who is in a meeting now, and what flows: two pages that keep themselves fresh."""

from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from admintool.access import AdminRequest, admintool_page
from admintool.live_forms import BandwidthFilterForm
from audit.flow import flow_by_minute
from conferences.models import Participant
from conferences.rates import NOTHING, Rate, current_rates
from conferences.services.bars import tenant_bars_in_force
from conferences.services.live import live_participants
from tenants.models import Tenant

MOST_SHOWN = 500  # people on the bandwidth page


@admintool_page
@require_safe
def live(request: AdminRequest, admintool_key: str) -> HttpResponse:
    return render(request, "admintool/live.html", _present(request.tenant))


@admintool_page
@require_safe
def now(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """The part of the live page that htmx replaces."""
    return render(request, "admintool/live_now.html", _present(request.tenant))


@admintool_page
@require_safe
def bandwidth(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = BandwidthFilterForm(request.GET)
    return render(request, "admintool/bandwidth.html", {"form": form, **_flowing(request.tenant, form)})


@admintool_page
@require_safe
def bandwidth_now(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """The part of the bandwidth page that htmx replaces."""
    form = BandwidthFilterForm(request.GET)
    return render(request, "admintool/bandwidth_now.html", _flowing(request.tenant, form))


def _present(tenant: Tenant) -> dict[str, Any]:
    people = _measured(list(live_participants(tenant)))
    rooms = [(meeting, list(inside)) for meeting, inside in groupby(people, key=lambda each: each[0].meeting)]
    return {"rooms": rooms, "bars": tenant_bars_in_force(tenant), "as_of": timezone.now()}


def _flowing(tenant: Tenant, form: BandwidthFilterForm) -> dict[str, Any]:
    """Who sends and receives how much, the most first, and the last hour of the same rooms and people."""
    now = timezone.now()
    people = list(live_participants(tenant).filter(**form.conditions)[:MOST_SHOWN])
    measured = sorted(_measured(people), key=lambda each: each[1].kbps_in + each[1].kbps_out, reverse=True)
    total = Rate(sum(rate.kbps_in for _, rate in measured), sum(rate.kbps_out for _, rate in measured))
    flow = flow_by_minute(tenant, now=now, **form.in_use)
    return {"people": measured, "total": total, "flow": flow, "search": form.in_use, "as_of": now}


def _measured(people: list[Participant]) -> list[tuple[Participant, Rate]]:
    rates = current_rates([each.public_id for each in people])
    return [(each, rates.get(each.public_id, NOTHING)) for each in people]
