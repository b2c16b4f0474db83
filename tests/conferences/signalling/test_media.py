"""The media side: negotiation, events, dying workers, placement, counters."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Attendance, BandwidthSample
from conferences import runtime
from conferences.models import MediaWorker, Meeting, Participant
from tests.conferences.people import guest_browser, member_browser, user_cookies
from tests.conferences.waiting import until, until_stored
from tests.database import as_operator

pytestmark = pytest.mark.django_db(transaction=True)


async def test_join_makes_router_and_peer(worker, browser, room, host):
    router = worker.asked("create_router")[0]
    assert router["router"] == browser.joined["meeting"]
    assert router["limits"] == {"participants": 60, "publications_per_peer": 4}
    peer = worker.asked("create_peer")[0]
    assert (peer["peer"], peer["epoch"], peer["subjects"]) == (browser.id, 1, [f"user:{host.public_id}"])


async def test_guests_peer_carries_pass_and_device(worker, browser, guest_pass):
    guest = await guest_browser(guest_pass)
    await guest.join()
    subjects = (await worker.wait_for("create_peer", 2))["subjects"]
    assert subjects[0] == f"pass:{guest_pass.public_id}"
    assert subjects[1].startswith("device:")


async def test_negotiation_is_passed_to_the_worker(worker, browser):
    sources = {"0": "microphone", "1": "camera"}
    await browser.send("publish", transport_id="publish-1", sdp="offer", sources=sources, request="p1")
    answer = await browser.expect("published")
    assert answer == {"type": "published", "transport_id": "publish-1", "sdp": "answer to publish-1", "request": "p1"}
    assert worker.asked("publish")[0]["sources"] == sources
    await browser.send("subscribe", transport_id="subscribe-1")
    await worker.wait_for("subscribe")
    tiles = [{"participant": browser.id, "source": "camera", "width": 640, "height": 360}]
    await browser.send("set_view", tiles=tiles)
    assert (await worker.wait_for("set_view"))["tiles"] == tiles
    await browser.send("restart_ice", transport_id="subscribe-1")
    await worker.wait_for("restart_ice")


@pytest.mark.parametrize(
    ("kind", "code", "seen"),
    [
        ("publish", "bad_sdp", "bad_sdp"),
        ("publish", "too_many_publications", "too_many_publications"),
        ("subscribe_answer", "stale_revision", "stale_revision"),
        ("subscribe_answer", "unknown_transport", "stale_revision"),
        ("publish", "something_new", "internal"),
        ("publish", "not_owner", "media_unavailable"),
    ],
)
async def test_workers_refusal_reaches_the_client(worker, browser, kind, code, seen):
    worker.refuse[kind] = code
    fields = {"sources": {}} if kind == "publish" else {"revision": 1}
    await browser.send(kind, transport_id="transport-1", sdp="x", request="r", **fields)
    await browser.expect("error", code=seen, request="r", fatal=False)


async def test_offers_speakers_and_quality_reach_the_right_people(worker, browser, room, member):
    other = await member_browser(member, room)
    await other.join()
    meeting = browser.joined["meeting"]
    track = {"mid": "0", "participant": browser.id, "source": "microphone"}
    offer = {"transport_id": "subscribe-1", "revision": 1, "sdp": "offer", "tracks": [track]}
    await worker.emit("subscribe_offer", router=meeting, peer=other.id, **offer)
    assert await other.expect("subscribe_offer") == {"type": "subscribe_offer", **offer}
    speakers = [{"participant": browser.id, "level": -20}]
    await worker.emit("speakers", router=meeting, speakers=speakers, dominant=browser.id)
    for each in (browser, other):
        assert (await each.expect("speakers"))["dominant"] == browser.id
    quality = {"loss_up": 0.2, "loss_down": 0.0, "round_trip_ms": 400}
    await worker.emit("quality", router=meeting, peer=browser.id, level="poor", **quality)
    updated = await other.expect("participant_updated")
    assert (updated["participant"]["id"], updated["participant"]["quality"]) == (browser.id, "poor")
    assert "subscribe_offer" not in browser.types_seen()


async def test_unanswered_offer_is_repeated_after_a_resume(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await browser.lose()
    offer = {"transport_id": "subscribe-1", "revision": 3, "sdp": "offer", "tracks": []}
    await worker.emit("subscribe_offer", router=first["meeting"], peer=browser.id, **offer)
    again = await member_browser(host, room, cookies)
    assert (await again.join(resume=first["resume"]))["resumed"] is True
    assert (await again.expect("subscribe_offer"))["revision"] == 3
    await again.send("subscribe_answer", transport_id="subscribe-1", revision=3, sdp="answer")
    await worker.wait_for("subscribe_answer")
    await again.lose()
    third = await member_browser(host, room, cookies)
    await third.join(resume=again.joined["resume"])
    await third.send("ping", sent=1)
    await third.expect("pong")
    assert "subscribe_offer" not in third.types_seen()


async def test_what_holds_is_told_again_after_a_resume(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    where = {"router": first["meeting"], "peer": browser.id}
    await worker.emit("layers_wanted", **where, source="camera", layers=["low", "medium", "high"])
    assert (await browser.expect("layers_wanted"))["layers"] == ["low", "medium", "high"]
    await browser.lose()
    await worker.emit("layers_wanted", **where, source="camera", layers=[])
    await worker.emit("layers_wanted", **where, source="screen", layers=["high"])
    await worker.emit("paused", **where, tiles=[])
    await worker.emit("codec_required", **where, source="camera", codec="vp8")
    again = await member_browser(host, room, cookies)
    assert (await again.join(resume=first["resume"]))["resumed"] is True
    assert (await again.expect("layers_wanted", source="camera"))["layers"] == []
    assert (await again.expect("layers_wanted", source="screen"))["layers"] == ["high"]
    assert (await again.expect("videos_paused"))["pictures"] == []
    assert (await again.expect("codec_required", source="camera"))["codec"] == "vp8"


async def test_bad_event_of_a_worker_harms_nobody(worker, browser):
    meeting = browser.joined["meeting"]
    await worker.emit("speakers", router=meeting, speakers="loud", dominant=7)
    await worker.emit("subscribe_offer", router=meeting, peer=browser.id)
    await worker.emit("statistics", router=meeting, peers={browser.id: {"bytes_in": "many"}})
    await worker.emit("whatever", router=meeting)
    await browser.send("ping", sent=1)
    await browser.expect("pong")


async def test_mute_is_told_to_everybody_and_to_the_worker(worker, browser, room, member):
    other = await member_browser(member, room)
    await other.join()
    await browser.expect("participant_joined")
    await browser.send("mute", source="microphone", muted=True)
    updated = await other.expect("participant_updated")
    assert updated["participant"]["muted"]["microphone"] is True
    assert (await worker.wait_for("set_muted", source="microphone"))["muted"] is True
    assert "muted_by_host" not in browser.types_seen()


async def test_host_mutes_and_the_muted_may_speak_again(worker, browser, room, member):
    other = await member_browser(member, room)
    await other.join()
    await browser.send("mute_participant", participant=other.id, source="microphone")
    assert await other.expect("muted_by_host") == {"type": "muted_by_host", "source": "microphone"}
    asked = await worker.wait_for("set_muted", source="microphone")
    assert (asked["peer"], asked["muted"]) == (other.id, True)
    await other.send("mute", source="microphone", muted=False)
    assert (await worker.wait_for("set_muted", 2, source="microphone"))["muted"] is False
    await browser.expect("participant_updated")


async def test_restarted_worker_gets_the_meeting_back_with_a_new_epoch(worker, browser):
    await worker.restart()
    assert await browser.expect("rebuild") == {"type": "rebuild", "epoch": 2, "keep": False}
    assert worker.asked("create_peer")[-1]["epoch"] == 2
    await browser.send("publish", transport_id="publish-2", sdp="offer", sources={})
    await browser.expect("published")


async def test_meeting_moves_to_another_worker_when_its_own_dies(worker, second_worker, browser):
    first, second = (worker, second_worker) if worker.asked("create_router") else (second_worker, worker)
    await first.stop()
    assert (await browser.expect("rebuild"))["epoch"] == 2
    assert second.asked("create_peer")[0]["peer"] == browser.id
    await first.start()


async def test_death_without_replacement_is_told_and_made_good_later(worker, browser):
    await worker.stop()
    await browser.expect("media_unavailable")
    await browser.send("publish", transport_id="publish-2", sdp="offer", sources={}, request="p")
    await browser.expect("error", code="media_unavailable", request="p")
    await worker.start()
    assert (await browser.expect("rebuild"))["epoch"] in (1, 2)


async def test_lost_link_to_a_living_worker_is_taken_over_without_a_word(worker, browser):
    await worker.drop_links()
    await worker.wait_for("take_over")
    await browser.send("publish", transport_id="publish-2", sdp="offer", sources={})
    await browser.expect("published")
    assert "rebuild" not in browser.types_seen()
    assert len(worker.asked("create_peer")) == 1


async def test_lost_link_moves_no_meeting_within_its_second_of_grace(worker, second_worker, browser, room, member):
    home = worker if worker.asked("create_router") else second_worker
    other = await member_browser(member, room)
    await home.drop_links()
    await other.join()
    await home.wait_for("take_over")
    await home.wait_for("create_peer", 2)
    assert "rebuild" not in browser.types_seen()
    assert (await as_operator(Meeting.objects.get)()).epoch == 1


async def test_client_that_missed_a_rebuild_builds_anew(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await browser.lose()
    await worker.restart()
    await worker.wait_for("create_peer", 2)
    again = await member_browser(host, room, cookies)
    second = await again.join(resume=first["resume"])
    assert (second["you"], second["resumed"], second["epoch"]) == (first["you"], False, 2)


async def test_meetings_are_placed_on_the_least_loaded_worker(worker, second_worker, room, host):
    worker.load, second_worker.load = 5000, 10
    await worker.beat()
    await second_worker.beat()
    live = runtime.hub().media.workers.live
    await until(lambda: live["sfu-0"].load == 5000 and live["sfu-1"].load == 10)
    await until_stored(lambda: MediaWorker.objects.filter(load__in=(10, 5000)).count() == 2)
    browser = await member_browser(host, room)
    await browser.join()
    assert second_worker.asked("create_router")
    assert not worker.asked("create_router")


async def test_only_worker_keeps_its_meetings_while_draining(worker, browser):
    worker.draining = True
    await worker.beat()
    await until(lambda: runtime.hub().media.workers.live["sfu-0"].draining)
    await browser.send("publish", transport_id="publish-2", sdp="offer", sources={})
    await browser.expect("published")


async def test_heartbeats_are_written(worker, browser):
    await until_stored(lambda: MediaWorker.objects.filter(name="sfu-0", worker_epoch=worker.epoch).exists())
    row = await as_operator(MediaWorker.objects.get)()
    assert timezone.now() - row.heartbeat_at < timedelta(seconds=5)


async def test_timed_out_media_is_built_anew_three_times_then_given_up(worker, browser):
    meeting = browser.joined["meeting"]
    for count in range(1, 4):
        worker.routers[meeting]["peers"].clear()
        await worker.emit("peer_closed", router=meeting, peer=browser.id, reason="media_timeout", statistics={})
        await browser.expect("rebuild")
        assert len(worker.asked("create_peer")) == count + 1
    await worker.emit("peer_closed", router=meeting, peer=browser.id, reason="media_timeout", statistics={})
    assert (await browser.expect("removed"))["reason"] == "media_failed"


def counted(**counts: int) -> dict[str, int]:
    return {"bytes_in": 0, "bytes_out": 0, "packets_in": 0, "packets_out": 0, "nack_in": 3, **counts}


async def test_counters_become_samples_at_the_end(worker, browser):
    meeting = browser.joined["meeting"]
    await worker.emit("statistics", router=meeting, peers={browser.id: counted(bytes_in=1000, packets_in=10)})
    worker.counters[browser.id] = counted(bytes_in=1500, bytes_out=70, packets_in=15, packets_out=1)
    await browser.send("leave")
    await browser.expect_close()
    await until_stored(lambda: BandwidthSample.objects.exists())
    sample = await as_operator(BandwidthSample.objects.get)()
    assert (sample.bytes_in, sample.bytes_out, sample.packets_in, sample.packets_out) == (1500, 70, 15, 1)
    attendance = await as_operator(Attendance.objects.get)()
    assert (attendance.bytes_in, attendance.bytes_out) == (1500, 70)


async def test_counters_of_a_dead_worker_and_its_successor_add_up(worker, browser):
    meeting = browser.joined["meeting"]
    await worker.emit("statistics", router=meeting, peers={browser.id: counted(bytes_in=1000)})
    await worker.restart()
    await browser.expect("rebuild")
    worker.counters[browser.id] = counted(bytes_in=300)
    await browser.send("leave")
    await until_stored(lambda: Attendance.objects.filter(bytes_in=1300).exists())


async def test_counters_survive_a_restart_of_the_web_process(worker, room, host):
    cookies = await as_operator(user_cookies)(host, room)
    browser = await member_browser(host, room, cookies)
    first = await browser.join()
    await worker.emit("statistics", router=first["meeting"], peers={browser.id: counted(bytes_in=1000)})
    await browser.send("ping", sent=1)
    await browser.expect("pong")
    await runtime.stop()
    await runtime.start()
    await until(lambda: runtime.hub().media.workers.live)
    worker.counters[browser.id] = counted(bytes_in=1800)
    again = await member_browser(host, room, cookies)
    assert (await again.join(resume=first["resume"]))["resumed"] is True
    await again.send("leave")
    await until_stored(lambda: Attendance.objects.filter(bytes_in=1800).exists())
    counters = await as_operator(lambda: Participant.objects.get().counters)()
    assert (counters["bytes_in"], counters["final"]) == (1800, True)


async def test_ended_meeting_closes_its_router(worker, browser):
    await browser.send("end")
    assert await browser.expect("meeting_ended") == {"type": "meeting_ended", "reason": "meeting_ended"}
    assert await browser.expect_close() == 4410
    assert (await worker.wait_for("close_router"))["router"] == browser.joined["meeting"]
    assert not await as_operator(Meeting.objects.filter(ended_at=None).exists)()


async def test_turn_credentials_are_given_when_there_is_a_server(worker, room, host, settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turns:turn.example.jp:443?transport=tcp"], "s3cret"
    browser = await member_browser(host, room)
    (server,) = (await browser.join())["ice_servers"]
    expiry, _, participant = server["username"].partition(":")
    assert participant == browser.id
    assert abs(int(expiry) - timezone.now().timestamp() - settings.TURN_SECONDS) < 60
    assert len(server["credential"]) == 28


async def test_turn_credentials_are_renewed_in_time(worker, room, host, settings):
    settings.TURN_URLS, settings.TURN_SECRET, settings.TURN_SECONDS = ["turn:turn.example.jp"], "s3cret", 4
    browser = await member_browser(host, room)
    (first,) = (await browser.join())["ice_servers"]
    (second,) = (await browser.expect("ice_servers"))["ice_servers"]
    assert second["username"] > first["username"]
    assert second["credential"] != first["credential"]
