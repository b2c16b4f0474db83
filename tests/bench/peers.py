"""`python -m tests.bench.peers`: LiveOn's worker and Janus in turns, and their ratio (docs/performance.md).

To be run in a network of its own (`make bench-peers`). Each pair is one run of each, one right after the other and in
changing order, so that what else the machine does falls on both; `noise` is how much two runs of the same server
differ.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from tests.bench.calibration import calibrate
from tests.bench.figures import spread
from tests.bench.measuring import Timing
from tests.bench.scenarios import Scenario, run_server
from tests.bench.servers import JANUS, LIVEON

COST = "worker_cpu_us_per_packet_out"
ADDRESS = "10.9.9.1"
SCENARIOS = ("1x50", "4x50", "4x4", "10x10")


def main() -> None:
    arguments = _arguments()
    timing = Timing(arguments.seconds, arguments.windows, arguments.warm_up)
    servers = [replace(server, start=partial(server.start, ADDRESS)) for server in (LIVEON, JANUS)]
    _print({"calibration": calibrate()})
    costs: dict[tuple[str, str], list[float]] = {}
    for number in range(arguments.repeat):
        for scenario in arguments.scenarios:
            for server in servers if number % 2 else reversed(servers):
                measured = asyncio.run(run_server(scenario, timing, server))
                _print({"pair": number + 1, **measured})
                costs.setdefault((scenario.name, server.name), []).append(measured[COST])
    for scenario in arguments.scenarios:
        _print(compared(scenario.name, costs[scenario.name, LIVEON.name], costs[scenario.name, JANUS.name]))


def compared(scenario: str, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Our cost over theirs, pair by pair; `noise` of both as (greatest − least) / median."""
    ratios = [round(one / other, 3) for one, other in zip(ours, theirs, strict=True)]
    noise = {LIVEON.name: round(spread(ours), 3), JANUS.name: round(spread(theirs), 3)}
    return {"ratio": scenario, "pairs": ratios, "median": round(median(ratios), 3), "noise": noise}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    default = [Scenario.parse(text) for text in SCENARIOS]
    parser.add_argument("scenarios", nargs="*", type=Scenario.parse, default=default, help="as of tests.bench")
    parser.add_argument("--seconds", type=float, default=Timing.seconds, help="length of a measuring window")
    parser.add_argument("--windows", type=int, default=Timing.windows, help="windows of a run; medians are reported")
    parser.add_argument("--warm-up", type=float, default=Timing.warm_up, help="seconds before the first window")
    parser.add_argument("--repeat", type=int, default=5, help="pairs of each scenario")
    return parser.parse_args()


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
