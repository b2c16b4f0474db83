"""One browser's WebSocket as the hub sees it: who it is, and a bounded queue of what it is to be told."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto

from conferences import metrics
from conferences.services.identity import Visitor
from conferences.services.joining import Entrance
from conferences.signalling.messages.base import ClientMessage, ServerMessage
from conferences.signalling.messages.client import Leave

MOST_PENDING = 100  # messages of one client that wait for the one before them
MOST_QUEUED = 512
TOO_SLOW = 1013  # "try again later": the client comes back and gets the whole picture anew


class Stage(Enum):
    """`NEW` until `join`; `JOINING` while it is decided; `READY` for `joined`, which the next look at the roster sends;
    `OVER` once a close is under way or the socket is gone."""

    NEW = auto()
    JOINING = auto()
    WAITING = auto()
    READY = auto()
    JOINED = auto()
    OVER = auto()


@dataclass(frozen=True)
class Close:
    """The last thing in a queue: close the socket with this code."""

    code: int


class Outbox:
    """What a client has not been sent yet, at most 512 messages, oldest first.

    A message that supersedes one still waiting takes its place, so that a slow client gets the latest roster entry or
    speaker list once, not its history.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[object, ServerMessage | Close] = OrderedDict()
        self._filled = asyncio.Event()
        self._is_closing = False

    def put(self, message: ServerMessage) -> None:
        if self._is_closing:
            return
        metrics.count_sent(message)
        key = message.supersedes or object()
        self._waiting[key] = message
        self._filled.set()
        if len(self._waiting) > MOST_QUEUED:
            metrics.QUEUE_DROPS.labels("outbox").inc(len(self._waiting))
            self._waiting.clear()
            self.close(TOO_SLOW)

    def close(self, code: int) -> None:
        """Nothing is taken in after this; what is waiting still goes out."""
        if not self._is_closing:
            self._is_closing = True
            self._waiting[object()] = Close(code)
            self._filled.set()

    async def take(self) -> ServerMessage | Close:
        """The oldest; waits for one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        _, message = self._waiting.popitem(last=False)
        return message


class Connection:
    """A WebSocket from its opening to its end. What is empty at first is set by the join.

    `muted` is what this client says of its own sources: a difference to the roster is a host's doing, unless a write of
    the client's own word is under way. `inbox` ends with None. `next_check` and `renew_ice_at` (steady clock, s): when
    login or grant are looked at again, and when the credentials for TURN are renewed.
    """

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.stage = Stage.NEW
        self.participant_id = ""
        self.meeting_id = ""
        self.subjects: list[str] = []
        self.entrance: Entrance | None = None
        self.token = ""
        self.media_goes_on = False
        self.join_request: str | None = None
        self.next_check = self.renew_ice_at = 0.0
        self.muted: dict[str, bool] = {}
        self.writes_under_way = 0
        self.watches_delivery = False
        self.waiting_reason = ""
        self.inbox: asyncio.Queue[ClientMessage | None] = asyncio.Queue(MOST_PENDING)
        self.outbox = Outbox()

    def send(self, message: ServerMessage) -> None:
        self.outbox.put(message)

    def finish(self, last: ServerMessage | None, *, code: int) -> None:
        """Say a last thing and close; again is nothing."""
        if self.stage is Stage.OVER:
            return
        self.give_up()
        if last is not None:
            self.outbox.put(last)
        self.outbox.close(code)

    def give_up(self) -> bool:
        """No more messages are carried out. The one under way goes on: half a join would leave a ghost behind.

        Returns whether a `leave` was among those still waiting.
        """
        self.stage = Stage.OVER
        leaving = False
        while not self.inbox.empty():
            leaving |= isinstance(self.inbox.get_nowait(), Leave)
        self.inbox.put_nowait(None)
        return leaving
