"""`python -m tests.attacks`: one attacker, steered by JSON lines on standard input (tests/attacks/control.py).

The first line is a `Place` of tests/load with `media_port`; the others are `{"attack": name, "seconds": s}`. For each
the attacker enters the meeting as a guest who sends a small picture, attacks, leaves, and answers with a line:
`{"sent": how much, "cpu_seconds": what it cost the attacker}`. The attack `nothing` is the control run's.
"""

import asyncio
import gc
import json
import os
import resource
import sys
import time

import uvloop

from tests.attacks import media, signalling, strangers
from tests.attacks.attack import Attacker
from tests.load.generator import Generator, Place
from tests.load.participant import Manner

NICENESS = 10
MANNER = Manner(video=("180p",), audio="", tiles=4)


async def nothing(attacker: Attacker, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return 0


ATTACKS = {"nothing": nothing, **strangers.ATTACKS, **media.ATTACKS, **signalling.ATTACKS}


async def main() -> None:
    described = json.loads(sys.stdin.readline())
    media_port = described.pop("media_port")
    generator = Generator(Place(**described))
    beating = asyncio.create_task(generator.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        [number] = await generator.join(1, MANNER)
        attacker = Attacker(generator.people[number], generator, media_port)
        began = time.process_time()
        gc.collect()
        sent = await ATTACKS[order["attack"]](attacker, order["seconds"])
        cpu_seconds = round(time.process_time() - began, 1)
        await generator.leave(list(generator.people))
        sys.stdout.write(json.dumps({"sent": sent, "cpu_seconds": cpu_seconds}) + "\n")
        sys.stdout.flush()
    beating.cancel()
    await generator.close()


if __name__ == "__main__":
    os.nice(NICENESS)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main())
