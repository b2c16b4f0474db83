"""Security settings, classes and four eyes: asked about, and in force in a running meeting at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admintool import Administrator
from tests.e2e.product import PASSWORD, LiveOn, Organisation, make_organisation
from tests.e2e.test_pages import dress
from tests.e2e.test_users_admin import look


@pytest.fixture
def rules_co(product: LiveOn, request: pytest.FixtureRequest) -> Organisation:
    """An organisation for one test, whose rules it changes, with a second administrator."""
    found = make_organisation(product, f"rules-{len(request.node.name)}", rooms=("open",))
    words = ("create_user", found.slug, "second", "--name", "Second Admin", "--role", "admin", "--password-file", "-")
    product.manage(*words, stdin=PASSWORD)
    return found


@pytest.fixture
def admins(browser, rules_co) -> Iterator[tuple[Administrator, Administrator]]:
    red = browser("chromium", "red")
    found = Administrator(red, rules_co), Administrator(red, rules_co, "second")
    yield found
    for each in found:
        each.close()


def confirm(page: Page) -> None:
    """Send the form, read the question, say yes."""
    page.click("main form [type=submit].button--primary")
    page.click("main form [type=submit].button--danger")


def test_guests_go_when_they_are_no_longer_allowed(admins, rules_co, person, product):
    host, guest = person("blue"), person("red")
    host.login(rules_co, "admin")
    link = host.make_guest_link(rules_co.rooms["open"], "Gail Guest")
    host.join(rules_co.rooms["open"])
    guest.join_as_guest(link, "Gail Guest")

    page = admins[0].page
    dress(page, "en", "light", "wide", product.url)
    page.goto(f"{rules_co.admintool_url}security/")
    look(page, "en", rules_co)
    page.uncheck("[name=guests_allowed]")
    page.click("main form [type=submit].button--primary")
    expect(page.get_by_text("1 guest is in a meeting now and will be put out.")).to_be_visible()
    look(page, "en", rules_co)
    page.click("main form [type=submit].button--danger")
    expect(page.get_by_text("The settings are in force.")).to_be_visible()
    assert guest.ended_because() == "revoked"


def test_second_administrator_decides_and_a_class_shows_in_the_room(admins, rules_co, product):
    first, second = (each.page for each in admins)
    dress(first, "ja", "light", "wide", product.url)
    dress(second, "ja", "light", "wide", product.url)
    first.goto(f"{rules_co.admintool_url}security/")
    look(first, "ja", rules_co)
    first.check("[name=four_eyes]")
    confirm(first)
    expect(first.get_by_text("設定が有効になりました。")).to_be_visible()
    first.check("[name=entry_password_forced]")
    confirm(first)
    expect(first.locator("h1")).to_have_text("承認")
    look(first, "ja", rules_co)

    second.goto(f"{rules_co.admintool_url}approvals/")
    second.locator("tbody a").first.click()
    look(second, "ja", rules_co)
    second.click("button[value=approve]")
    expect(second.get_by_text("承認し、実行しました。")).to_be_visible()

    first.goto(f"{rules_co.admintool_url}classes/new/")
    first.fill("[name=name]", "社外秘")
    first.click("main form [type=submit].button--primary")
    expect(first.locator("tbody tr", has_text="社外秘")).to_be_visible()
    look(first, "ja", rules_co)
    first.goto(f"{rules_co.rooms['open']}edit/")
    first.select_option("[name=meeting_class]", label="社外秘")
    first.click("main form.card [type=submit]")
    first.goto(rules_co.rooms["open"])
    expect(first.get_by_test_id("meeting-class")).to_contain_text("社外秘")
    expect(first.get_by_test_id("password-missing")).to_be_visible()
