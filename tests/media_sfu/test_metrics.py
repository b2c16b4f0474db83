"""What a worker tells of itself."""

import secrets

from media_sfu.metrics import Histogram
from media_sfu.rtp import rtcp
from media_sfu.worker import Worker
from tests.media_sfu.conftest import Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_forwarding import see


async def metrics(meeting: Meeting) -> dict:
    return await meeting.link.request("get_metrics")


async def test_meeting_shows_in_the_figures_and_stays_in_the_totals(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    found = await metrics(meeting)
    assert found["handshakes"] == {"connected": 4}
    assert found["transports"] == {"connected/udp": 4}
    assert found["publications"] == {"microphone": 2, "camera": 2}
    assert found["subscriptions"]["forwarded"] >= 1
    assert found["totals"]["packets_in"] >= 3
    assert found["totals"]["layer_switches"] >= 1
    assert "keyframes_asked" in found["totals"]  # none is needed when both have come before the first keyframe
    await meeting.link.request("close_router", router="meeting-1", reason="left")
    ended = await metrics(meeting)
    assert ended["transports"] == {}
    assert ended["totals"]["packets_in"] >= found["totals"]["packets_in"]


async def test_loop_lag_is_measured_all_the_time(meeting: Meeting):
    before = sum((await metrics(meeting))["histograms"]["loop_lag_seconds"]["counts"])
    await until(lambda: sum(meeting.worker.metrics.loop_lag.as_json()["counts"]) > before + 3)


async def test_estimates_are_noted_of_those_who_report(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    meeting.worker.metrics.sample(meeting.worker.peers())
    assert sum((await metrics(meeting))["histograms"]["estimate_bits_per_second"]["counts"]) == 0
    for subscription in meeting.worker.routers["meeting-1"].peers["person-b"].subscribing.subscriptions():
        subscription.reports.round_trip = 0.02
    meeting.worker.metrics.sample(meeting.worker.peers())
    found = (await metrics(meeting))["histograms"]
    assert sum(found["estimate_bits_per_second"]["counts"]) == 1
    assert found["round_trip_seconds"]["counts"][1] == 1


async def test_storm_of_nacks_and_keyframe_requests_is_counted_and_bounded(meeting: Meeting, worker: Worker):
    first, second = await meeting.pair()
    await see(first, second)
    ssrc = second.received["camera", "person-a"].ssrc
    for start in range(0, 60_000, 250):
        second.receiving.send_rtcp(rtcp.nack(1, ssrc, range(start, start + 250)))
    await until(lambda: worker.drops().get("rtcp_rate", 0) > 200)
    assert worker.drops()["nack_rate"] >= 250
    assert 0 < worker.drops()["nack_refused"] <= 2500
    for _ in range(500):
        second.receiving.send_rtcp(rtcp.picture_loss_indication(1, ssrc))
    await until(lambda: worker.drops().get("rtcp_rate", 0) > 400)
    assert first.camera.keyframes_asked < 10
    await see(first, second)


async def test_cut_off_and_needless_dtls_never_reaches_openssl(meeting: Meeting, worker: Worker):
    first, _ = await meeting.pair()
    whole = bytes([22, 254, 253]) + bytes(8) + (40).to_bytes(2, "big") + secrets.token_bytes(40)
    for _ in range(100):
        first.publishing.send(whole[:30])
        first.publishing.send(whole)
    await until(lambda: worker.drops().get("dtls_cut_off") == 100)
    assert worker.drops()["dtls_rate"] > 20
    assert meeting.states("person-a")["publish"] == "connected"


def test_histogram_puts_a_bound_s_own_value_below_it():
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.note(value)
    assert histogram.as_json() == {"bounds": [1.0, 2.0], "counts": [2, 1, 1], "sum": 12.0}
