"""The restrictions by an administrator's path: make a rule, move it by keyboard, ask who may; in both languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admintool import Administrator
from tests.e2e.conftest import SCREENSHOTS
from tests.e2e.product import Organisation, make_organisation
from tests.e2e.test_pages import AXE, RUN_AXE, dress, overflow

WORDS = {
    "ja": {"sentence": "佐藤 一郎 は、次の場合に会議に参加できます", "ask": "確認する", "refused": "拒否"},
    "en": {"sentence": "佐藤 一郎 may join meetings: from 10.0.0.0/8", "ask": "Ask", "refused": "Refused"},
}


@pytest.fixture(scope="module")
def house(product) -> Organisation:
    return make_organisation(product, "rules", rooms=("open",))


@pytest.fixture
def page(browser, house) -> Iterator[Page]:
    administrator = Administrator(browser("chromium", "red"), house)
    yield administrator.page
    administrator.close()


def look(page: Page, name: str) -> None:
    """The page fits a telephone, and axe finds nothing serious."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"restrictions-{name}.png", full_page=True)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE) == []
    assert overflow(page) == 0


@pytest.mark.parametrize(("language", "size"), [("ja", "phone"), ("en", "wide")])
def test_restrictions_by_an_administrator_s_path(page, house, product, language, size):
    words = WORDS[language]
    dress(page, language, "light", size, product.url)
    page.goto(f"{house.admintool_url}restrictions/")
    look(page, f"{language}-list-before")
    page.locator("a[href$='/restrictions/new/']").click()
    page.fill("[name=name]", f"Office {language}")
    page.select_option("[name=scope]", "meeting")
    page.fill("[name=users]", "sato")
    page.fill("[name=networks]", "10.0.0.0/8")
    for day in range(5):
        page.check(f"[name=weekdays][value='{day}']")
    page.fill("[name=from_time]", "08:00")
    page.fill("[name=to_time]", "19:00")
    page.check("[name=otherwise]")
    look(page, f"{language}-form")
    page.click("main form.card [type=submit]")
    look(page, f"{language}-foresight")
    expect(page.get_by_test_id("dry-run")).to_be_visible()
    page.click("[name=confirmed]")
    page.wait_for_url("**/restrictions/")
    assert words["sentence"] in page.locator("tbody").inner_text()
    look(page, f"{language}-list")

    rows = page.locator("tbody tr")
    last = rows.last.locator("a").first.inner_text()
    rows.last.locator("form[action$='/up/'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice--good")).to_be_visible()
    expect(rows.nth(rows.count() - 2)).to_contain_text(last)

    page.goto(f"{house.admintool_url}restrictions/who-may/")
    page.fill("[name=user]", "sato")
    page.fill("[name=ip]", "203.0.113.5")
    page.get_by_role("button", name=words["ask"]).click()
    expect(page.locator("tbody")).to_contain_text(words["refused"])
    look(page, f"{language}-who-may")

    page.goto(f"{house.admintool_url}restrictions/")
    page.locator("a[href$='/delete/']").first.click()
    look(page, f"{language}-delete")
    page.click("[name=confirmed]")
    page.wait_for_url(re.compile(r"/restrictions/$"))
