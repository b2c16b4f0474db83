"""Signing in with more than a password, by a real person's path, in both languages."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page

from tests.e2e.browsers import new_page
from tests.e2e.product import PASSWORD, ROOT, LiveOn, Organisation, make_organisation

NEW_DEMAND = """
from accounts.models import SecuritySettings
from tenants.context import tenant_context
from tenants.models import Tenant
tenant = Tenant.objects.get(slug="{slug}")
with tenant_context(tenant):
    SecuritySettings.objects.update_or_create(tenant=tenant, defaults=dict(mfa="{mfa}"))
"""


@pytest.fixture(scope="module")
def company(product: LiveOn) -> Organisation:
    return make_organisation(product, "signin", rooms=("open",))


@pytest.fixture
def page(browser) -> Iterator[Page]:
    found = new_page(browser("chromium", "red"))
    yield found
    found.context.close()


def code_of(seed: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(seed.replace(" ", ""), int(time.time()) // 30 + steps))


def log_in(page: Page, organisation: Organisation, login_id: str, *, host: str = "127.0.0.1") -> None:
    page.goto(organisation.login_url.replace("127.0.0.1", host))
    page.fill("[name=login_id]", login_id)
    page.fill("[name=password]", PASSWORD)
    page.click("main form [type=submit]")


def log_out(page: Page) -> None:
    page.click("summary.menu-button")
    page.click("form[action$='/logout/'] button")
    page.wait_for_url("**/login/")


def send_code(page: Page, code: str) -> None:
    page.fill("[name=code]", code)
    page.locator("form:has([name=code]) [type=submit]").click()


def open_own_page(page: Page) -> None:
    page.click("summary.menu-button")
    page.click("a.menu-item[href$='/security/']")


def demand_factors(product: LiveOn, slug: str, mfa: str) -> None:
    words = [sys.executable, "manage.py", "shell", "-c", NEW_DEMAND.format(slug=slug, mfa=mfa)]
    subprocess.run(words, cwd=ROOT, env=product.environment, check=True, capture_output=True, timeout=60)


def virtual_authenticator(page: Page) -> None:
    """A passkey device that the browser believes in and that always agrees."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_app_and_recovery_code(page: Page, company: Organisation):
    log_in(page, company, "sato")
    page.wait_for_url("**/rooms/")
    open_own_page(page)
    page.get_by_role("link", name="Set up").click()
    seed = page.locator("#seed").inner_text()
    assert page.locator("img.qr").evaluate("picture => picture.naturalWidth") > 0
    send_code(page, code_of(seed))
    codes = page.get_by_test_id("recovery-codes").inner_text().split("\n")
    assert page.get_by_role("button", name="Print").is_visible()
    page.get_by_test_id("codes-continue").click()
    assert page.get_by_role("cell", name="Authenticator app").is_visible()

    log_out(page)
    log_in(page, company, "sato")
    page.wait_for_url("**/login/code/")
    send_code(page, "000000")
    assert "This code is not right" in page.locator("main").inner_text()
    send_code(page, code_of(seed, steps=1))
    page.wait_for_url("**/rooms/")

    log_out(page)
    log_in(page, company, "sato")
    send_code(page, codes[0])
    page.wait_for_url("**/rooms/")
    open_own_page(page)
    assert "9 codes are left" in page.locator("main").inner_text()


def test_passkey_alone_and_as_second_factor(page: Page, company: Organisation):
    virtual_authenticator(page)
    log_in(page, company, "suzuki", host="localhost")
    page.wait_for_url("**/rooms/")
    open_own_page(page)
    page.get_by_role("link", name="Set up").click()
    page.fill("[name=name]", "Laptop")
    page.get_by_test_id("passkey-button").click()
    page.get_by_test_id("codes-continue").click()
    assert page.get_by_role("cell", name="Passkey: Laptop").is_visible()

    log_out(page)
    page.get_by_test_id("passkey-button").click()
    page.wait_for_url("**/rooms/")

    log_out(page)
    log_in(page, company, "suzuki", host="localhost")
    page.wait_for_url("**/login/code/")
    page.get_by_test_id("passkey-button").click()
    page.wait_for_url("**/rooms/")


def test_demanded_factor_comes_before_everything_in_japanese(browser, product: LiveOn, company: Organisation):
    page = browser("chromium", "red").new_context(locale="ja-JP").new_page()
    demand_factors(product, company.slug, "everybody")
    try:
        log_in(page, company, "host")
        page.wait_for_url("**/login/factor/")
        assert page.locator("html").get_attribute("lang") == "ja"
        page.goto(company.rooms["open"])
        assert "/login/" in page.url
        log_in(page, company, "host")
        send_code(page, code_of(page.locator("#seed").inner_text()))
        page.get_by_test_id("codes-continue").click()
        page.wait_for_url("**/rooms/")
    finally:
        demand_factors(product, company.slug, "nobody")
        page.context.close()


def test_ending_a_login_elsewhere_ends_its_meeting(person, browser, product: LiveOn, organisation: Organisation):
    lost = person("green")
    lost.login(organisation, "sato")
    lost.join(organisation.rooms["open"])
    mine = new_page(browser("chromium", "red"))
    log_in(mine, organisation, "sato")
    mine.wait_for_url("**/rooms/")
    mine.goto(organisation.login_url.replace("/login/", "/logins/"))
    began = time.monotonic()
    mine.get_by_role("button", name="End all others").click()
    assert lost.ended_because() == "revoked"
    assert time.monotonic() - began < 5
    lost.page.goto(organisation.rooms["open"])
    assert "/login/" in lost.page.url
    mine.context.close()
