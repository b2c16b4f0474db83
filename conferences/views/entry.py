"""The step between the join page and the meeting, the same for users and guests."""

from math import ceil

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.network import client_ip
from conferences.errors import TooManyAttempts, WrongEntryPassword
from conferences.forms import EntryForm
from conferences.models import Room
from conferences.services.entry import check_entry_password

SESSION_KEY = "entry"


def stamp_for(form: EntryForm, room: Room, request: HttpRequest, *, subject: str) -> str | None:
    """The stamp that opens the meeting page; None when the form is to be shown again, with its error in it."""
    if not form.is_valid():
        return None
    try:
        return check_entry_password(room, password=form.password, subject=subject, ip=client_ip(request))
    except WrongEntryPassword:
        form.add_error("room_password", _("The room password is not correct."))
    except TooManyAttempts as error:
        form.add_error("room_password", wait_message(ceil(error.retry_after)))
    return None


def wait_message(seconds: int) -> str:
    sentence = ngettext(
        "Too many wrong attempts. Try again in %(seconds)d second.",
        "Too many wrong attempts. Try again in %(seconds)d seconds.",
        seconds,
    )
    return sentence % {"seconds": seconds}


def remember_stamp(session: SessionBase, room: Room, stamp: str) -> None:
    session[SESSION_KEY] = {**session.get(SESSION_KEY, {}), room.public_id: stamp}


def remembered_stamp(session: SessionBase, room: Room) -> str:
    return session.get(SESSION_KEY, {}).get(room.public_id, "")
