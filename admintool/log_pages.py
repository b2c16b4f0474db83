"""How each log is shown: its pages' names in `admintool/urls.py`, its words, its table."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.reports import ATTENDANCE, BANDWIDTH, EVENTS, LOGINS, MINUTES, Log


@dataclass(frozen=True)
class LogView:
    """`address` is below `logs/`; `page` is the name of the page, that of the download is `<page>-export`."""

    log: Log
    address: str
    page: str
    title: Promise
    about: Promise
    nothing: Promise
    has_charts: bool = False

    @property
    def export(self) -> str:
        return f"{self.page}-export"

    @property
    def table(self) -> str:
        return f"admintool/logs/{self.log.name}.html"


ATTENDANCE_LOG = LogView(
    ATTENDANCE,
    "attendance",
    "attendance",
    _("Attendance log"),
    _("Who was in which meeting, and why they left. One line is one stay: reconnects are merged into it."),
    _("No attendance matches."),
    has_charts=True,
)
BANDWIDTH_LOG = LogView(
    BANDWIDTH,
    "bandwidth",
    "bandwidth-log",
    _("Bandwidth log"),
    _("What each stay used in all, and on average while it lasted."),
    _("No stay matches."),
    has_charts=True,
)
MINUTES_LOG = LogView(
    MINUTES,
    "bandwidth/minutes",
    "bandwidth-minutes",
    _("Bandwidth log by minute"),
    _("What each participant used in each minute."),
    _("No minute matches."),
    has_charts=True,
)
EVENTS_LOG = LogView(
    EVENTS,
    "events",
    "events",
    _("Event log"),
    _(
        "Who did what to whom. An event is sealed within seconds: from then on nobody can change, remove or insert one"
        " unnoticed."
    ),
    _("No event matches."),
)
LOGINS_LOG = LogView(
    LOGINS,
    "logins",
    "logins-log",
    _("Login log"),
    _("Who signed in and out, and who tried to. A failed login shows what was typed as the user ID."),
    _("No login matches."),
)
LOG_VIEWS = (ATTENDANCE_LOG, BANDWIDTH_LOG, MINUTES_LOG, EVENTS_LOG, LOGINS_LOG)
