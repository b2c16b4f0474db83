"""Finding what an address names. Unknown, foreign and closed are the same 404."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from conferences.models import Room
from conferences.services.rooms import may_edit, rooms_for


def visible_room(request: HttpRequest, room_id: str) -> Room:
    """The room, when the user may enter it."""
    return get_object_or_404(rooms_for(signed_in(request)), public_id=room_id)


def editable_room(request: HttpRequest, room_id: str) -> Room:
    """The room, when its settings are the user's to change."""
    room = visible_room(request, room_id)
    if not may_edit(room, signed_in(request)):
        raise Http404
    return room


def signed_in(request: HttpRequest) -> User:
    """The user of a page behind `member_page`."""
    assert isinstance(request.user, User)
    return request.user
