"""Finding what an address names. Unknown, foreign and closed are the same 404."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from conferences.models import Room
from conferences.services.rooms import may_edit, rooms_for


def visible_room(request: MemberRequest, room_id: str) -> Room:
    """The room, when the user may enter it."""
    return get_object_or_404(rooms_for(request.user), public_id=room_id)


def editable_room(request: MemberRequest, room_id: str) -> Room:
    """The room, when its settings are the user's to change."""
    room = visible_room(request, room_id)
    if not may_edit(room, request.user):
        raise Http404
    return room
