"""Groups of events, by the beginnings of their names, so that a new action finds its group by itself."""

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Group = tuple[Promise, tuple[str, ...]]

LOGINS = ("login_", "logged_out", "sso_login", "reauthentic", "break_glass_used")
LOGS = ("attendance", "bandwidth", "minutes", "events", "logins", "usage")

GROUPS: dict[str, Group] = {
    "logins": (_("Logins"), LOGINS),
    "users": (
        _("Users, groups and passwords"),
        ("user_", "users_", "group_", "password_", "mfa_", "break_glass_granted", "break_glass_withdrawn"),
    ),
    "meetings": (_("Joining and leaving"), ("attendance_opened", "attendance_closed", "bandwidth_recorded", "join_")),
    "rooms": (_("Rooms and meetings"), ("room_", "guest_", "meeting_", "participant_", "forced_exit")),
    "settings": (
        _("Settings, rules and approvals"),
        (
            *("security_", "restriction", "access_", "approval_", "sso_provider", "sso_linked", "sso_unlinked"),
            *(
                "sso_change",
                "sso_test",
                "soft_cap",
                "limits_",
                "tenant_created",
                "tenant_suspended",
                "tenant_resumed",
                "admintool_url",
            ),
        ),
    ),
    "admintool": (
        _("Visits, reading and downloads"),
        ("admintool_visit", "admintool_ref", *(f"{log}_{what}" for log in LOGS for what in ("read", "export"))),
    ),
    "keeping": (
        _("Keeping and deleting records"),
        ("audit_", "hold_", "disclosure_", "certificate_", "tenant_e"),
    ),
}


def group_condition(column: str, group: str) -> Q:
    """Actions of `group`; KeyError for an unknown one."""
    return beginning_with(column, GROUPS[group][1])


def beginning_with(column: str, beginnings: tuple[str, ...]) -> Q:
    condition = Q()
    for beginning in beginnings:
        condition |= Q((f"{column}__startswith", beginning))
    return condition
