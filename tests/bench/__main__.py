"""`python -m tests.bench`: what the media server costs per packet, as JSON lines (docs/performance.md)."""

import argparse
import asyncio
import json
import sys
from itertools import combinations
from statistics import median
from typing import Any

from tests.bench.calibration import calibrate
from tests.bench.figures import marginal_costs
from tests.bench.measuring import Timing
from tests.bench.scenarios import Scenario, run_direct, run_server

COST = "worker_cpu_us_per_packet_in"


def main() -> None:
    arguments = _arguments()
    timing = Timing(arguments.seconds, arguments.windows, arguments.warm_up)
    _print({"calibration": calibrate()})
    run = run_direct if arguments.direct else run_server
    costs: dict[Scenario, list[float]] = {}
    for _ in range(arguments.repeat):
        for scenario in arguments.scenarios:
            measured = asyncio.run(run(scenario, timing))
            _print(measured)
            if not arguments.direct:
                costs.setdefault(scenario, []).append(measured[COST])
    _print_fits({scenario: median(values) for scenario, values in costs.items()})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    default = [Scenario.parse(text) for text in ("1x50", "4x4", "4x50", "10x10", "25x25/9", "10*5")]
    parser.add_argument(
        "scenarios",
        nargs="*",
        type=Scenario.parse,
        default=default,
        help="publishers x subscribers, e.g. 1x50; 25x25/9: of whom they see nine; 10*5: ten meetings of five",
    )
    parser.add_argument("--seconds", type=float, default=Timing.seconds, help="length of a measuring window")
    parser.add_argument("--windows", type=int, default=Timing.windows, help="windows of a run; medians are reported")
    parser.add_argument("--warm-up", type=float, default=Timing.warm_up, help="seconds before the first window")
    parser.add_argument("--repeat", type=int, default=1, help="runs of the list of scenarios, each with a new worker")
    parser.add_argument("--direct", action="store_true", help="self-test of the generator, without a worker")
    return parser.parse_args()


def _print_fits(costs: dict[Scenario, float]) -> None:
    """The cost of one more packet in and out, from each pair of scenarios with the same publishers."""
    for fewer, more in combinations(costs, 2):
        if fewer.publishers == more.publishers:
            points = (costs[fewer], fewer.subscribers), (costs[more], more.subscribers)
            incoming, outgoing = marginal_costs(*points)
            _print(
                {
                    "fit": [fewer.name, more.name],
                    "us_per_more_in": round(incoming, 1),
                    "us_per_more_out": round(outgoing, 2),
                }
            )


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
