"""What each message does. One function per type; the consumer looks it up in `ACTIONS`.

An action raises MeetingError to refuse: the consumer sends it as `error`. Facts that others must learn are written to
the database, and reach them through the roster.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from audit.models import LeaveReason
from conferences.errors import NotJoined
from conferences.models import Participant
from conferences.services import hosting, presence
from conferences.services.limits import VIDEO_MBPS
from conferences.services.meetings import leave_meeting
from conferences.signalling.connection import Connection, Stage
from conferences.signalling.hub import Hub
from conferences.signalling.messages import base, client, server
from conferences.signalling.roster import iso
from tenants.context import tenant_context
from tenants.ids import new_public_id
from tenants.models import Tenant

Action = Callable[[Hub, Connection, Any], Awaitable[None]]


async def perform(hub: Hub, connection: Connection, message: base.ClientMessage) -> None:
    """Carry out one message. Raises MeetingError."""
    if connection.stage is Stage.OVER:
        return
    if not isinstance(message, client.Join | client.Ping | client.Leave) and connection.stage is not Stage.JOINED:
        raise NotJoined
    await ACTIONS[message.type](hub, connection, message)


async def _join(hub: Hub, connection: Connection, message: client.Join) -> None:
    await hub.join(connection, message)


async def _publish(hub: Hub, connection: Connection, message: client.Publish) -> None:
    answer = await _negotiate(
        hub, connection, "publish", transport_id=message.transport_id, sdp=message.sdp, sources=message.sources
    )
    connection.send(server.Published(transport_id=message.transport_id, sdp=answer["sdp"], request=message.request))


async def _subscribe(hub: Hub, connection: Connection, message: client.Subscribe) -> None:
    await _negotiate(hub, connection, "subscribe", transport_id=message.transport_id)


async def _subscribe_answer(hub: Hub, connection: Connection, message: client.SubscribeAnswer) -> None:
    which = {"transport_id": message.transport_id, "revision": message.revision}
    await _negotiate(hub, connection, "subscribe_answer", **which, sdp=message.sdp)


async def _restart_ice(hub: Hub, connection: Connection, message: client.RestartIce) -> None:
    await _negotiate(hub, connection, "restart_ice", transport_id=message.transport_id)


async def _set_view(hub: Hub, connection: Connection, message: client.SetView) -> None:
    await _negotiate(hub, connection, "set_view", tiles=[tile.plain() for tile in message.tiles])


async def _watch_delivery(hub: Hub, connection: Connection, message: client.WatchDelivery) -> None:
    connection.watches_delivery = message.on
    await _negotiate(hub, connection, "watch_delivery", on=message.on)


async def _mute(hub: Hub, connection: Connection, message: client.Mute) -> None:
    """Sound at once; a camera or screen is shown when the rows have it: it may be one too many."""
    source, muted = message.source, message.muted
    is_first = muted or source not in VIDEO_MBPS
    connection.writes_under_way += 1
    try:
        if is_first:
            connection.muted[source] = muted
            await hub.mute_media(connection, source, muted=muted)
        await _write(connection, presence.set_muted, source=source, muted=muted)
        if not is_first:
            connection.muted[source] = muted
            await hub.mute_media(connection, source, muted=muted)
    finally:
        connection.writes_under_way -= 1


async def _chat(hub: Hub, connection: Connection, message: client.Chat) -> None:
    said = server.ChatMessage(
        id=new_public_id(),
        participant=connection.participant_id,
        name=connection.visitor.name,
        text=message.text,
        sent_at=iso(timezone.now()),
    )
    hub.say(connection, said, request=message.request)


async def _raise_hand(hub: Hub, connection: Connection, message: client.RaiseHand) -> None:
    await _write(connection, presence.raise_hand, raised=message.raised, now=timezone.now())


async def _ping(hub: Hub, connection: Connection, message: client.Ping) -> None:
    connection.send(server.Pong(sent=message.sent, server_time=iso(timezone.now()), request=message.request))


async def _admit(hub: Hub, connection: Connection, message: client.Admit) -> None:
    await _write(connection, hosting.admit, participant_id=message.participant, now=timezone.now())


async def _deny(hub: Hub, connection: Connection, message: client.Deny) -> None:
    await _write(connection, hosting.deny, participant_id=message.participant, now=timezone.now())


async def _mute_participant(hub: Hub, connection: Connection, message: client.MuteParticipant) -> None:
    which = {"participant_id": message.participant, "source": message.source}
    await _write(connection, hosting.mute_participant, **which, now=timezone.now())


async def _remove(hub: Hub, connection: Connection, message: client.Remove) -> None:
    await _write(connection, hosting.remove, participant_id=message.participant)


async def _readmit(hub: Hub, connection: Connection, message: client.Readmit) -> None:
    await _write(connection, hosting.readmit_barred, bar_id=message.bar)


async def _lower_hand(hub: Hub, connection: Connection, message: client.LowerHand) -> None:
    await _write(connection, hosting.lower_hand, participant_id=message.participant, now=timezone.now())


async def _freeze(hub: Hub, connection: Connection, message: client.Freeze) -> None:
    await _write(connection, hosting.freeze, frozen=message.frozen)


async def _end(hub: Hub, connection: Connection, message: client.End) -> None:
    await _write(connection, hosting.end_for_all)


async def _leave(hub: Hub, connection: Connection, message: client.Leave) -> None:
    if connection.participant_id:
        await _write(connection, _leave_by_themselves)
    hub.end(connection, LeaveReason.LEFT)


ACTIONS: dict[str, Action] = {
    "join": _join,
    "publish": _publish,
    "subscribe": _subscribe,
    "subscribe_answer": _subscribe_answer,
    "restart_ice": _restart_ice,
    "set_view": _set_view,
    "watch_delivery": _watch_delivery,
    "mute": _mute,
    "chat": _chat,
    "raise_hand": _raise_hand,
    "ping": _ping,
    "admit": _admit,
    "deny": _deny,
    "mute_participant": _mute_participant,
    "remove": _remove,
    "readmit": _readmit,
    "lower_hand": _lower_hand,
    "freeze": _freeze,
    "end": _end,
    "leave": _leave,
}


async def _negotiate(hub: Hub, connection: Connection, kind: str, /, **fields: object) -> dict[str, Any]:
    return await hub.media.negotiate(connection.meeting_id, connection.participant_id, kind, **fields)


async def _write(connection: Connection, service: Callable[..., object], **arguments: object) -> None:
    """Run a service for this participant on the database thread, in its tenant's context."""
    run = database_sync_to_async(_in_context)
    await run(connection.visitor.tenant, service, connection.participant_id, arguments)


def _in_context(
    tenant: Tenant, service: Callable[..., object], participant_id: str, arguments: dict[str, object]
) -> None:
    with tenant_context(tenant):
        service(participant_id, **arguments)


def _leave_by_themselves(participant_id: str) -> None:
    participant = Participant.objects.select_related("meeting").get(public_id=participant_id)
    leave_meeting(participant, reason=LeaveReason.LEFT)
