"""The page that tests a network before a meeting."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import chromium
from tests.e2e.person import Person, new_person
from tests.e2e.product import LiveOn, liveon, make_organisation
from tests.net.control import relay
from tests.net.turn import SECRET, coturn
from tests.services import folder, free_port

RESULT_MS = 90_000


def run_test(person: Person) -> None:
    person.see("network-test").click()
    person.see("start-test").click()
    person.see("test-result").wait_for(timeout=RESULT_MS)


def step(person: Person, name: str) -> str:
    return person.page.locator(f'[data-step="{name}"] .badge').inner_text()


def notes(person: Person) -> list[str]:
    return person.page.locator("[data-note]").evaluate_all("notes => notes.map(({dataset}) => dataset.note)")


def level(person: Person) -> str | None:
    return person.page.locator("[data-level]").get_attribute("data-level")


def report(person: Person, folder: Path) -> str:
    with person.page.expect_download() as downloading:
        person.see("test-report").click()
    path = folder / downloading.value.suggested_filename
    downloading.value.save_as(path)
    return path.read_text(encoding="utf-8")


def test_member_on_a_good_network_is_told_so_and_keeps_a_report(product: LiveOn, organisation, person, tmp_path):
    member = person("red")
    member.login(organisation, "sato")
    member.open_join_page(organisation.rooms["open"])
    run_test(member)
    assert [step(member, name) for name in ("socket", "udp", "tcp")] == ["Good"] * 3
    assert set(notes(member)) <= {"busy_device"}
    assert level(member) == "good"
    text = report(member, tmp_path)
    assert "Your network is good for meetings with pictures." in text
    assert re.search(rf"UDP \S+:{product.media_port}: ", text)
    assert "sato" not in text


@pytest.mark.long
def test_guest_without_udp_is_told_what_to_open(person, tmp_path):
    media_port = free_port()
    with (
        relay(("127.0.0.1", media_port)) as path,
        liveon(LIVEON_MEDIA_PORT=str(media_port), LIVEON_MEDIA_ANNOUNCE=path.address) as product,
    ):
        organisation = make_organisation(product, rooms=("open",))
        path.set(udp=False)
        host, guest = person("blue"), person("red")
        host.login(organisation, "admin")
        link = host.make_guest_link(organisation.rooms["open"], "Gail Guest")
        guest.open_join_page(link)
        run_test(guest)
        assert (step(guest, "udp"), step(guest, "tcp")) == ("Blocked", "Good")
        assert level(guest) == "limited"
        assert "udp_blocked" in notes(guest)
        expect(guest.page.locator('[data-note="udp_blocked"]')).to_contain_text("UDP to LiveOn is blocked")
        row = guest.page.locator("tbody tr", has_text="UDP").first
        expect(row).to_contain_text(str(path.port))
        text = report(guest, tmp_path)
        secret = link.rstrip("/").rpartition("/")[2]
        ticket = guest.page.evaluate("() => JSON.parse(document.getElementById('test-data').textContent).ticket")
        assert not [word for word in (secret, ticket) if word in text]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_each_way_through_the_relay_is_tried_and_the_report_has_no_credentials(playwright, tmp_path):
    with coturn() as server, folder("capture") as files:
        urls = [server.url(way) for way in ("udp", "tcp", "tls")]
        options = {
            "LIVEON_MEDIA_ADDRESS": "127.0.0.1",
            "LIVEON_TURN_SECRET": SECRET,
            "LIVEON_TURN_URLS": " ".join(urls),
        }
        with liveon(**options) as product, chromium(playwright, files, "red", "--ignore-certificate-errors") as browser:
            organisation = make_organisation(product, rooms=("open",))
            member = new_person(browser, "red")
            member.login(organisation, "sato")
            member.open_join_page(organisation.rooms["open"])
            run_test(member)
            assert step(member, "relay") == "Good"
            tried = member.page.locator('[data-step="relay"] .test-step-detail').inner_text().split(" · ")
            assert [line.rpartition(": ")[0] for line in tried] == urls
            assert all(re.fullmatch(r"\d+ ms", line.rpartition(": ")[2]) for line in tried)
            text = report(member, tmp_path)
            assert not re.search(r"\d{10}:network-test", text)  # the user name at the relay
            assert member.problems == []
