"""The statistics panel: what each tile gets, and in words why it is not better."""

import re

import pytest
from playwright.sync_api import expect

from tests.services import wait_until

SMALL, LARGE = {"width": 900, "height": 300}, {"width": 1400, "height": 900}


def test_panel_says_what_a_tile_gets_and_that_a_small_one_deserves_no_more(product, organisation, person):
    sender, viewer = person("red"), person("blue")
    viewer.page.set_viewport_size(LARGE)
    for each, login_id in ((sender, "host"), (viewer, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    participant = viewer.wait_for_colours("red", "blue")["red"]

    viewer.page.keyboard.press("i")
    tile = viewer.page.locator(f'[data-testid="tile-statistics"][data-key="{participant}/camera"]')
    expect(tile).to_contain_text("This is the best picture there is.", timeout=30_000)
    expect(tile).to_contain_text(re.compile(r"640 × 360, \d+ frames/s"))
    expect(tile).to_contain_text(re.compile(r"High \(2 of 2\)"))
    expect(tile).to_contain_text("VP8")
    expect(tile).to_contain_text("AES_256_GCM")

    viewer.page.set_viewport_size(SMALL)
    expect(tile).to_contain_text("This tile is small.", timeout=30_000)
    expect(tile).to_contain_text(re.compile(r"320 × 180, \d+ frames/s"), timeout=30_000)
    expect(tile).to_contain_text("Low (1 of 2)")

    sender.see("camera-toggle").click()
    expect(tile).to_contain_text("Nothing is shown at the moment.")
    viewer.page.keyboard.press("Escape")
    expect(viewer.page.locator("#statistics-title")).to_be_hidden()


@pytest.mark.long
def test_own_layers_are_shown_and_the_copied_text_names_nobody_else(product, organisation, person):
    people = [person("red"), person("green", "firefox")]
    for each, login_id in zip(people, ("host", "sato"), strict=True):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours("red", "green")
        each.see("statistics-toggle").click()
        own = each.page.locator('[data-testid="tile-statistics"]').first
        expect(own).to_contain_text(re.compile(r"Low\s*320 × 180"), timeout=30_000)
        other = each.page.locator('[data-testid="tile-statistics"]').nth(1)
        expect(other).to_contain_text(re.compile(r"\d+ × \d+, \d+ frames/s"))

    chromium = people[0].page
    chromium.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chromium.get_by_role("button", name="Copy as text").click()
    wait_until(lambda: "Copied" in chromium.locator('[data-part="statistics-copied"]').inner_text(), what="the copy")
    text = chromium.evaluate("() => navigator.clipboard.readText()")
    assert "佐藤" not in text
    assert re.search(r"Picture 2 \(camera\)\n {2}\w", text), text
