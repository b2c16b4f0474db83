"""Single sign-on in browsers: an administrator sets a provider up, people sign in there, a hostile one gets nothing.

The product is at 127.0.0.1 and the providers are at localhost: another site, whose forms come without our cookies.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admintool import Administrator
from tests.e2e.browsers import new_page
from tests.e2e.product import PASSWORD, Organisation, make_organisation
from tests.e2e.test_pages import AXE, RUN_AXE, SIZES, overflow
from tests.idp.oidc import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider
from tests.idp.saml import SamlProvider, key_and_certificate, saml_provider

SATO = {"sub": "subject-of-sato", "uid": "sato", "email": "sato@acme.example", "groups": ["staff"]}
AOKI = {"sub": "subject-of-aoki", "uid": "admin", "groups": ["admins"]}
SATO_IN_SAML = ("subject-of-sato", {"uid": ["sato"], "email": ["sato@acme.example"]})


@dataclass
class Providers:
    oidc: OidcProvider
    saml: SamlProvider
    hostile_oidc: OidcProvider
    hostile_saml: SamlProvider


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    """Acme's two, and Globex's two, which say the same of the same people and call themselves alike."""
    with ExitStack() as running:
        oidc, hostile_oidc = (
            running.enter_context(oidc_provider(people={"sato": dict(SATO), "aoki": dict(AOKI)})) for _ in range(2)
        )
        saml = running.enter_context(saml_provider(people={"sato": SATO_IN_SAML}))
        theirs = {"people": {"sato": SATO_IN_SAML}, "key": key_and_certificate("hostile")}
        hostile_saml = running.enter_context(saml_provider(**theirs))
        for each in (oidc, hostile_oidc):
            each.issuer = each.issuer.replace("127.0.0.1", "localhost")
        for one in (saml, hostile_saml):
            one.sso_url = one.sso_url.replace("127.0.0.1", "localhost")
        yield Providers(oidc, saml, hostile_oidc, hostile_saml)


@pytest.fixture(scope="module")
def acme(product) -> Organisation:
    return make_organisation(product, "sso-acme", rooms=())


@pytest.fixture(scope="module")
def globex(product) -> Organisation:
    return make_organisation(product, "sso-globex", rooms=())


def speak(page: Page, language: str, url: str) -> None:
    page.context.add_cookies([{"name": "liveon_language", "value": language, "url": url}])


def add_oidc(page: Page, organisation: Organisation, provider: OidcProvider, **more: str) -> None:
    """Through Admintool's form; afterwards the provider's page is shown."""
    page.goto(f"{organisation.admintool_url}sso/new/oidc/")
    fields = {"name": "Company login", "app": "oidc", "issuer": provider.issuer, "client_id": CLIENT_ID}
    for name, value in {**fields, "client_secret": CLIENT_SECRET, "login_id_attribute": "uid", **more}.items():
        page.fill(f"[name={name}]", value)
    page.click("main form.card [type=submit]")
    page.locator("#test").wait_for()


def add_saml(page: Page, organisation: Organisation, provider: SamlProvider) -> None:
    page.goto(f"{organisation.admintool_url}sso/new/saml/")
    fields = {"name": "会社の認証", "app": "saml", "metadata": provider.metadata(), "login_id_attribute": "uid"}
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click("main form.card [type=submit]")
    page.locator("#test").wait_for()


def try_out(page: Page, person: str) -> None:
    page.click("#test")
    page.get_by_role("button", name=person).click()
    page.locator("#result").wait_for()


def use(page: Page) -> None:
    """From the provider's page."""
    page.locator("a[href$='/enable/']").click()
    page.click("main form.card [type=submit]")
    page.locator("a[href$='/disable/']").wait_for()


def fits_and_has_no_serious_finding(page: Page) -> None:
    """On a wide screen and on a telephone."""
    page.evaluate(Path(AXE).read_text())
    for size in (SIZES["phone"], SIZES["wide"]):
        page.set_viewport_size(size)
        assert page.evaluate(RUN_AXE) == []
        assert overflow(page) == 0


def begin(page: Page, organisation: Organisation, login_id: str, provider: str = "") -> None:
    """From the login page to the provider."""
    page.goto(organisation.login_url)
    page.fill("[name=login_id]", login_id)
    page.click("button[formaction]")
    if provider:
        page.get_by_role("button", name=provider).click()


