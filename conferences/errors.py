"""What can be refused in a meeting.

    MeetingError                 code `internal`
     ├─ RoomNotFound             unknown, closed or foreign room: one answer for all
     ├─ LoginRequired            no login, no guest grant, or no longer valid
     ├─ PasswordRequired         the room's entry password was not given, or has changed since
     ├─ WrongEntryPassword       the given one is wrong
     ├─ TooManyAttempts          wrong passwords too fast; `retry_after` in seconds
     ├─ MeetingFull, TenantFull, MediaFull: one limit more has been reached
     ├─ TooManyPublishers, BitrateLimit: a camera or screen stays off
     ├─ MeetingFrozen, MeetingEnded, Barred, PassInUse, ResumeRefused
     ├─ Duplicate                a spent resume token was shown while its owner is in
     ├─ NotAllowed               the role does not permit it
     ├─ UnknownParticipant, UnknownBar
     ├─ TooManyTests             of the network, by one person, from one address or at all
     ├─ NotJoined, AlreadyJoined
     └─ MediaUnavailable, MediaRefused

`code` is stable: it goes over the wire and the client translates it (docs/signalling.md). Server prose never reaches
a screen.
"""

from typing import ClassVar


class MeetingError(Exception):
    """Base of the tree. `close_code` is the WebSocket's when the refusal ends it, else None."""

    code: ClassVar[str] = "internal"
    close_code: ClassVar[int | None] = None

    def __init__(self) -> None:
        super().__init__(self.code)


class RoomNotFound(MeetingError):
    code = "room_not_found"
    close_code = 4404


class LoginRequired(MeetingError):
    code = "login_required"
    close_code = 4401


class PasswordRequired(MeetingError):
    code = "password_required"
    close_code = 4403


class WrongEntryPassword(MeetingError):
    code = "wrong_password"


class TooManyAttempts(MeetingError):
    code = "too_many_attempts"

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class MeetingFull(MeetingError):
    code = "meeting_full"
    close_code = 4403


class TenantFull(MeetingError):
    """As many people of the organisation are in meetings as the operator allows."""

    code = "tenant_full"
    close_code = 4403


class MediaFull(MeetingError):
    """The media worker of the meeting, or the least loaded for a new one, cannot carry one more."""

    code = "media_full"
    close_code = 4403


class TooManyPublishers(MeetingError):
    """As many cameras and screens are on as the room or the organisation may have."""

    code = "too_many_publishers"


class BitrateLimit(MeetingError):
    """One more camera or screen could send more than the room or the organisation may."""

    code = "bitrate_limit"


class MeetingFrozen(MeetingError):
    """Nobody comes in and nobody speaks until the meeting goes on."""

    code = "meeting_frozen"
    close_code = 4403


class MeetingEnded(MeetingError):
    code = "meeting_ended"
    close_code = 4410


class Barred(MeetingError):
    code = "barred"
    close_code = 4403


class Restricted(MeetingError):
    """A restriction of the organisation forbids it. `rule` is its name, for the log: it is not told to the person."""

    code = "restricted"
    close_code = 4403

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule


class PassInUse(MeetingError):
    code = "pass_in_use"
    close_code = 4403


class ResumeRefused(MeetingError):
    code = "resume_refused"
    close_code = 4403


class Duplicate(MeetingError):
    code = "duplicate"
    close_code = 4409


class NotAllowed(MeetingError):
    code = "not_allowed"


class UnknownParticipant(MeetingError):
    code = "unknown_participant"


class UnknownBar(MeetingError):
    code = "unknown_participant"


class TooManyTests(MeetingError):
    code = "too_fast"
    close_code = 4429


class NotJoined(MeetingError):
    code = "not_joined"


class AlreadyJoined(MeetingError):
    code = "already_joined"


class MediaUnavailable(MeetingError):
    """No media worker is live, or the one that holds the meeting does not answer."""

    code = "media_unavailable"


class MediaRefused(MeetingError):
    """A media worker refused a request; `code` is the protocol's when the client may see it, else `internal`."""

    PASSED_ON: ClassVar[frozenset[str]] = frozenset(
        (
            *("bad_sdp", "sdp_too_large", "too_many_publications", "too_many_publishers", "bitrate_limit"),
            *("stale_revision", "barred"),
        )
    )

    TOO_LATE: ClassVar[str] = "unknown_transport"  # an answer to a transport that the client has replaced

    def __init__(self, worker_code: str) -> None:
        super().__init__()
        self.worker_code = worker_code
        passed_on = "stale_revision" if worker_code == self.TOO_LATE else worker_code
        self.code = passed_on if passed_on in self.PASSED_ON else "internal"  # type: ignore[misc]
