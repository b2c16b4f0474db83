"""A guest's way in: the link's page, then the meeting page. The link is a secret: these pages lead nowhere outside."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control

from conferences.forms import GuestEntryForm
from conferences.models import GuestPass, Room
from conferences.services import guests
from conferences.services.classes import lacks_password
from conferences.services.entry import entry_is_valid
from conferences.services.rooms import live_occupancy
from conferences.views.entrance import meeting_data
from conferences.views.entry import stamp_for
from tenants.context import tenant_context


@cache_control(no_store=True)
def join(request: HttpRequest, guest_pass: str) -> HttpResponse:
    """GET uses nothing up; POST trades the pass for a grant in the guest's own cookie."""
    found = guests.find_guest_pass(guest_pass)
    if found is None:
        raise Http404
    return answer(request, found)


def answer(request: HttpRequest, guest_pass: GuestPass) -> HttpResponse:
    """Outside of a `tenant_context` while a password is checked."""
    room = guest_pass.room
    form = GuestEntryForm(
        request.POST if request.method == "POST" else None,
        ask_password=bool(room.entry_password),
        initial={"display_name": guest_pass.name},
    )
    stamp = stamp_for(form, room, request, subject=f"pass:{guest_pass.public_id}")
    if stamp is None:
        with tenant_context(guest_pass.tenant):
            crowd = len(live_occupancy([room]).get(room.pk, []))
            door = {"room": room, "form": form, "crowd": crowd, "closed": lacks_password(room)}
            return render(request, "conferences/guest_join.html", door)
    response = redirect("guest-meeting", room.public_id)
    guests.ensure_device(request, response)
    guests.issue_grant(response, guest_pass=guest_pass, display_name=form.cleaned_data["display_name"], stamp=stamp)
    return response


@cache_control(no_store=True)
def meeting(request: HttpRequest, room_id: str) -> HttpResponse:
    """The meeting page for who holds a grant. A grant whose entry password has changed since needs the link again."""
    grant = guests.read_grant(request.COOKIES)
    guest_pass = guests.find_granted_pass(grant) if grant else None
    if grant is None or guest_pass is None or guest_pass.room.public_id != room_id:
        raise Http404
    with tenant_context(guest_pass.tenant):
        return show_meeting(request, guest_pass.room, grant)


def show_meeting(request: HttpRequest, room: Room, grant: guests.Grant) -> HttpResponse:
    if not entry_is_valid(room, grant.stamp):
        return render(request, "conferences/guest_again.html", {"room": room}, status=403)
    data = meeting_data(room, tenant=None, identity="guest", name=grant.display_name, leave_url=reverse("guest-left"))
    return render(request, "conferences/meeting.html", {"room": room, "meeting_data": data})


@cache_control(no_store=True)
def left(request: HttpRequest) -> HttpResponse:
    """Where a guest lands after the meeting; the way back in while the grant lasts."""
    grant = guests.read_grant(request.COOKIES)
    guest_pass = guests.find_granted_pass(grant) if grant else None
    return render(request, "conferences/guest_left.html", {"room": guest_pass.room if guest_pass else None})
