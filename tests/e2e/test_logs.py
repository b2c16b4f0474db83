"""An administrator reads the logs and takes one away; what was taken proves itself without LiveOn."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.admintool import Administrator
from tests.e2e.product import make_organisation

WORDS = {
    "ja": {"search": "検索", "show_all": "すべて表示", "csv": "CSVでダウンロード", "opened": "Admintoolを開きました。"},
    "en": {"search": "Search", "show_all": "Show all", "csv": "Download as CSV", "opened": "Visited Admintool."},
}
PAGES = ("attendance", "bandwidth", "bandwidth/minutes", "events", "logins")


@pytest.fixture(scope="module")
def own(product):
    return make_organisation(product, "logs")


@pytest.fixture(params=WORDS)
def admin(request, product, browser, own) -> Iterator[Administrator]:
    """An administrator who reads the language, and whose pages must not complain."""
    found = Administrator(browser("chromium", "red"), own)
    found.page.context.add_cookies([{"name": "liveon_language", "value": request.param, "url": product.url}])
    problems: list[str] = []
    found.page.on("console", lambda message: problems.append(message.text))
    found.page.on("pageerror", lambda error: problems.append(str(error)))
    yield found
    found.close()
    assert problems == []


def test_administrator_searches_the_logs_and_takes_one_away(admin, own, person, request, tmp_path: Path):
    language = request.node.callspec.params["admin"]
    words, page, logs = WORDS[language], admin.page, f"{own.admintool_url}logs/"
    member = person("blue")
    member.login(own, "sato")
    for name in PAGES:
        page.goto(f"{logs}{name}/")
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("h1")).to_be_visible()

    page.goto(f"{logs}logins/")
    page.fill("[name=login_id]", "sat")
    page.get_by_role("button", name=words["search"]).click()
    expect(page.locator("tbody tr", has_text="佐藤 一郎").first).to_be_visible()
    expect(page.locator("tbody tr", has_text="Aoki Admin")).to_have_count(0)

    page.goto(f"{logs}events/")
    row = page.locator("tbody tr", has_text=words["opened"]).first
    row.locator("summary").click()
    expect(row.locator("dl")).to_contain_text("admintool_visited")
    page.select_option("[name=group]", "logins")
    page.get_by_role("button", name=words["search"]).click()
    expect(page.get_by_role("link", name=words["show_all"])).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=words["csv"]).click()
    archive = tmp_path / "export.zip"
    download.value.save_as(archive)
    check(archive)

    page.reload()
    expect(page.locator("section", has=page.locator("#exports"))).to_contain_text(
        hashlib.sha256(archive.read_bytes()).hexdigest()
    )


def check(path: Path) -> None:
    """The manifest has the file's hash, and the verifier inside, run alone, finds nothing wrong."""
    with zipfile.ZipFile(path) as archive:
        content, verifier = archive.read("events.csv"), path.with_name("verify.py")
        verifier.write_bytes(archive.read("verify.py"))
        manifest = json.loads(archive.read("manifest.json"))["document"]
    hashes = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert hashes["events.csv"] == hashlib.sha256(content).hexdigest()
    assert manifest["exporter"]["name"] == "Aoki Admin"
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == manifest["about"]["rows"] + 1
    done = subprocess.run([sys.executable, "-I", str(verifier), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_usage_page_shows_figures_and_takes_caps(admin, own):
    page = admin.page
    page.goto(f"{own.admintool_url}usage/")
    page.locator("a[href$='/usage/caps/']").click()
    page.fill("[name=users]", "1")
    page.click("main form.card [type=submit]")
    page.wait_for_url("**/usage/")
    expect(page.locator(".notice--bad")).to_be_visible()
    page.goto(own.admintool_url)
    expect(page.locator(".notice--bad")).to_be_visible()
    page.goto(f"{own.admintool_url}usage/caps/")
    page.fill("[name=users]", "0")
    page.click("main form.card [type=submit]")
