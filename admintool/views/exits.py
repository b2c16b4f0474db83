"""Forced exit: of one person, of a room, of a group, of everybody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.services.approvals import act_or_ask, needs_approval
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.forced_exit import force_all_out, force_group_out, force_out
from admintool.forms import RemovalForm
from admintool.live_forms import ManyRemovalForm
from conferences.models import Participant, Room
from conferences.services.live import live_participants


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
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def remove_all(request: AdminRequest, admintool_key: str, room_id: str) -> HttpResponse:
    room = get_object_or_404(Room.objects.for_tenant(request.tenant).select_related("tenant"), public_id=room_id)
    form = RemovalForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        inside = live_participants(request.tenant).filter(meeting__room=room)
        return render(request, "admintool/remove_all.html", {"form": form, "room": room, "inside": inside})
    count = force_all_out(room, actor=actor_of(request), note=form.cleaned_data["note"])
    _say_how_many(request, count)
    return redirect("admintool:live", admintool_key)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def remove_many(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = ManyRemovalForm(request.tenant, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        people = live_participants(request.tenant).count()
        asks = needs_approval(request.tenant)
        return render(request, "admintool/remove_many.html", {"form": form, "people": people, "asks": asks})
    if form.group is not None:
        count = force_group_out(form.group, actor=actor_of(request), note=form.cleaned_data["note"])
        _say_how_many(request, count)
    else:
        _remove_everybody(request, note=form.cleaned_data["note"])
    return redirect("admintool:live", admintool_key)


def _remove_everybody(request: AdminRequest, *, note: str) -> None:
    waits = act_or_ask(
        request.tenant,
        actor=actor_of(request),
        requested_by=request.user,
        kind="forced_exit_of_everybody",
        summary=_("Remove everybody from every meeting"),
        payload={"note": note},
    )
    if waits:
        messages.info(request, _("A second administrator has been asked. Nobody is removed before they agree."))
    else:
        messages.success(request, _("Everybody was removed."))


def _say_how_many(request: AdminRequest, count: int) -> None:
    messages.success(
        request, ngettext("%(count)s person was removed.", "%(count)s people were removed.", count) % {"count": count}
    )
