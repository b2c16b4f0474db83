"""Groups of events, by the beginnings of their names, so that a new action finds its group by itself."""

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Group = tuple[Promise, tuple[str, ...]]

LOGINS = ("login", "logged_out", "sso_login", "reauthenticated")

GROUPS: dict[str, Group] = {
    "logins": (_("Logins"), LOGINS),
    "users": (_("Users, groups and passwords"), ("user_", "users_", "group_", "password_", "mfa_", "totp_", "passkey")),
    "meetings": (_("Joining and leaving"), ("attendance_opened", "attendance_closed", "bandwidth_")),
    "rooms": (
        _("Rooms and meetings"),
        ("room_", "guest_", "meeting_", "participant_", "bar_", "host_", "lobby_", "chat_"),
    ),
    "settings": (
        _("Settings, rules and approvals"),
        (
            "security_",
            "settings_",
            "restriction",
            "access_",
            "approval_",
            "sso_",
            "soft_caps",
            "tenant_",
            "admintool_url",
        ),
    ),
    "admintool": (
        _("Visits, reading and downloads"),
        (
            "admintool_visit",
            "admintool_ref",
            *(
                f"{log}_{what}"
                for log in ("attendance", "bandwidth", "minutes", "events", "logins", "usage")
                for what in ("read", "export")
            ),
        ),
    ),
    "keeping": (
        _("Keeping and deleting records"),
        ("audit_", "hold_", "disclosure_", "certificate_", "tenant_e", "chain_", "head_"),
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
