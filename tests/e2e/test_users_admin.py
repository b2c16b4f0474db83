"""Users from a file and groups, as an administrator does it, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admintool import Administrator
from tests.e2e.product import Organisation, make_organisation
from tests.e2e.test_pages import AXE, RUN_AXE, dress, overflow

FILE = "利用者ID,氏名,メールアドレス,グループ,初期パスワード\n"
FILE += "tanaka,田中 一郎,tanaka@example.com,営業部,correct horse battery\nsato,佐藤 二郎,,,\nbad one,x,,,\n"


@pytest.fixture(scope="module")
def company(product) -> Organisation:
    """Its users change here: nobody else's organisation."""
    return make_organisation(product, "users-co", rooms=())


@pytest.fixture
def admin(browser, company) -> Iterator[Administrator]:
    found = Administrator(browser("chromium", "red"), company)
    yield found
    found.close()


def look(page: Page, language: str, company: Organisation) -> None:
    """The page is in this language, has no serious axe finding and does not scroll sideways, on a telephone too."""
    assert page.locator("html").get_attribute("lang") == language
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE) == [], page.url.removeprefix(company.admintool_url)
    for size in ("phone", "wide"):
        dress(page, language, "light", size, company.login_url.split("/t/")[0])
        assert overflow(page) <= 0, (page.url.removeprefix(company.admintool_url), size)


def make_file(folder: Path, encoding: str) -> Path:
    path = folder / "利用者.csv"
    path.write_bytes(FILE.encode(encoding))
    return path


def test_file_is_imported_with_a_group(admin, company, product, tmp_path):
    page = admin.page
    dress(page, "ja", "light", "wide", product.url)
    page.goto(f"{company.admintool_url}groups/")
    look(page, "ja", company)
    page.fill("[name=name]", "営業部")
    page.click("main form.card [type=submit]")
    expect(page.locator("h1")).to_have_text("営業部")
    look(page, "ja", company)

    page.goto(f"{company.admintool_url}users/import/")
    look(page, "ja", company)
    page.set_input_files("[name=file]", make_file(tmp_path, "cp932"))
    page.click("main form.card [type=submit]")
    expect(page.get_by_text("Shift_JIS (CP932)")).to_be_visible()
    expect(page.locator("tbody tr", has_text="bad one").locator(".badge--bad")).to_be_visible()
    look(page, "ja", company)
    page.check("[name=mode][value=skip]")
    page.click("[type=submit].button--primary")
    expect(page.locator(".badge--good").first).to_have_text("完了", timeout=30_000)  # it refreshes itself until then
    look(page, "ja", company)

    page.goto(f"{company.admintool_url}users/?group=&role=member&q=%E7%94%B0%E4%B8%AD")
    row = page.locator("tbody tr", has_text="田中 一郎")
    expect(row).to_contain_text("営業部")
    look(page, "ja", company)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excelでダウンロード").click()
    assert download.value.suggested_filename == "users.xlsx"


def test_preview_and_group_in_english(admin, company, product, tmp_path):
    page = admin.page
    dress(page, "en", "light", "wide", product.url)
    page.goto(f"{company.admintool_url}users/import/")
    look(page, "en", company)
    page.set_input_files("[name=file]", make_file(tmp_path, "utf-8"))
    page.click("main form.card [type=submit]")
    expect(page.get_by_text("Read as UTF-8")).to_be_visible()
    look(page, "en", company)
    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("Some lines are bad. Correct the file")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the bad lines").click()
    assert "bad one" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="Discard the file").click()
    expect(page.get_by_text("The import was cancelled.")).to_be_visible()
