import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import LegalHold
from conferences.models import Room
from tenants.models import Tenant
from tests.factories import make_room


def run(*words: str) -> dict:
    stdout = io.StringIO()
    call_command(*words, "--json", stdout=stdout)
    return json.loads(stdout.getvalue())


def test_hold_of_a_user_a_room_and_some_days(tenant: Tenant, member: User, room: Room) -> None:
    words = [
        "--case",
        "2026-17",
        "--reason",
        "court order",
        "--by",
        "Legal",
        "--user",
        "MEMBER",
        "--room",
        "Board room",
    ]
    placed = run("place_hold", "acme", *words, "--from", "2026-01-01", "--to", "2026-01-31")
    hold = LegalHold.objects.get()
    assert (hold.public_id, hold.user_id, hold.user_name) == (placed["hold"], member.public_id, "Mori Member")
    assert (hold.room_id, hold.room_name, hold.placed_by) == (room.public_id, "Board room", "Legal")
    assert (hold.range_from, hold.range_to) == (
        datetime(2025, 12, 31, 15, tzinfo=UTC),  # midnight in Tokyo
        datetime(2026, 1, 31, 15, tzinfo=UTC),
    )


def test_holds_are_listed_until_they_are_lifted(tenant: Tenant) -> None:
    hold = run("place_hold", "acme", "--case", "2026-17")["hold"]
    assert [each["case_number"] for each in run("list_holds", "acme")["holds"]] == ["2026-17"]
    assert run("lift_hold", "acme", hold, "--by", "Legal")["lifted"] is True
    assert run("list_holds")["holds"] == []
    (lifted,) = run("list_holds", "--all")["holds"]
    assert lifted["lifted_by"] == "Legal"


def test_list_is_readable(tenant: Tenant) -> None:
    stdout = io.StringIO()
    call_command("list_holds", stdout=stdout)
    assert stdout.getvalue() == "holds: none\n"
    run("place_hold", "acme", "--case", "2026-17")
    call_command("list_holds", stdout=stdout)
    assert "case_number 2026-17" in stdout.getvalue()


def test_room_with_a_name_that_two_have_is_given_by_id(tenant: Tenant, room: Room) -> None:
    make_room(tenant, "Board room")
    with pytest.raises(CommandError, match="Several rooms"):
        run("place_hold", "acme", "--case", "1", "--room", "Board room")
    run("place_hold", "acme", "--case", "1", "--room", room.public_id)
    assert LegalHold.objects.get().room_id == room.public_id


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--user", "nobody"], "no user"),
        (["--room", "nowhere"], "no such room"),
        (["--from", "soon"], "Expected a date"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "before the beginning"),
        (["--to", "9999-12-31"], "century"),
    ],
)
def test_what_does_not_exist_is_one_clear_line(tenant: Tenant, words: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=text) as raised:
        run("place_hold", "acme", "--case", "1", *words)
    assert "\n" not in str(raised.value)
    assert not LegalHold.objects.exists()


def test_another_tenant_s_hold_user_and_room_do_not_exist(tenant: Tenant, stranger: User) -> None:
    hold = run("place_hold", "globex", "--case", "1")["hold"]
    with pytest.raises(CommandError, match="no hold"):
        run("lift_hold", "acme", hold)
    with pytest.raises(CommandError, match="no user"):
        run("place_hold", "acme", "--case", "1", "--user", "stranger")


def test_hold_is_lifted_once(tenant: Tenant) -> None:
    hold = run("place_hold", "acme", "--case", "1")["hold"]
    run("lift_hold", "acme", hold)
    with pytest.raises(CommandError, match="lifted already"):
        run("lift_hold", "acme", hold)
