"""An administrator at the Admintool."""

from playwright.sync_api import Browser, Page

from tests.e2e.browsers import new_page
from tests.e2e.product import PASSWORD, Organisation


class Administrator:
    def __init__(self, browser: Browser, organisation: Organisation, login_id: str = "admin") -> None:
        self.page: Page = new_page(browser)
        self._url = organisation.admintool_url
        self.page.goto(self._url)
        self.page.fill("[name=login_id]", login_id)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main [type=submit]")
        self.page.wait_for_url(self._url)

    def open(self, path: str) -> None:
        """The page at `path` below the key, after proving who one is where the page asks for that."""
        self.page.goto(f"{self._url}{path}")
        if "/confirm/" in self.page.url:
            self.page.fill("[name=password]", PASSWORD)
            self.page.click("main form.card [type=submit]")
            self.page.wait_for_url(f"{self._url}{path}")

    def force_out(self, name: str) -> None:
        """Remove the person called `name` from their meeting; returns when the page says that it is done."""
        self.page.goto(f"{self._url}live/")
        self.page.locator("tr", has_text=name).locator("a[id^=remove-]").click()
        self.page.wait_for_url("**/remove/")
        self.page.click("main form.card [type=submit]")
        self.page.wait_for_url("**/live/")

    def readmit(self, name: str) -> None:
        self.page.goto(f"{self._url}live/")
        self.page.locator("tr", has_text=name).locator("button[id^=readmit-]").click()
        self.page.wait_for_url("**/live/")

    def disable(self, login_id: str) -> None:
        self._switch(login_id, "disable")

    def enable(self, login_id: str) -> None:
        self._switch(login_id, "enable")

    def _switch(self, login_id: str, what: str) -> None:
        self.page.goto(f"{self._url}users/")
        self.page.get_by_role("link", name=login_id, exact=True).click()
        self.page.locator(f"a[href$='/{what}/']").click()
        self.page.wait_for_url(f"**/{what}/")
        self.page.click("main form.card [type=submit]")
        self.page.wait_for_url(lambda url: not url.endswith(f"/{what}/"))

    def attendance_rows(self, name: str) -> list[str]:
        """The log's lines about `name`, newest first."""
        self.page.goto(f"{self._url}logs/attendance/")
        return self.page.locator("tbody tr", has_text=name).all_inner_texts()

    def close(self) -> None:
        self.page.context.close()
