"""The log of a meeting, with all that it can tell: ids and codes, and nothing about the people."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.product import PASSWORD, PEOPLE, ROOM_PASSWORD, LiveOn, liveon, make_organisation
from tests.services import wait_until

ADDRESS, GUEST, SAID = "203.0.113.77", "Gerda Geheim", "the merger is on friday"
AN_ADDRESS = re.compile(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){5,7}\b")


@pytest.fixture
def product() -> Iterator[LiveOn]:
    with liveon(LIVEON_LOG_LEVEL="DEBUG", LIVEON_TRUSTED_PROXIES="127.0.0.1") as found:
        yield found


def lines(product: LiveOn) -> list[dict[str, Any]]:
    """What was logged after the start's own words for the terminal."""
    _, _, logged = product.log.read_text(encoding="utf-8").partition("Stop with Ctrl-C.\n")
    return [json.loads(line) for line in logged.splitlines()]


def told(product: LiveOn, event: str, **fields: str) -> list[dict[str, Any]]:
    return [line for line in lines(product) if line.get("event") == event and fields.items() <= line.items()]


@pytest.mark.long
def test_log_of_a_meeting_names_ids_and_nobody(product, person):
    own = make_organisation(product)
    host, guest = person("red"), person("green")
    for each in (host, guest):
        each.page.context.set_extra_http_headers({"X-Forwarded-For": ADDRESS})
    host.login(own, "admin")
    guest_link = host.make_guest_link(own.rooms["locked"], GUEST)
    host.join(own.rooms["locked"], password=ROOM_PASSWORD)
    guest.join_as_guest(guest_link, GUEST, password=ROOM_PASSWORD)
    host.wait_for_colours("red", "green")
    guest.see("chat-toggle").click()
    guest.see("chat-input").fill(SAID)
    guest.see("chat-input").press("Enter")
    guest.see("chat-message").filter(has_text=SAID).wait_for()
    guest.see("leave-button").click()
    wait_until(lambda: bool(told(product, "peer_closed", reason="left")), what="the guest's end in the log")

    text = product.log.read_text(encoding="utf-8").partition("Stop with Ctrl-C.\n")[2]
    names = [name for name, _ in PEOPLE.values()]
    secrets = [*names, GUEST, SAID, PASSWORD, ROOM_PASSWORD, ADDRESS, guest_link.rstrip("/").rpartition("/")[2]]
    assert [secret for secret in secrets if secret in text or json.dumps(secret)[1:-1] in text] == []
    assert AN_ADDRESS.findall(text) == []
    [router] = {line["router"] for line in told(product, "transport_state", state="connected")}
    assert len({line["peer"] for line in told(product, "transport_state", router=router)}) == 2
    assert {line["meeting"] for line in told(product, "join", outcome="ready")} == {router}
    assert all(line["participant"] for line in told(product, "socket_closed"))
