"""Liveness and readiness."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conferences.models import MediaWorker

pytestmark = pytest.mark.django_db


def make_worker(*, age: timedelta = timedelta(0), draining: bool = False) -> MediaWorker:
    return MediaWorker.objects.create(
        name="sfu-0", socket="sfu-0.sock", heartbeat_at=timezone.now() - age, draining=draining
    )


def test_the_process_is_alive(client: Client):
    assert client.get("/healthz").content == b"ok\n"


def test_ready_with_a_live_worker(client: Client):
    make_worker()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": True, "cache": True, "media_worker": True})


@pytest.mark.parametrize("worker", [{"age": timedelta(seconds=30)}, {"draining": True}, None])
def test_not_ready_without_a_live_worker(client: Client, worker):
    if worker:
        make_worker(**worker)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["media_worker"]) == (503, False)


def test_answers_are_not_cached(client: Client):
    assert "no-store" in client.get("/readyz")["Cache-Control"]
