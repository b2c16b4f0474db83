"""Steering running meetings: end, freeze, let go on, mute."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page
from conferences.errors import UnknownParticipant
from conferences.models import Meeting, Participant
from conferences.services.freezing import freeze_meeting, unfreeze_meeting
from conferences.services.live import live_participants
from conferences.services.meetings import end_meeting
from conferences.services.muting import mute_microphone


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: AdminRequest, admintool_key: str, meeting_id: str) -> HttpResponse:
    meeting = _meeting(request, meeting_id)
    if request.method != "POST":
        inside = live_participants(request.tenant).filter(meeting=meeting)
        return render(request, "admintool/meeting_end.html", {"meeting": meeting, "inside": inside})
    end_meeting(meeting, actor=actor_of(request))
    messages.success(request, _("The meeting in %(room)s has ended.") % {"room": meeting.room.name})
    return redirect("admintool:live", admintool_key)


@admintool_page
@require_POST
def freeze(request: AdminRequest, admintool_key: str, meeting_id: str) -> HttpResponse:
    meeting = _meeting(request, meeting_id)
    freeze_meeting(meeting, actor=actor_of(request))
    messages.success(request, _("The meeting in %(room)s stands still.") % {"room": meeting.room.name})
    return redirect("admintool:live", admintool_key)


@admintool_page
@require_POST
def unfreeze(request: AdminRequest, admintool_key: str, meeting_id: str) -> HttpResponse:
    meeting = _meeting(request, meeting_id)
    unfreeze_meeting(meeting, actor=actor_of(request))
    messages.success(request, _("The meeting in %(room)s goes on.") % {"room": meeting.room.name})
    return redirect("admintool:live", admintool_key)


@admintool_page
@require_POST
def mute(request: AdminRequest, admintool_key: str, participant_id: str) -> HttpResponse:
    people = Participant.objects.for_tenant(request.tenant).select_related("meeting")
    participant = get_object_or_404(people, public_id=participant_id)
    try:
        mute_microphone(participant, actor=actor_of(request))
    except UnknownParticipant as error:
        raise Http404 from error
    messages.success(request, _("The microphone of %(name)s was switched off.") % {"name": participant.name})
    return redirect("admintool:live", admintool_key)


def _meeting(request: AdminRequest, meeting_id: str) -> Meeting:
    meetings = Meeting.objects.for_tenant(request.tenant).select_related("room__tenant")
    return get_object_or_404(meetings, public_id=meeting_id)
