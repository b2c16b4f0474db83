"""Browsers for tests: somebody with cookies and a WebSocket."""

import asyncio
import json
from typing import Any

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from conferences.models import GuestPass, Room
from conferences.services.entry import entry_stamp
from conferences.services.guests import ensure_device, issue_grant
from liveon.asgi import application
from tests.database import as_operator

PATIENCE = 10.0


def sign_in(user: User, **content: Any) -> str:
    """A login of `user`; returns its session key."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.update(content)
    session.save()
    return str(session.session_key)


def user_cookies(user: User, room: Room | None = None) -> dict[str, str]:
    """A login that has given the room's entry password."""
    stamps = {room.public_id: entry_stamp(room)} if room is not None else {}
    return {"liveon_login": sign_in(user, entry=stamps)}


def device_cookies() -> dict[str, str]:
    response = HttpResponse()
    ensure_device(RequestFactory().get("/"), response)
    return {name: morsel.value for name, morsel in response.cookies.items()}


def guest_cookies(guest_pass: GuestPass, name: str = "Gail Guest", *, device: bool = True) -> dict[str, str]:
    """A browser that has traded the pass for a grant."""
    response = HttpResponse()
    issue_grant(response, guest_pass=guest_pass, display_name=name, stamp=entry_stamp(guest_pass.room))
    grant = {name: morsel.value for name, morsel in response.cookies.items()}
    return {**grant, **(device_cookies() if device else {})}


class Browser:
    """One tab. `closed` is the close code once the server has closed."""

    def __init__(self, room_id: str, *, identity: str, cookies: dict[str, str]) -> None:
        self.cookies = cookies
        self.closed: int | None = None
        self.seen: list[dict[str, Any]] = []
        self.joined: dict[str, Any] = {}
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = [
            (b"cookie", cookie.encode()),
            (b"origin", settings.ALLOWED_ORIGINS[0].encode()),
            (b"host", b"localhost"),
            (b"user-agent", b"TestBrowser/1.0"),
        ]
        path = f"/ws/meetings/{room_id}/?as={identity}"
        self.socket = WebsocketCommunicator(application, path, headers=headers)
        self.socket.scope["client"] = ("192.0.2.7", 50000)

    async def open(self) -> "Browser":
        connected, _ = await self.socket.connect(timeout=PATIENCE)
        assert connected
        return self

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_to(text_data=json.dumps({"type": kind, **fields}))

    async def expect(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of this type and with these fields; what comes before it is put into `seen`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._next()
                assert message is not None, f"closed with {self.closed} before {kind}; saw {self.seen}"
                if message["type"] == kind and fields.items() <= message.items():
                    return message

    async def expect_close(self) -> int:
        """Read until the server closes; the code."""
        async with asyncio.timeout(PATIENCE):
            while self.closed is None:
                await self._next()
        return self.closed

    async def join(self, *, resume: str | None = None, **fields: Any) -> dict[str, Any]:
        """Ask to join and expect to be let in."""
        await self.ask_to_join(resume=resume, **fields)
        self.joined = await self.expect("joined")
        return self.joined

    async def ask_to_join(self, *, resume: str | None = None, **fields: Any) -> None:
        asked = {"microphone": True, "camera": True, "language": "ja", **fields}
        await self.send("join", resume=resume, **asked)

    @property
    def id(self) -> str:
        return str(self.joined["you"])

    async def lose(self) -> None:
        """The network goes away: the socket closes without a word."""
        await self.socket.disconnect(code=1006, timeout=PATIENCE)

    def types_seen(self) -> list[str]:
        return [message["type"] for message in self.seen]

    async def _next(self) -> dict[str, Any] | None:
        output = await self.socket.receive_output(timeout=PATIENCE)
        if output["type"] == "websocket.close":
            self.closed = output.get("code", 1000)
            return None
        message: dict[str, Any] = json.loads(output["text"])
        self.seen.append(message)
        return message


async def member_browser(user: User, room: Room, cookies: dict[str, str] | None = None) -> Browser:
    """A tab of a signed-in user at the room's door."""
    cookies = cookies or await as_operator(user_cookies)(user, room)
    return await Browser(room.public_id, identity="user", cookies=cookies).open()


async def guest_browser(guest_pass: GuestPass, cookies: dict[str, str] | None = None) -> Browser:
    """A tab of a guest at the door of the pass's room."""
    cookies = cookies or await as_operator(guest_cookies)(guest_pass)
    room = await as_operator(lambda: guest_pass.room)()
    return await Browser(room.public_id, identity="guest", cookies=cookies).open()
