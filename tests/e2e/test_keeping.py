"""Holds, disclosures and certificates by three administrators' paths, in both languages."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from audit.offline import verify
from tests.e2e.admintool import Administrator
from tests.e2e.conftest import SCREENSHOTS
from tests.e2e.product import PASSWORD, LiveOn, Organisation, make_organisation
from tests.e2e.test_pages import AXE, RUN_AXE, dress, overflow

WORDS = {
    "ja": {
        "hold": "利用者：佐藤 一郎",
        "lifted": "解除しました",
        "waiting": "承認 2件中0件",
        "approved": "承認済み",
        "valid": "有効",
    },
    "en": {
        "hold": "User: 佐藤 一郎",
        "lifted": "is lifted",
        "waiting": "0 of 2 approvals",
        "approved": "Approved",
        "valid": "Valid",
    },
}
OLD = "2020-01-01 10:00:00"
OLD_STAY = """
INSERT INTO audit_attendance (tenant_id, public_id, meeting_id, room_id, room_name, participant_id, user_id, login_id,
    name, is_guest, user_agent, joined_at, last_seen_at, left_at, leave_reason, ended_by, reconnects,
    bytes_in, bytes_out)
SELECT id, :key, 'm', 'r', 'Old room', :key, '', 'old', 'Old', 0, '', :old, :old, :old, 'left', '', 0, 0, 0
FROM tenants_tenant WHERE slug = 'keeping'
"""


@pytest.fixture(scope="module")
def house(product: LiveOn) -> Organisation:
    """An organisation with three administrators and a certificate of its own."""
    found = make_organisation(product, "keeping", rooms=("open",))
    for login_id in ("second", "third"):
        words = ("create_user", "keeping", login_id, "--name", login_id.title(), "--role", "admin")
        product.manage(*words, "--password-file", "-", stdin=PASSWORD)
    with closing(sqlite3.connect(product.data_dir / "liveon.sqlite3", timeout=10)) as database, database:
        database.execute(OLD_STAY, {"key": "long-ago", "old": OLD})
    product.manage("purge_audit", "--tenant", "keeping")
    return found


@pytest.fixture
def pages(browser, house) -> Iterator[list[Page]]:
    people = [Administrator(browser("chromium", "red"), house, name) for name in ("admin", "second", "third")]
    problems: list[str] = []
    for each in people:
        each.page.on("console", lambda message: problems.append(message.text))
        each.page.on("pageerror", lambda error: problems.append(str(error)))
    yield [each.page for each in people]
    for each in people:
        each.close()
    assert problems == []


def look(page: Page, name: str) -> None:
    """The page fits a telephone, and axe finds nothing serious."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"keeping-{name}.png", full_page=True)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE) == []
    assert overflow(page) == 0


@pytest.mark.parametrize(("language", "size"), [("ja", "phone"), ("en", "wide")])
def test_keeping_by_three_administrators_paths(pages, house, product, language, size, tmp_path: Path):
    words, records = WORDS[language], f"{house.admintool_url}records/"
    page, *others = pages
    for each in pages:
        dress(each, language, "light", size, product.url)
    page.goto(records)
    look(page, f"{language}-overview")
    page.goto(f"{records}inventory/")
    look(page, f"{language}-inventory")
    place_and_lift_a_hold(page, records, words, language)
    disclose(page, others, records, words, language, tmp_path / f"{language}.zip")
    take_a_certificate(page, records, words, language, tmp_path / f"{language}.json")


def place_and_lift_a_hold(page: Page, records: str, words: dict[str, str], language: str) -> None:
    case = f"2026-{language}"
    page.goto(f"{records}holds/")
    look(page, f"{language}-holds-before")
    page.locator("a[href$='/holds/new/']").click()
    page.fill("[name=case_number]", case)
    page.fill("[name=login_id]", "sato")
    page.fill("[name=date_from]", "2026-01-01")
    look(page, f"{language}-hold-place")
    page.click("main form.card [type=submit]")
    row = page.locator("tbody tr", has_text=case)
    expect(row).to_contain_text(words["hold"])
    look(page, f"{language}-holds")
    row.locator("a").click()
    look(page, f"{language}-hold-lift")
    page.click("main form.card [type=submit]")
    expect(page.locator(".notice--good")).to_contain_text(words["lifted"])


def disclose(page: Page, others: list[Page], records: str, words: dict[str, str], language: str, target: Path) -> None:
    page.goto(f"{records}disclosures/")
    page.locator("a[href$='/disclosures/new/']").click()
    page.fill("[name=case_number]", f"Case {language}")
    page.fill("[name=reason]", "Order of a court")
    look(page, f"{language}-disclosure-request")
    page.click("main form.card [type=submit]")
    expect(page.locator("main")).to_contain_text(words["waiting"])
    expect(page.locator("button[value=approve]")).to_have_count(0)
    look(page, f"{language}-disclosure-own")
    for other in others:
        other.goto(f"{records}disclosures/")
        other.get_by_role("link", name=f"Case {language}").click()
        look(other, f"{language}-disclosure-other")
        other.click("button[value=approve]")
        expect(other.locator("button[value=approve]")).to_have_count(0)
    page.reload()
    expect(page.locator("main")).to_contain_text(words["approved"])
    with page.expect_download() as download:
        page.locator("a[download]").click()
    download.value.save_as(target)
    assert verify.main([str(target)]) == 0
    with zipfile.ZipFile(target) as archive:
        about = json.loads(archive.read("manifest.json"))["document"]["about"]
    assert [each["name"] for each in about["approved_by"]] == ["Second", "Third"]
    page.goto(f"{records}disclosures/")
    look(page, f"{language}-disclosures")


def take_a_certificate(page: Page, records: str, words: dict[str, str], language: str, target: Path) -> None:
    page.goto(f"{records}certificates/")
    expect(page.locator("tbody")).to_contain_text(words["valid"])
    look(page, f"{language}-certificates")
    with page.expect_download() as download:
        page.locator("a[download]").click()
    download.value.save_as(target)
    document = json.loads(target.read_text(encoding="utf-8"))
    assert verify.is_signature(document["public_key"], document["signature"], document["body"])
    assert document["body"]["deleted"]["attendances"]["count"] == 1
