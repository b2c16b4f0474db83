"""Joining a meeting, and coming back to one.

What a resume token does: it says "I am the same tab as before". Without it a visitor who is already in is a second
tab, and the newer one takes over. The token is 256 random bits behind the media epoch it was given in, stored hashed,
replaced at each use and bound to participant and login.

| the visitor's present row | token | what happens |
|---|---|---|
| none | none, unknown, of a lost stay | joins anew |
| any | current | goes on; media goes on if the epoch is still the same |
| socket lost | none or spent, same login or device | goes on, media anew (a reload) |
| socket lost | none, elsewhere | `duplicate`: the old stay ends, a new one begins |
| connected | spent | `duplicate`: whoever shows it is refused |
| connected | none | the newer tab takes over; a pass on another device is `pass_in_use` |
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.locks import share_access
from accounts.models import User
from audit.attendance import note_reconnect
from audit.events import SYSTEM, record_event
from audit.models import LeaveReason
from conferences.errors import (
    Barred,
    Duplicate,
    LoginRequired,
    MeetingEnded,
    MeetingFrozen,
    PassInUse,
    PasswordRequired,
    ResumeRefused,
    RoomNotFound,
)
from conferences.models import GuestPass, Meeting, Participant, ParticipantRole, ParticipantState, Room
from conferences.services.bars import bars_on
from conferences.services.entry import entry_is_valid
from conferences.services.guests import pass_is_valid
from conferences.services.identity import Visitor
from conferences.services.limits import may_show
from conferences.services.meetings import let_in, live_meeting, lock_room, require_place, settle, take_out
from conferences.services.restricting import require_allowed
from conferences.services.roles import host_of, lobby_is_on
from tenants.ids import hash_secret, new_secret

NO_SCREEN = {"screen": True, "screen_audio": True}  # as in `Participant.muted`: a new page shares nothing yet


@dataclass(frozen=True)
class Entrance:
    """What a join came to. `participant` may be waiting.

    `is_back`: the stay was there before. `media_goes_on`: the same tab is back, in the same media epoch. `token`: for
    the next time; empty for somebody who waits.
    """

    participant: Participant
    is_back: bool
    media_goes_on: bool
    token: str


@transaction.atomic
def join_meeting(visitor: Visitor, *, resume: str | None, microphone: bool, camera: bool, now: datetime) -> Entrance:
    """Bring a visitor into the room's meeting, which begins with its first one. Raises a MeetingError."""
    share_access(visitor.tenant)
    _check_identity(visitor, now=now)
    room = lock_room(visitor.room.pk)
    if room.closed_at is not None:
        raise RoomNotFound
    _check_bars(visitor, room)
    require_allowed(room, user=visitor.user, guest_pass=visitor.guest_pass, ip_address=visitor.ip_address, now=now)
    token_hash = hash_secret(resume) if resume else ""
    _check_token(visitor, room, token_hash)
    meeting = live_meeting(room)
    present = _present_row(visitor, meeting)
    is_back = is_same_tab = False
    if present is not None and _goes_on(visitor, present, token_hash):
        is_back, is_same_tab = True, token_hash == present.resume_hash
        muted = {"microphone": not microphone, "camera": not camera, **({} if is_same_tab else NO_SCREEN)}
        participant = _come_back(present, visitor, muted=muted, now=now)
    else:
        if present is not None:
            take_out(present, reason=LeaveReason.DUPLICATE, actor=SYSTEM, left_at=now)
        participant = _enter(visitor, room, meeting, microphone=microphone, camera=camera, now=now)
    settle(participant.meeting, now=now)
    if visitor.user is not None or participant.state == ParticipantState.WAITING:  # host by now, or let in
        participant.refresh_from_db(fields=["state", "role", "joined_at", "admitted_at"])
    same_epoch = _epoch_of(resume or "") == participant.meeting.epoch
    issue = issue_resume_token if is_back else _issue_token  # nobody else has seen the row of somebody new
    token = issue(participant) if participant.state == ParticipantState.JOINED else ""
    return Entrance(participant, is_back=is_back, media_goes_on=is_same_tab and same_epoch, token=token)


@transaction.atomic
def issue_resume_token(participant: Participant) -> str:
    """A new token for somebody who is in; the one before is spent."""
    rows = Participant.objects.select_for_update(no_key=True, of=("self",)).select_related("meeting")
    return _issue_token(rows.get(pk=participant.pk))


def _issue_token(locked: Participant) -> str:
    """The caller holds the participant's row, as it is now."""
    token = f"{locked.meeting.epoch}.{new_secret()}"
    locked.spent_resume_hash, locked.resume_hash = locked.resume_hash, hash_secret(token)
    locked.save(update_fields=["spent_resume_hash", "resume_hash"])
    return token


def _epoch_of(token: str) -> int:
    head, _, _ = token.partition(".")
    return int(head) if head.isascii() and head.isdecimal() and len(head) < 10 else 0


def _check_identity(visitor: Visitor, *, now: datetime) -> None:
    """Hold the user's or the pass's row, so that a revocation comes before this join (it is refused) or sees it."""
    if visitor.user is not None:
        user = User.objects.select_for_update(no_key=True).filter(pk=visitor.user.pk, is_active=True).first()
        if user is None or not user.tenant.is_active:
            raise LoginRequired
        return
    assert visitor.guest_pass is not None
    rows = GuestPass.objects.filter(pk=visitor.guest_pass.pk)
    rows.select_for_update(no_key=True).values_list("pk").get()  # first: who waits reads what is joined as of before
    guest_pass = rows.select_related("room__tenant", "created_by").get()
    guest_pass.tenant = guest_pass.room.tenant
    if not pass_is_valid(guest_pass, now=now):
        raise LoginRequired


