"""Meeting classes (社外秘 …) and what is in force in a room: the strictest of organisation, class and room.

Everything that decides whether guests may come, whether they wait in the lobby and whether a password is demanded asks
`room_rules`, never the room's own fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import SecuritySettings
from accounts.services.security import settings_of
from conferences.models import MeetingClass, Room
from tenants.context import tenant_context
from tenants.models import Tenant

ORGANISATION = "organisation"
PERMISSIONS = ("guests_allowed", "local_recording_allowed", "chat_copy_allowed")  # strict is: not allowed
DEMANDS = ("lobby_forced", "entry_password_forced")  # strict is: forced

Demanding = SecuritySettings | MeetingClass


@dataclass(frozen=True)
class RoomRules:
    """What is in force in a room. `forced_by` says who takes a choice from its hosts.

    `forced_by`: "guests_allowed", "lobby" or "entry_password" → `ORGANISATION` or the name of the class.
    """

    guests_allowed: bool
    lobby: bool
    entry_password_required: bool
    local_recording_allowed: bool
    chat_copy_allowed: bool
    forced_by: Mapping[str, str] = field(default_factory=dict)


def room_rules(room: Room, *, settings: SecuritySettings | None = None) -> RoomRules:
    """The rules of `room`. For many rooms of one tenant give its `settings`, which spares a query for each."""
    demanding: list[tuple[str, Demanding]] = [(ORGANISATION, settings or settings_of(room.tenant))]
    if room.meeting_class_id is not None:
        found = _class_of(room)
        demanding.append((found.name, found))
    forced_by = _forced_by(demanding)
    return RoomRules(
        guests_allowed=room.guests_allowed and "guests_allowed" not in forced_by,
        lobby=room.lobby or "lobby" in forced_by,
        entry_password_required="entry_password" in forced_by,
        local_recording_allowed=all(each.local_recording_allowed for _who, each in demanding),
        chat_copy_allowed=all(each.chat_copy_allowed for _who, each in demanding),
        forced_by=forced_by,
    )


def lacks_password(room: Room) -> bool:
    """An entry password is demanded and none is set: nobody new gets in."""
    return not room.entry_password and room_rules(room).entry_password_required


def classes_in_use(tenant: Tenant) -> QuerySet[MeetingClass]:
    """What a room can be given, in the administrators' order."""
    found: QuerySet[MeetingClass] = MeetingClass.objects.for_tenant(tenant).filter(retired_at=None)
    return found


def is_laxer(wanted: MeetingClass | None, present: MeetingClass | None) -> bool:
    """Whether the wanted class gives up anything that the present one demands. None demands nothing."""
    return bool(_strict_points(present) - _strict_points(wanted))


def _class_of(room: Room) -> MeetingClass:
    with tenant_context(room.tenant):
        assert room.meeting_class is not None
        return room.meeting_class


def _strict_points(found: MeetingClass | None) -> set[str]:
    if found is None:
        return set()
    forbidden = {name for name in PERMISSIONS if not getattr(found, name)}
    return forbidden | {name for name in DEMANDS if getattr(found, name)}


def _forced_by(demanding: list[tuple[str, Demanding]]) -> dict[str, str]:
    """Who forces what; the organisation is named before the class."""
    found: dict[str, str] = {}
    for who, each in reversed(demanding):
        found |= {} if each.guests_allowed else {"guests_allowed": who}
        found |= {"lobby": who} if each.lobby_forced else {}
        found |= {"entry_password": who} if each.entry_password_forced else {}
    return found
