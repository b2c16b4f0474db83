"""Testers at their sockets; the running runtime and the fake worker are those of the signalling tests."""

import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings

from conferences.network_test import consumer
from conferences.network_test.admission import Admission
from conferences.network_test.testers import ticket_of
from liveon.asgi import application
from tests.conferences.people import Browser, user_cookies
from tests.conferences.signalling.conftest import empty_runtime, sfu_dir, worker  # noqa: F401 (fixtures)
from tests.database import as_operator


@pytest.fixture(autouse=True)
def fresh_admission(monkeypatch) -> None:
    monkeypatch.setattr(consumer, "admission", Admission())


class TestingBrowser(Browser):
    """A browser on the page of the network test."""

    __test__ = False

    def __init__(self, *, identity: str = "user", cookies: dict[str, str], address: str = "192.0.2.7") -> None:
        super().__init__("unused", identity=identity, cookies=cookies)
        headers = [(name, value) for name, value in self.socket.scope["headers"] if name != b"origin"]
        headers.append((b"origin", settings.ALLOWED_ORIGINS[0].encode()))
        self.socket = WebsocketCommunicator(application, f"/ws/network-test/?as={identity}", headers=headers)
        self.socket.scope["client"] = (address, 50000)

    async def begin(self, ticket: str | None = None) -> dict[str, Any]:
        await self.send("begin", ticket=ticket, request="b")
        return await self.expect("begun")


async def user_browser(user, **options: Any) -> TestingBrowser:
    cookies = await as_operator(user_cookies)(user)
    browser = TestingBrowser(cookies=cookies, **options)
    await browser.open()
    return browser


async def guest_browser() -> TestingBrowser:
    browser = TestingBrowser(identity="guest", cookies={})
    await browser.open()
    return browser


@pytest.fixture
def ticket(guest_pass) -> str:
    return ticket_of(guest_pass)


def example(path: Any) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
