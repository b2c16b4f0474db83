"""From two looks at a meeting to what its clients must be told. No I/O."""

from collections.abc import Callable, Iterator

from conferences.signalling.data import ParticipantView
from conferences.signalling.messages import base, server
from conferences.signalling.roster import Roster

View = Callable[[str], ParticipantView]


def roster_changes(before: Roster, after: Roster, view: View) -> Iterator[base.ServerMessage]:
    """For everybody in the meeting: who left, who came, who changed, whether it stands still."""
    if before.is_frozen != after.is_frozen:
        yield server.FreezeChanged(frozen=after.is_frozen)
    for participant_id in before.participants.keys() - after.participants.keys():
        reason = after.left.get(participant_id) or "left"
        yield server.ParticipantLeft(participant=participant_id, reason=reason)
    for participant_id, present in after.participants.items():
        if participant_id not in before.participants:
            yield server.ParticipantJoined(participant=view(participant_id))
        elif before.participants[participant_id] != present:
            yield server.ParticipantUpdated(participant=view(participant_id))


def host_changes(before: Roster | None, after: Roster) -> Iterator[base.ServerMessage]:
    """For hosts: who waits and who is barred. All of it for somebody who has just become host (`before` None)."""
    if before is None or before.waiting != after.waiting:
        yield server.WaitingChanged(waiting=after.waiting)
    if before is None or before.barred != after.barred:
        yield server.BarredChanged(barred=after.barred)


def farewell(reason: str, *, was_waiting: bool) -> tuple[base.ServerMessage | None, int]:
    """The last message and the close code for a socket whose participant has left for `reason`."""
    if reason == "meeting_ended":
        return server.MeetingEnded(reason=reason), 4410
    if reason == "duplicate":
        return server.Removed(reason=reason), 4409
    if was_waiting and reason == "removed":
        return server.Error(code="not_allowed", fatal=True), 4403
    if reason in ("removed", "revoked", "media_failed"):
        return server.Removed(reason=reason), 4403
    if reason == "left":
        return None, 1000
    return None, 1012  # swept or reaped although the socket is open: the client comes back at once
