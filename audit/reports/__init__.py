"""The logs of the past year: what they hold, searching them, and pages by key, newest first (docs/adr/0021)."""

from audit.reports.finding import Found, find
from audit.reports.logs import ATTENDANCE, BANDWIDTH, EVENTS, LOGINS, LOGS, MINUTES, Log
from audit.reports.paging import BadPosition, LogPage, page_of
from audit.reports.search import Search

__all__ = [
    "ATTENDANCE",
    "BANDWIDTH",
    "EVENTS",
    "LOGINS",
    "LOGS",
    "MINUTES",
    "BadPosition",
    "Found",
    "Log",
    "LogPage",
    "Search",
    "find",
    "page_of",
]
