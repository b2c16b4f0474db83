"""Carrying out MeetingCommand rows: what the media workers must do because of something another process wrote.

Every step may be repeated, so a crash between doing and stamping does no harm. A command whose worker does not answer
stays open: when its meeting is placed anew the bars go along, and then there is nothing left to do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import structlog
from channels.db import database_sync_to_async
from django.utils import timezone

from conferences.errors import MeetingError
from conferences.lookups import TENANTS_WITH_ORDERS
from conferences.media import Media
from conferences.models import Meeting, MeetingCommand
from conferences.services.commands import GIVE_UP_AFTER, mark_done, open_commands
from conferences.services.limits import RouterLimits, router_limits
from conferences.services.revocation import carry_out_revocation
from tenants.context import tenant_context

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 200  # of a tenant

Kind = MeetingCommand.Kind
T = TypeVar("T")


async def carry_out_orders(media: Media) -> None:
    """Do what is open, of all meetings whose workers answer this process."""
    commands = await database_sync_to_async(_open)(list(media.workers.live))
    await asyncio.gather(*(_carry_out(media, command) for command in commands))


async def _carry_out(media: Media, command: MeetingCommand) -> None:
    try:
        if await _do(media, command) or timezone.now() - command.created_at > GIVE_UP_AFTER:
            await database_sync_to_async(_mark_done)(command, timezone.now())
    except MeetingError as error:
        log.warning("command_waits", command=command.public_id, kind=command.kind, code=error.code)


async def _do(media: Media, command: MeetingCommand) -> bool:
    """Whether it is done; False while the meeting's worker does not answer. Raises MediaUnavailable, MediaRefused."""
    meeting_id = command.meeting.public_id
    worker = command.meeting.worker.name if command.meeting.worker is not None else ""
    if command.kind == Kind.REVOKE:
        for participant_id in await database_sync_to_async(_revoke)(command):
            await media.detach(meeting_id, participant_id, reason="revoked")
        return not worker or worker in media.workers.live  # the socket is closed either way
    if not worker:
        return True
    if worker not in media.workers.live:
        return False
    if command.kind == Kind.REMOVE:
        await media.routers.bar(worker, meeting_id, command.payload["subjects"])
    elif command.kind == Kind.READMIT:
        await media.routers.unbar(worker, meeting_id, command.payload["subjects"])
    elif command.kind in (Kind.FREEZE, Kind.UNFREEZE):
        await _tell(command, _is_frozen, lambda frozen: media.routers.freeze(worker, meeting_id, frozen=frozen))
    elif command.kind == Kind.LIMIT:
        await _tell(command, _limits, lambda limits: media.routers.set_limits(worker, meeting_id, limits))
    elif command.kind == Kind.END:
        for participant_id in media.peers_of(meeting_id):
            await media.detach(meeting_id, participant_id, reason="meeting_ended")
        await media.routers.close(worker, meeting_id, reason="meeting_ended")
    return True


async def _tell(command: MeetingCommand, read: Callable[[Meeting], T], say: Callable[[T], Awaitable[None]]) -> None:
    """Say what holds, again while it changes: another process may be carrying out a later order of the meeting."""
    holds = database_sync_to_async(_read)
    wanted = await holds(command, read)
    while True:
        await say(wanted)
        said, wanted = wanted, await holds(command, read)
        if said == wanted:
            return


def _read(command: MeetingCommand, read: Callable[[Meeting], T]) -> T:
    with tenant_context(command.tenant):
        return read(Meeting.objects.select_related("room__tenant").get(pk=command.meeting_id))


def _is_frozen(meeting: Meeting) -> bool:
    return meeting.is_frozen


def _limits(meeting: Meeting) -> RouterLimits:
    return router_limits(meeting.room)


def _open(workers: list[str]) -> list[MeetingCommand]:
    found: list[MeetingCommand] = []
    for tenant in TENANTS_WITH_ORDERS.tenants():
        with tenant_context(tenant):
            found += open_commands(tenant, workers=workers, now=timezone.now())[:MOST_AT_ONCE]
    return found


def _revoke(command: MeetingCommand) -> list[str]:
    with tenant_context(command.tenant):
        return carry_out_revocation(command)


def _mark_done(command: MeetingCommand, now: datetime) -> None:
    with tenant_context(command.tenant):
        mark_done(command, now=now)
