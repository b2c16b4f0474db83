"""The room list with the user's own history, and the pages to make and change a room."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, member_page, opens_own_context
from accounts.actors import actor_of
from accounts.services.security import settings_of
from conferences.forms import RoomForm
from conferences.services import rooms
from conferences.services.classes import lacks_password, room_rules
from conferences.services.live import my_attendance
from conferences.views.lookup import editable_room
from tenants.context import tenant_context

HISTORY_ROWS = 10


@member_page
def room_list(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    user = request.user
    found = list(rooms.rooms_for(user))
    inside, demanded = rooms.live_occupancy(found), settings_of(request.tenant)
    cards = [
        {
            "room": room,
            "inside": inside.get(room.pk, []),
            "may_edit": rooms.may_edit(room, user),
            "rules": room_rules(room, settings=demanded),
        }
        for room in found
    ]
    history = Paginator(my_attendance(user, now=timezone.now()), HISTORY_ROWS).get_page(request.GET.get("page"))
    return render(request, "conferences/rooms.html", {"cards": cards, "history": history})


@member_page
@opens_own_context
def create(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    user = request.user
    with tenant_context(request.tenant):
        form = RoomForm(request.POST or None, tenant=request.tenant, initial={"hosts": [user.pk]})
        if not form.is_valid():
            return render(request, "conferences/room_form.html", {"form": form})
    password = form.new_entry_password or ""
    try:
        room = rooms.create_room(
            request.tenant, actor=actor_of(request), creator=user, entry_password=password, **form.settings
        )
    except ValidationError as error:
        form.add_error(None, error)
        with tenant_context(request.tenant):
            return render(request, "conferences/room_form.html", {"form": form})
    messages.success(request, _("The room “%(name)s” is ready.") % {"name": room.name})
    return redirect("rooms", tenant_slug)


@member_page
@opens_own_context
def edit(request: MemberRequest, tenant_slug: str, room_id: str) -> HttpResponse:
    with tenant_context(request.tenant):
        room = editable_room(request, room_id)
        shown = {"room": room, "closed": lacks_password(room)}
        form = RoomForm(request.POST or None, tenant=request.tenant, instance=room)
        if not form.is_valid():
            return render(request, "conferences/room_form.html", {"form": form, **shown})
    try:
        with tenant_context(request.tenant):
            rooms.edit_room(room, actor=actor_of(request), may_loosen=request.user.is_admin, **form.settings)
        if form.new_entry_password is not None:
            rooms.set_entry_password(room, actor=actor_of(request), password=form.new_entry_password)
    except ValidationError as error:
        form.add_error(None, error)
        with tenant_context(request.tenant):
            return render(request, "conferences/room_form.html", {"form": form, **shown})
    messages.success(request, _("The changes are saved."))
    return redirect("rooms", tenant_slug)


@require_POST
@member_page
def close(request: MemberRequest, tenant_slug: str, room_id: str) -> HttpResponse:
    room = editable_room(request, room_id)
    rooms.close_room(room, actor=actor_of(request))
    messages.success(request, _("The room “%(name)s” is closed.") % {"name": room.name})
    return redirect("rooms", tenant_slug)