def _check_bars(visitor: Visitor, room: Room) -> None:
    user_pk = visitor.user.pk if visitor.user is not None else None
    guest_pass_pk = visitor.guest_pass.pk if visitor.guest_pass is not None else None
    if bars_on(room, user_pk=user_pk, guest_pass_pk=guest_pass_pk, device=visitor.device).exists():
        raise Barred


def _check_token(visitor: Visitor, room: Room, token_hash: str) -> None:
    """A token of somebody else is refused; one of a meeting that was ended does not begin the next."""
    if not token_hash:
        return
    known = Q(resume_hash=token_hash) | Q(spent_resume_hash=token_hash)
    holder = Participant.objects.filter(known, meeting__room=room).order_by("-pk").first()
    if holder is None:
        return
    if not _is_same_person(visitor, holder) or holder.login_key != visitor.login_key:
        raise ResumeRefused
    if holder.leave_reason == LeaveReason.MEETING_ENDED:
        raise MeetingEnded


def _is_same_person(visitor: Visitor, participant: Participant) -> bool:
    if visitor.user is not None:
        return bool(participant.user_id == visitor.user.pk)
    assert visitor.guest_pass is not None
    return bool(participant.guest_pass_id == visitor.guest_pass.pk)


def _present_row(visitor: Visitor, meeting: Meeting | None) -> Participant | None:
    """The visitor's own row in the meeting, waiting or in. There is at most one: a constraint says so."""
    if meeting is None:
        return None
    people = Participant.objects.filter(meeting=meeting, left_at=None)
    people = people.select_related("meeting__room__tenant", "user", "guest_pass")
    whose = Q(user=visitor.user) if visitor.user is not None else Q(guest_pass=visitor.guest_pass)
    found: Participant | None = people.filter(whose).one()
    return found


def _goes_on(visitor: Visitor, present: Participant, token_hash: str) -> bool:
    """Whether the visitor goes on as `present`; if not, a new row replaces it. Raises Duplicate, PassInUse."""
    if token_hash and token_hash == present.resume_hash:
        return True
    if present.disconnected_at is not None:
        return _is_same_place(visitor, present)
    if token_hash and token_hash == present.spent_resume_hash:
        raise Duplicate
    if visitor.user is None and not _is_same_place(visitor, present):
        raise PassInUse
    return False


def _is_same_place(visitor: Visitor, participant: Participant) -> bool:
    if visitor.user is not None:
        return bool(participant.login_key == visitor.login_key)
    return bool(visitor.device and participant.device == visitor.device)


def _come_back(participant: Participant, visitor: Visitor, *, muted: dict[str, bool], now: datetime) -> Participant:
    """The socket is back. `muted`: what the client says of its sources; what a host has switched off stays off."""
    participant.disconnected_at = None
    participant.last_seen_at = now
    participant.login_key = visitor.login_key
    participant.ip_address = visitor.ip_address  # restrictions go by where somebody is now
    participant.muted_by_host = [each for each in participant.muted_by_host if not muted.get(each)]
    muted = {**muted, **dict.fromkeys(participant.muted_by_host, True)}  # the client has not heard of it yet
    was_off = participant.muted.get("camera") is not False
    if was_off and not muted["camera"] and not may_show(participant, participant.meeting.room, "camera"):
        muted = {**muted, "camera": True}
    participant.muted = {**participant.muted, **muted}
    changed = ["disconnected_at", "last_seen_at", "login_key", "ip_address", "muted", "muted_by_host"]
    participant.save(update_fields=changed)
    if participant.state == ParticipantState.JOINED:
        note_reconnect(participant.public_id, now=now)
    return participant


def _enter(
    visitor: Visitor, room: Room, meeting: Meeting | None, *, microphone: bool, camera: bool, now: datetime
) -> Participant:
    if not entry_is_valid(room, visitor.stamp):
        raise PasswordRequired
    meeting = meeting or _begin(room, now=now)
    if meeting.is_frozen:
        raise MeetingFrozen
    waits = visitor.user is None and (host_of(meeting) is None or lobby_is_on(meeting, room))
    participant = Participant.objects.create(
        tenant=room.tenant,
        meeting=meeting,
        user=visitor.user,
        guest_pass=visitor.guest_pass,
        device=visitor.device,
        login_key=visitor.login_key,
        name=visitor.name,
        role=ParticipantRole.GUEST if visitor.user is None else ParticipantRole.MEMBER,
        state=ParticipantState.WAITING,
        joined_at=now,
        last_seen_at=now,
        ip_address=visitor.ip_address,
        user_agent=visitor.user_agent,
        muted={"microphone": not microphone, "camera": not camera, **NO_SCREEN},
    )
    if not waits:
        require_place(participant, room, now=now)
        let_in(participant, now=now)
    return participant


def _begin(room: Room, *, now: datetime) -> Meeting:
    meeting = Meeting.objects.create(tenant=room.tenant, room=room, started_at=now)
    record_event(
        room.tenant,
        "meeting_started",
        target_type="room",
        target_id=room.public_id,
        target_name=room.name,
        details={"meeting": meeting.public_id},
        now=now,
    )
    return meeting
