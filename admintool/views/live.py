"""Who is in a meeting now, and putting them out."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page
from admintool.forced_exit import force_all_out, force_out
from admintool.forms import RemovalForm
from conferences.models import Participant, Room
from conferences.services.bars import tenant_bars_in_force
from conferences.services.live import live_participants
from tenants.models import Tenant


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
@require_http_methods(["GET", "HEAD", "POST"])
def remove_one(request: AdminRequest, admintool_key: str, participant_id: str) -> HttpResponse:
    everybody = Participant.objects.for_tenant(request.tenant).select_related("meeting__room", "user", "tenant")
    participant = get_object_or_404(everybody, public_id=participant_id)
    form = RemovalForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "admintool/remove_one.html", {"form": form, "participant": participant})
    force_out(participant, actor=actor_of(request), note=form.cleaned_data["note"])
    messages.success(
        request, _("%(name)s was removed and cannot come back until re-admitted.") % {"name": participant.name}
    )
    return redirect("admintool:live", admintool_key)


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def remove_all(request: AdminRequest, admintool_key: str, room_id: str) -> HttpResponse:
    room = get_object_or_404(Room.objects.for_tenant(request.tenant).select_related("tenant"), public_id=room_id)
    form = RemovalForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        inside = live_participants(request.tenant).filter(meeting__room=room)
        return render(request, "admintool/remove_all.html", {"form": form, "room": room, "inside": inside})
    count = force_all_out(room, actor=actor_of(request), note=form.cleaned_data["note"])
    messages.success(
        request, ngettext("%(count)s person was removed.", "%(count)s people were removed.", count) % {"count": count}
    )
    return redirect("admintool:live", admintool_key)


def _present(tenant: Tenant) -> dict[str, Any]:
    people = live_participants(tenant)
    rooms = [(room, list(inside)) for room, inside in groupby(people, key=lambda participant: participant.meeting.room)]
    return {"rooms": rooms, "bars": tenant_bars_in_force(tenant), "as_of": timezone.now()}
