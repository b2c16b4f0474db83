"""A large tenant's logs stay fast and its downloads flat. `python -m tests.size` prints all of the figures."""

import json
import subprocess
import sys

import pytest

MILLISECONDS = 150
GROWTH_MB = 30


@pytest.fixture(scope="module")
def figures() -> list[dict]:
    """Of ten million samples and a million stays of one tenant among fifty."""
    done = subprocess.run([sys.executable, "-m", "tests.size"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_every_page_and_search_takes_its_time_and_no_more(figures):
    """Processors' time: what it takes on a machine that does nothing else."""
    slow = [each for each in figures if each.get("cpu_ms", 0) > MILLISECONDS]
    assert slow == []


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_month_is_downloaded_with_flat_memory(figures):
    grown = [each for each in figures if each.get("rss_growth_mb", 0) > GROWTH_MB]
    assert grown == []
