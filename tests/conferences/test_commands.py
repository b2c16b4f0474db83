"""The operator's commands: create_room and media_workers."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conferences.models import MediaWorker, Room
from conferences.services.entry import check_entry_password

pytestmark = pytest.mark.django_db


def run(*words: str) -> dict:
    output = StringIO()
    call_command(*words, "--json", stdout=output)
    return json.loads(output.getvalue())


def test_create_room(tenant, host, tmp_path):
    password_file = tmp_path / "password"
    password_file.write_text("open sesame\n", encoding="utf-8")
    report = run("create_room", "acme", "Annex", "--password-file", str(password_file), "--host", "host", "--lobby")
    room = Room.objects.get(public_id=report["room"])
    assert report["url"].endswith(f"/t/acme/rooms/{room.public_id}/")
    assert (room.name, room.lobby, list(room.hosts.all())) == ("Annex", True, [host])
    assert check_entry_password(room, password="open sesame", subject="user:x", ip="192.0.2.1")


def test_create_room_without_password(tenant):
    assert Room.objects.get(public_id=run("create_room", "acme", "Annex")["room"]).entry_password == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "Annex"], "no organisation"),
        (["acme", ""], "1 to 100 characters"),
        (["acme", "Annex", "--host", "nobody"], "no user"),
        (["acme", "Annex", "--password-file", "/does/not/exist"], "Cannot read"),
    ],
)
def test_create_room_says_in_one_line_what_is_wrong(tenant, words, message):
    with pytest.raises(CommandError, match=message):
        run("create_room", *words)
    assert not Room.objects.exists()


def test_media_workers_lists_and_drains():
    MediaWorker.objects.create(name="sfu-0", socket="sfu-0.sock", heartbeat_at=timezone.now(), load=12.5)
    (worker,) = run("media_workers")["workers"]
    assert (worker["worker"], worker["load"], worker["draining"], worker["meetings"]) == ("sfu-0", 12.5, False, 0)
    assert run("media_workers", "drain", "sfu-0") == {"draining": "sfu-0", "meetings": 0}
    assert MediaWorker.objects.get().draining


@pytest.mark.parametrize("words", [["drain"], ["drain", "sfu-9"]])
def test_draining_nothing_is_an_error(words):
    with pytest.raises(CommandError):
        run("media_workers", *words)
