"""A short run of the bench. Times are for people to judge, on a machine they know."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = {
    "worker_cpu_us_per_packet_in",
    "worker_cpu_us_per_packet_out",
    "packets_in_per_s",
    "packets_out_per_s",
    "latency_ms_p50",
    "latency_ms_p99",
    "loop_lag_ms_p99",
    "rss_mb",
    "rss_kb_per_participant",
    "generator_cpu_pct",
}


def bench(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.bench", *arguments, "--warm-up", "0.5"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=50)
    calibration, line = map(json.loads, finished.stdout.splitlines())
    assert calibration["calibration"].keys() == {"protect_us", "sendto_us"}
    return line


def test_one_publisher_reaches_two_subscribers_without_loss():
    line = bench("1x2", "--seconds", "1", "--windows", "2")
    assert (line["scenario"], line["publishers"], line["subscribers"]) == ("1x2", 1, 2)
    assert line["loss_pct"] == line["auth_failures"] == line["wrong_payloads"] == line["generator_unsent"] == 0
    assert line.keys() >= FIGURES
    assert line["latency_samples"]


def test_the_generator_loses_nothing_by_itself():
    line = bench("2x2", "--direct", "--seconds", "0.5", "--windows", "1")
    assert line["direct"]
    assert line["loss_pct"] == line["auth_failures"] == line["wrong_payloads"] == 0
    assert line["latency_samples"]
