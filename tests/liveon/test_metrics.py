"""Who may scrape, what there is to see, and that the documents say so."""

import re
from pathlib import Path
from typing import Any

import pytest
from channels.testing import HttpCommunicator
from prometheus_client.parser import text_string_to_metric_families

from liveon import metrics
from tests.conferences.people import member_browser
from tests.conferences.signalling.conftest import empty_runtime, sfu_dir, worker  # noqa: F401 (fixtures)

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
TOKEN = "a token of twenty-four letters"
ANSWER = {
    "draining": False,
    "load": {"peers": 2, "routers": 1},
    "totals": {"packets_in": 10, "packets_out": 20, "keyframes_asked": 3},
    "drops": {"stun_stranger": 7, "kernel": 0},
    "handshakes": {"connected": 4},
    "transports": {"connected/udp": 4},
    "publications": {"camera": 2},
    "subscriptions": {"forwarded": 2, "paused": 1, "waiting": 0},
    "links": 1,
    "tcp_connections": 0,
    "resident_bytes": 60_000_000,
    "cpu_seconds": 1.5,
    "histograms": {"loop_lag_seconds": {"bounds": [0.001, 0.02], "counts": [5, 3, 1], "sum": 0.1}},
}


async def django(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the endpoint."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def get(path: str = "/metrics", *, client: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    communicator = HttpCommunicator(metrics.MetricsEndpoint(django), "GET", path, headers=sent)
    communicator.scope["client"] = (client, 5000)
    answer: Any = await communicator.get_response(timeout=10)
    return dict(answer)


async def samples() -> dict[str, float]:
    """`name{label=value,…}` → number."""
    text = (await get())["body"].decode()
    return {
        f"{each.name}{{{','.join(f'{key}={value}' for key, value in sorted(each.labels.items()))}}}": each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("client", "headers", "is_let_in"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, False),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
        ("192.0.2.1", {}, False),
        ("", {}, False),
        ("192.0.2.1", {"authorization": f"Bearer {TOKEN}"}, True),
        ("192.0.2.1", {"authorization": "Bearer wrong"}, False),
        ("192.0.2.1", {"authorization": "Bearer "}, False),
    ],
)
async def test_only_this_machine_and_the_token_are_let_in(settings, client, headers, is_let_in):
    settings.METRICS_TOKEN = TOKEN
    answer = await get(client=client, **headers)
    assert answer["status"] == (200 if is_let_in else 404)
    assert (b"liveon_" in answer["body"]) is is_let_in


@pytest.mark.django_db(transaction=True)
async def test_without_a_token_an_empty_one_opens_nothing(settings):
    settings.METRICS_TOKEN = ""
    assert (await get(client="192.0.2.1", authorization="Bearer "))["status"] == 404


async def test_figures_of_the_worker_and_of_signalling(worker, room, host, monkeypatch):  # noqa: F811
    monkeypatch.setattr(metrics, "_answers", metrics.Answers())
    monkeypatch.setattr(worker, "_get_metrics", lambda: ANSWER, raising=False)
    browser = await member_browser(host, room)
    await browser.join()
    await browser.send("chat", text="")
    await browser.expect("error")
    found = await samples()
    assert found["liveon_media_worker_up{worker=sfu-0}"] == 1
    assert found["liveon_media_packets_total{direction=out,worker=sfu-0}"] == 20
    assert found["liveon_media_dropped_packets_total{reason=stun_stranger,worker=sfu-0}"] == 7
    assert found["liveon_media_transports{protocol=udp,state=connected,worker=sfu-0}"] == 4
    assert found["liveon_media_loop_lag_seconds_bucket{le=0.02,worker=sfu-0}"] == 8
    assert found["liveon_media_loop_lag_seconds_count{worker=sfu-0}"] == 9
    assert found["liveon_signalling_sockets{stage=joined}"] == 1
    assert found["liveon_signalling_joins_total{outcome=ready}"] >= 1
    assert found["liveon_signalling_messages_received_total{type=join}"] >= 1
    assert found["liveon_signalling_refusals_total{code=bad_message}"] >= 1
    assert found["liveon_audit_unsealed_events{}"] == 0
    text = (await get())["body"].decode()
    assert not [word for word in (room.name, host.name, room.public_id, "acme", browser.id) if word in text]
    await browser.lose()


async def test_workers_are_asked_once_a_second_and_one_that_is_gone_is_down(worker, monkeypatch):  # noqa: F811
    answers = metrics.Answers()
    monkeypatch.setattr(metrics, "_answers", answers)
    monkeypatch.setattr(worker, "_get_metrics", lambda: ANSWER, raising=False)
    for _ in range(3):
        await samples()
    assert len(worker.asked("get_metrics")) == 1
    await worker.stop()
    answers._asked_at = float("-inf")
    assert (await samples())["liveon_media_worker_up{worker=sfu-0}"] == 0


async def test_table_of_metrics_is_complete(worker, monkeypatch):  # noqa: F811
    monkeypatch.setattr(metrics, "_answers", metrics.Answers())
    monkeypatch.setattr(worker, "_get_metrics", lambda: ANSWER, raising=False)
    families = text_string_to_metric_families((await get())["body"].decode())
    told = {family.name.removesuffix("_total") for family in families if not family.name.endswith("_created")}
    described = set(re.findall(r"^\| `(liveon_[a-z_]+)", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name in told if not name.startswith("liveon_web_process_")} == {
        name.removesuffix("_total") for name in described
    }


def test_every_reason_of_a_drop_is_described():
    source = "".join(path.read_text(encoding="utf-8") for path in (OPERATIONS.parents[1] / "media_sfu").rglob("*.py"))
    reasons = set(re.findall(r"drops\[\"([a-z_]+)\"\]", source)) | {"kernel"}
    [told] = re.findall(r"Reasons of dropped packets\..*?\n\n", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    assert {reason for reason in reasons if f"`{reason}`" not in told} == set()
