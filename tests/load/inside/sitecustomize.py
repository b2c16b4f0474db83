"""Python imports this at the start of every process of a soaked installation, which then tells what it holds.

One JSON object per connection to `$SOAK_DIR/<process id>.sock`; the product itself knows nothing of it.
"""

import asyncio
import gc
import json
import os
import socket
import threading
from collections import Counter

OURS = ("media_sfu.", "conferences.", "daphne.")


def held() -> dict[str, object]:
    """Unfinished tasks, threads, and instances of our classes, once the garbage is gone."""
    gc.collect()
    found = gc.get_objects()
    kinds = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in found)
    return {
        "tasks": sum(type(each) is asyncio.Task and not each.done() for each in found),
        "threads": threading.active_count(),
        "objects": {kind: count for kind, count in kinds.items() if kind.startswith(OURS)},
    }


def answer(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(json.dumps(held()).encode())


if "SOAK_DIR" in os.environ:
    waiting = socket.socket(socket.AF_UNIX)
    waiting.bind(f"{os.environ['SOAK_DIR']}/{os.getpid()}.sock")
    waiting.listen()
    threading.Thread(target=answer, args=[waiting], daemon=True).start()
