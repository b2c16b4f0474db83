"""The pages that Admintool's navigation leads to, in its order: (name of the page, its words)."""

from django.utils.translation import gettext_lazy as _

PAGES = [
    ("overview", _("Overview")),
    ("users", _("Users")),
    ("live", _("Live status")),
    ("bandwidth", _("Bandwidth now")),
    ("logs", _("Logs")),
    ("records", _("Records")),
    ("usage", _("Usage")),
    ("restrictions", _("Restrictions")),
    ("security", _("Security")),
    ("sso", _("Single sign-on")),
    ("approvals", _("Approvals")),
]
