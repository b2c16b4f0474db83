"""Threads of requests: one for each at a time, kept from one to the next, never one that is still busy."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils.translation import activate, get_language
from structlog.contextvars import bind_contextvars, get_contextvars

from liveon import pages
from liveon.pages import PageThreads
from tests.conferences.waiting import until


class Pages:
    """An application whose views run on the request's thread until `go_on` is set."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.go_on = threading.Event()
        self.go_on.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(self._view)()

    def _view(self) -> None:
        self.threads.append(threading.get_ident())
        self.go_on.wait(10)


@pytest.fixture
def views() -> Pages:
    return Pages()


async def test_one_request_after_the_other_is_on_the_same_thread(views):
    requests = PageThreads(views)
    for _ in range(3):
        await requests({}, None, None)
    assert len(set(views.threads)) == 1
    assert threading.get_ident() not in views.threads


async def test_nothing_of_a_request_is_left_for_the_next_on_its_thread():
    found: list[Any] = []

    def view() -> None:
        found.append((threading.get_ident(), get_language(), get_contextvars()))
        activate("en" if get_language() == "ja" else "ja")
        bind_contextvars(participant="of this request")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(view)()

    requests = PageThreads(application)
    for _ in range(2):
        await asyncio.create_task(requests({}, None, None))  # a task each, as Daphne has it
    assert found[0] == found[1]


async def test_requests_at_once_have_a_thread_each_and_not_all_are_kept(views, monkeypatch):
    monkeypatch.setattr(pages, "MOST_IDLE", 2)
    requests = PageThreads(views)
    views.go_on.clear()
    running = [asyncio.create_task(requests({}, None, None)) for _ in range(4)]
    await until(lambda: len(views.threads) == 4)
    views.go_on.set()
    await asyncio.gather(*running)
    assert len(set(views.threads)) == 4
    assert len(requests._idle) == 2


async def test_a_thread_that_is_not_needed_ends_and_the_last_one_gives_memory_back(views, monkeypatch):
    monkeypatch.setattr(pages, "IDLE_SECONDS", 0.02)
    trimmed: list[int] = []
    monkeypatch.setattr(pages, "_trim", trimmed.append)
    requests = PageThreads(views)
    await requests({}, None, None)
    [thread] = requests._idle
    await until(lambda: not requests._idle)
    await until(lambda: not any(each.is_alive() for each in thread._threads))
    assert trimmed == [0]


async def test_nobody_waits_for_the_view_of_a_browser_that_has_gone(views):
    requests = PageThreads(views)
    views.go_on.clear()
    gone = asyncio.create_task(requests({}, None, None))
    await until(lambda: len(views.threads) == 1)
    gone.cancel()
    await asyncio.wait([gone])
    following = asyncio.create_task(requests({}, None, None))
    await until(lambda: len(views.threads) == 2)
    views.go_on.set()
    await following
    assert len(set(views.threads)) == 2


async def test_nobody_waits_for_it_either_when_what_follows_it_is_given_up(views):
    async def as_django(scope: Any, receive: Any, send: Any) -> None:
        """What Django does when a browser goes: the signal that the request is over waits for the view's thread."""
        view = asyncio.create_task(views(scope, receive, send))
        await until(lambda: len(views.threads) == 1)
        view.cancel()
        await asyncio.wait([view])
        signalled.append(True)
        await asyncio.gather(sync_to_async(bool)())

    signalled: list[bool] = []
    requests = PageThreads(as_django)
    views.go_on.clear()
    gone = asyncio.create_task(requests({}, None, None))
    await until(lambda: bool(signalled))
    await asyncio.sleep(0)
    gone.cancel()  # as Daphne does after ten seconds
    await asyncio.wait([gone])
    assert not requests._idle
    views.go_on.set()


@pytest.mark.parametrize("browser_stays", [True, False])
async def test_what_is_too_many_waits_for_a_view_to_end(views, monkeypatch, browser_stays):
    monkeypatch.setattr(pages, "MOST_AT_ONCE", 2)
    requests = PageThreads(views)
    views.go_on.clear()
    running = [asyncio.create_task(requests({}, None, None)) for _ in range(2)]
    await until(lambda: len(views.threads) == 2)
    third = asyncio.create_task(requests({}, None, None))
    if not browser_stays:
        for each in running:
            each.cancel()
        await asyncio.wait(running)
    await asyncio.sleep(0.05)
    assert len(views.threads) == 2
    views.go_on.set()
    await third
    assert len(views.threads) == 3
