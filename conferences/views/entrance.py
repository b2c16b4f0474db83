"""A user's way in: the join page, then the meeting page."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control

from accounts.access import MemberRequest, member_page, opens_own_context
from conferences.forms import EntryForm
from conferences.models import Room
from conferences.services.classes import lacks_password
from conferences.services.entry import entry_is_valid
from conferences.services.guests import ensure_device
from conferences.services.rooms import live_occupancy, may_edit
from conferences.views.entry import remember_stamp, remembered_stamp, stamp_for
from conferences.views.lookup import visible_room
from tenants.context import tenant_context


@cache_control(no_store=True)
@member_page
@opens_own_context
def join(request: MemberRequest, tenant_slug: str, room_id: str) -> HttpResponse:
    with tenant_context(request.tenant):
        room = visible_room(request, room_id)
    form = EntryForm(request.POST if request.method == "POST" else None, ask_password=bool(room.entry_password))
    stamp = stamp_for(form, room, request, subject=f"user:{request.user.public_id}")
    if stamp is None:
        with tenant_context(request.tenant):
            inside = live_occupancy([room]).get(room.pk, [])
            door = {"closed": lacks_password(room), "may_edit": may_edit(room, request.user)}
            return render(request, "conferences/join.html", {"room": room, "form": form, "inside": inside, **door})
    remember_stamp(request.session, room, stamp)
    return redirect("meeting", tenant_slug, room_id)


@cache_control(no_store=True)
@member_page
def meeting(request: MemberRequest, tenant_slug: str, room_id: str) -> HttpResponse:
    """The page that opens the socket. The browser gets its id here: a bar keeps it from coming back as a guest."""
    room = visible_room(request, room_id)
    if not entry_is_valid(room, remembered_stamp(request.session, room)):
        return redirect("join", tenant_slug, room_id)
    data = meeting_data(
        room,
        tenant=tenant_slug,
        identity="user",
        name=request.user.name,
        leave_url=reverse("rooms", args=[tenant_slug]),
    )
    response = render(request, "conferences/meeting.html", {"room": room, "meeting_data": data})
    ensure_device(request, response)
    return response


def meeting_data(room: Room, *, tenant: str | None, identity: str, name: str, leave_url: str) -> dict[str, object]:
    """What the meeting client starts from; `identity` is `user` or `guest` (docs/signalling.md)."""
    return {
        "room": {"id": room.public_id, "name": room.name},
        "tenant": tenant,
        "as": identity,
        "websocket": f"/ws/meetings/{room.public_id}/?as={identity}",
        "leave_url": leave_url,
        "name": name,
        "video_codecs": settings.VIDEO_CODECS,
    }
