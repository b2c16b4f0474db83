"""Debian's Chromium and Firefox ESR, headless, with cameras and microphones of our own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

from tests.e2e.capture import CHROMIUM_SCRIPT, firefox_script, write_picture, write_tone

CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
FIREFOX_PREFERENCES: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "permissions.default.camera": 1,  # else it offers no loopback address: our cameras are none of its own
    "permissions.default.microphone": 1,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


def _program(*names: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise RuntimeError(f"{names[0]} is missing: install the package {names[0]} (`make test` does)")


@contextmanager
def chromium(playwright: Playwright, files: Path, colour: str, *more: str) -> Iterator[Browser]:
    """A Chromium whose camera shows `colour`, with `more` options; capture files are per browser, so each person has
    one.
    """
    picture, tone = files / f"{colour}.y4m", files / f"{colour}.wav"
    if not picture.exists():
        write_picture(picture, colour)
        write_tone(tone, colour)
    options = [
        *CHROMIUM_OPTIONS,
        f"--use-file-for-fake-video-capture={picture}",
        f"--use-file-for-fake-audio-capture={tone}",
        *more,
    ]
    browser = playwright.chromium.launch(executable_path=_program("chromium", "chromium-browser"), args=options)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def firefox(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.firefox.launch(
        channel="moz-firefox", executable_path=_program("firefox-esr"), firefox_user_prefs=FIREFOX_PREFERENCES
    )
    try:
        yield browser
    finally:
        browser.close()


def new_page(browser: Browser, colour: str = "") -> Page:
    """A page of a person with no history. In Firefox, `colour` replaces the devices."""
    page = browser.new_context(locale="en-GB").new_page()
    page.set_default_timeout(15_000)
    page.add_init_script(CHROMIUM_SCRIPT)
    if colour and browser.browser_type.name == "firefox":
        page.add_init_script(firefox_script(colour))
    return page
