"""The level of a connection."""

from typing import Any

import pytest

from media_sfu.quality import QualityJudge, lost_share


@pytest.mark.parametrize(
    ("deliveries", "share"),
    [([], 0.0), ([(0, 0)], 0.0), ([(100, 95), (100, 95)], 0.05), ([(100, 110)], 0.0), ([(100, -5)], 1.0)],
)
def test_share_of_lost_packets_is_weighted_by_what_was_sent(deliveries, share):
    assert lost_share(deliveries) == pytest.approx(share)


def judge(judge_: QualityJudge, **changed: Any) -> dict[str, Any] | None:
    calm: dict[str, Any] = {"connected": True, "loss_up": 0.0, "loss_down": 0.0, "round_trips": []}
    return judge_.judge(**(calm | changed))


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({"loss_up": 0.05}, "fair"),
        ({"loss_down": 0.2}, "poor"),
        ({"round_trips": [0.4, 0.9]}, "fair"),
        ({"connected": False}, "lost"),
    ],
)
def test_level_follows_the_worse_of_loss_and_round_trip(changed, level):
    assert judge(QualityJudge(), **changed)["level"] == level


def test_who_takes_the_peer_over_hears_what_is_not_good():
    told = QualityJudge()
    assert judge(told, loss_up=0.2)["level"] == "poor"
    told.begin_anew()
    assert judge(told, loss_up=0.2)["level"] == "poor"
    told.begin_anew()
    assert judge(told) is None


def test_only_a_change_is_told():
    steady = QualityJudge()
    assert judge(steady) is None
    assert judge(steady, loss_up=0.05)["loss_up"] == 0.05
    assert judge(steady, loss_up=0.06) is None
    assert judge(steady)["level"] == "good"