@pytest.fixture(scope="module")
def set_up(browser, product, acme: Organisation, globex: Organisation, providers: Providers) -> None:
    """Both organisations' administrators set their providers up; Acme's in both languages, with a test of each."""
    ours = Administrator(browser("chromium", "red"), acme)
    speak(ours.page, "en", product.url)
    add_oidc(ours.page, acme, providers.oidc)
    fits_and_has_no_serious_finding(ours.page)
    try_out(ours.page, "sato")
    expect(ours.page.locator("#result")).to_contain_text("佐藤 一郎 (sato) would be signed in.")
    use(ours.page)
    speak(ours.page, "ja", product.url)
    add_saml(ours.page, acme, providers.saml)
    try_out(ours.page, "sato")
    expect(ours.page.locator("#result")).to_contain_text("subject-of-sato")
    fits_and_has_no_serious_finding(ours.page)
    use(ours.page)
    ours.close()
    theirs = Administrator(browser("chromium", "red"), globex)
    add_oidc(theirs.page, globex, providers.hostile_oidc)
    use(theirs.page)
    add_saml(theirs.page, globex, providers.hostile_saml)
    use(theirs.page)
    theirs.close()


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
@pytest.mark.parametrize("protocol", ["oidc", "saml"])
def test_person_signs_in_at_the_provider(person, acme: Organisation, set_up, kind: str, protocol: str) -> None:
    sato = person("green", kind)
    begin(sato.page, acme, "sato", "Company login" if protocol == "oidc" else "会社の認証")
    sato.page.get_by_role("button", name="sato").click()
    sato.page.wait_for_url("**/t/sso-acme/rooms/")
    expect(sato.page.locator(".masthead")).to_contain_text("佐藤 一郎")


def test_administrator_comes_to_admintool_and_makes_a_key_for_bad_days(person, acme: Organisation, set_up) -> None:
    aoki = person("blue")
    aoki.page.goto(f"{acme.admintool_url}users/")
    aoki.page.fill("[name=login_id]", "admin")
    aoki.page.click("button[formaction]")
    aoki.page.get_by_role("button", name="Company login").click()
    aoki.page.get_by_role("button", name="aoki").click()
    aoki.page.wait_for_url(f"{acme.admintool_url}users/")
    aoki.page.get_by_role("link", name="admin", exact=True).click()
    expect(aoki.page.locator("main")).to_contain_text("subject-of-aoki")
    aoki.page.locator("a[href$='/break-glass/']").click()
    aoki.page.click("main form.card [type=submit]")
    expect(aoki.page.locator(".badge--warn")).to_be_visible()


def test_hostile_provider_of_another_organisation_gets_nothing(
    person, acme: Organisation, globex: Organisation, set_up, providers: Providers
) -> None:
    eve = person("yellow")
    for name in ("Company login", "会社の認証"):
        begin(eve.page, globex, "sato", name)
        eve.page.get_by_role("button", name="sato").click()
        eve.page.wait_for_url("**/t/sso-globex/rooms/")  # Globex's own sato, and nobody else
        answer = eve.page.goto(acme.login_url.replace("login/", "rooms/"))
        assert answer is not None
        assert answer.status == 404
        eve.page.context.clear_cookies()

    begin(eve.page, acme, "sato", "会社の認証")
    eve.page.get_by_role("button", name="sato").wait_for()
    action, form = providers.hostile_saml.come_back(eve.page.url, "sato")  # all right but the key
    eve.page.evaluate(
        """([action, form]) => {
          const sent = Object.assign(document.createElement("form"), {method: "post", action});
          for (const [name, value] of Object.entries(form)) {
            sent.append(Object.assign(document.createElement("input"), {name, value}));
          }
          document.body.append(sent);
          sent.submit();
        }""",
        [action, form],
    )
    eve.page.locator("main [role=alert]").wait_for()
    eve.page.goto(acme.login_url.replace("login/", "rooms/"))
    eve.page.wait_for_url("**/t/sso-acme/login/**")


def test_answer_from_somebody_elses_browser_signs_nobody_in(person, acme: Organisation, set_up, providers) -> None:
    """An attacker's link with the end of the attacker's own sign-on leaves the victim as they were."""
    attacker, victim = person("yellow"), new_page(person("blue").page.context.browser)
    begin(attacker.page, acme, "sato", "Company login")
    attacker.page.get_by_role("button", name="sato").wait_for()
    link = providers.oidc.come_back(attacker.page.url, "sato")
    begin(victim, acme, "suzuki", "Company login")
    victim.get_by_role("button", name="sato").wait_for()
    victim.goto(link)
    victim.locator("main [role=alert]").wait_for()
    victim.goto(acme.login_url.replace("login/", "rooms/"))
    victim.wait_for_url("**/login/**")
    victim.context.close()


def test_password_still_works_beside_it(person, acme: Organisation, set_up) -> None:
    suzuki = person("green")
    suzuki.login(acme, "suzuki", PASSWORD)
