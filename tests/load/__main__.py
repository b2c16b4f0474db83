"""`python -m tests.load`: participants in one room, steered by JSON lines on standard input (tests/load/crowd.py).

The first line is a `Place`; the others are orders with `do`, each answered by one line: `{"done": …}` or
`{"error": …}`. End of file: everybody leaves.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import uvloop

from tests.load.generator import Generator, Place
from tests.load.participant import Manner

Order = dict[str, Any]


async def join(generator: Generator, order: Order) -> list[int]:
    wanted = order["manner"]
    manner = Manner(tuple(wanted["video"]), wanted["audio"], wanted["tiles"], tuple(wanted["tile"]), wanted["haste"])
    numbers = await generator.join(order["count"], manner, host=order["host"])
    gc.collect()
    gc.freeze()
    return numbers


async def leave(generator: Generator, order: Order) -> None:
    await generator.leave(order["numbers"], silently=order["silently"])


async def speak(generator: Generator, order: Order) -> None:
    microphone = generator.people[order["number"]].microphone
    if microphone is None:
        raise ValueError("no microphone")
    microphone.speaking = order["on"]


async def look(generator: Generator, order: Order) -> None:
    await generator.people[order["number"]].look(order["tiles"])


async def watch(generator: Generator, order: Order) -> None:
    await generator.people[order["number"]].watch_delivery(on=order["on"])


async def counters(generator: Generator, _: Order) -> dict[str, Any]:
    return generator.counters()


ORDERS: dict[str, Callable[[Generator, Order], Awaitable[Any]]] = {
    "join": join,
    "leave": leave,
    "speak": speak,
    "look": look,
    "watch": watch,
    "counters": counters,
}


async def main() -> None:
    lines = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    generator = Generator(Place(**json.loads(await lines.readline())))
    clock = asyncio.create_task(generator.run())
    while line := await lines.readline():
        sys.stdout.write(json.dumps(await _carry_out(generator, json.loads(line))) + "\n")
        sys.stdout.flush()
        if clock.done():
            clock.result()
    await generator.close()
    clock.cancel()
    with suppress(asyncio.CancelledError):
        await clock


async def _carry_out(generator: Generator, order: Order) -> Order:
    try:
        return {"done": await ORDERS[order["do"]](generator, order)}
    except Exception as error:
        return {"error": _told(error)}


def _told(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_told, error.exceptions))
    return " ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])


if __name__ == "__main__":
    uvloop.run(main())
