"""The servers that the bench compares: each a process of its own, and a meeting on it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.bench.janus import JanusMeeting, janus_process
from tests.bench.meeting import Meeting
from tests.bench.reception import Receivers
from tests.bench.worker import ServerProcess, worker_process


@dataclass(frozen=True)
class Server:
    """`start(address)` runs it; `picks_voices`: large meetings get only the loudest few."""

    name: str
    start: Callable[..., AbstractContextManager[ServerProcess]]
    meeting: Callable[[ServerProcess, Receivers], Any]
    picks_voices: bool


LIVEON = Server("liveon", worker_process, lambda process, receivers: Meeting(process.signalling, receivers), True)
JANUS = Server("janus", janus_process, lambda process, receivers: JanusMeeting(process.signalling, receivers), False)
