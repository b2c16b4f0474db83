"""A running runtime with one fake worker, and people at the door."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from django.db import connections

from accounts.models import User
from conferences import runtime
from conferences.models import Room
from tests.conferences.fake_worker import FakeWorker
from tests.conferences.people import Browser, member_browser
from tests.conferences.waiting import until


@pytest.fixture
def sfu_dir(settings) -> Iterator[Path]:
    """Short, because a unix socket's path may have 107 characters."""
    path = Path(tempfile.mkdtemp(prefix="lo-"))
    settings.SFU_DIR = path
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def empty_runtime(transactional_db: None, sfu_dir: Path) -> AsyncIterator[None]:
    """Running, without any worker."""
    channel_layers.backends.clear()
    await runtime.start()
    yield
    await runtime.stop()
    await database_sync_to_async(connections.close_all)()  # or PostgreSQL could not drop the test database


@pytest.fixture
async def worker(empty_runtime: None, sfu_dir: Path) -> AsyncIterator[FakeWorker]:
    worker = await FakeWorker(sfu_dir).start()
    hub = runtime.hub()
    assert hub is not None
    await until(lambda: worker.name in hub.media.workers.live)
    yield worker
    await worker.stop()


@pytest.fixture
async def browser(worker: FakeWorker, room: Room, host: User) -> Browser:
    """The host's, in the meeting."""
    browser = await member_browser(host, room)
    await browser.join()
    return browser


@pytest.fixture
async def second_worker(worker: FakeWorker, sfu_dir: Path) -> AsyncIterator[FakeWorker]:
    """Named after `browser` it comes when the meeting has its place."""
    second = await FakeWorker(sfu_dir, "sfu-1").start()
    hub = runtime.hub()
    assert hub is not None
    await until(lambda: "sfu-1" in hub.media.workers.live)
    yield second
    await second.stop()
