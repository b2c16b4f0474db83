"""The columns of each log's file."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.reports import ATTENDANCE, BANDWIDTH, EVENTS, LOGINS, MINUTES
from audit.reports.rates import kbps, kbps_of_minute
from audit.reports.sentences import sentence

Value = datetime | str | int | float | None


class Column(NamedTuple):
    heading: Promise
    value: Callable[[Any], Value]


_ROOM = Column(_("Room"), lambda row: row.room_name)
_PERSON = (Column(_("User ID"), lambda row: row.login_id), Column(_("Name"), lambda row: row.name))
_ADDRESS = Column(_("IP address"), lambda row: row.ip_address)
_BYTES = (Column(_("Bytes in"), lambda row: row.bytes_in), Column(_("Bytes out"), lambda row: row.bytes_out))
_STAY = (
    Column(_("Joined at"), lambda row: row.joined_at),
    Column(_("Left at"), lambda row: row.left_at),
    Column(_("Seconds"), lambda row: int((row.left_at - row.joined_at).total_seconds()) if row.left_at else None),
    _ROOM,
    *_PERSON,
    Column(_("Guest"), lambda row: gettext("yes") if row.is_guest else gettext("no")),
    _ADDRESS,
)
_EVENT = (
    Column(_("Number"), lambda row: row.seq),
    Column(_("Time"), lambda row: row.occurred_at),
    Column(_("What"), lambda row: sentence(row)),
    Column(_("Who"), lambda row: row.actor_name),
    Column(_("To whom or what"), lambda row: row.target_name),
    _ADDRESS,
    Column(_("Event"), lambda row: row.action),
    Column(_("Details"), lambda row: json.dumps(row.details, ensure_ascii=False) if row.details else ""),
    Column(_("Event ID"), lambda row: row.public_id),
    Column(_("Hash"), lambda row: row.hash),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    ATTENDANCE.name: (
        *_STAY,
        Column(_("Reason for leaving"), lambda row: row.get_leave_reason_display()),
        Column(_("Ended by"), lambda row: row.ended_by),
        Column(_("Reconnects"), lambda row: row.reconnects),
        *_BYTES,
        Column(_("Browser"), lambda row: row.user_agent),
        Column(_("Meeting"), lambda row: row.meeting_id),
    ),
    BANDWIDTH.name: (
        *_STAY,
        *_BYTES,
        Column(_("kbps in (average)"), lambda row: kbps(row).incoming),
        Column(_("kbps out (average)"), lambda row: kbps(row).outgoing),
        Column(_("Meeting"), lambda row: row.meeting_id),
    ),
    MINUTES.name: (
        Column(_("Minute"), lambda row: row.minute),
        _ROOM,
        *_PERSON,
        _ADDRESS,
        *_BYTES,
        Column(_("kbps in"), lambda row: kbps_of_minute(row).incoming),
        Column(_("kbps out"), lambda row: kbps_of_minute(row).outgoing),
        Column(_("Packets in"), lambda row: row.packets_in),
        Column(_("Packets out"), lambda row: row.packets_out),
    ),
    EVENTS.name: _EVENT,
    LOGINS.name: _EVENT,
}
