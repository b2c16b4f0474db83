"""People come and go for twenty minutes, and nothing of them is left over."""

import os
from typing import Any

import pytest

from tests.load.footprint import Footprint
from tests.load.soak import Verdict, soak

MINUTES = float(os.environ.get("SOAK_MINUTES", "20"))
PEOPLE_PER_MINUTE = 10


@pytest.mark.long
@pytest.mark.timeout(60 * MINUTES * 1.5 + 1200)
def test_nothing_is_left_over_after_a_soak():
    lines: list[dict[str, Any]] = []
    verdict = soak(minutes=MINUTES, people=round(MINUTES * PEOPLE_PER_MINUTE), seed=1, tell=lines.append)
    assert verdict.problems == [], lines
    assert verdict.people >= MINUTES * PEOPLE_PER_MINUTE


def footprint(**different: Any) -> Footprint:
    usual = {"rss_mb": 100.0, "descriptors": 10, "sockets": 5, "threads": 3, "tasks": 4, "objects": {"Peer": 1}}
    return Footprint(**usual | different)


def problems(**different: Any) -> list[str]:
    """What a verdict says when the worker is different in the end."""
    before = {"worker": footprint(), "web": footprint()}
    return Verdict(before, before | {"worker": footprint(**different)}, people=1).problems


def test_a_process_that_holds_no_more_than_before_is_fine():
    assert problems() == []
    assert problems(rss_mb=104.9, tasks=3, objects={}) == []


@pytest.mark.parametrize(
    ("different", "words"),
    [
        ({"rss_mb": 106.0}, "worker: memory grew by 6.0 %"),
        ({"tasks": 6}, "worker: 2 more tasks"),
        ({"sockets": 6}, "worker: 1 more sockets"),
        ({"objects": {"Peer": 3, "Router": 4}}, "worker: objects left over: {'Router': 4}"),
    ],
)
def test_what_is_left_over_is_told(different: dict[str, Any], words: str):
    assert problems(**different) == [words]
