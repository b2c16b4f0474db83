"""The mail that tells administrators that a soft cap is near or reached."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.models import Role, User
from conferences.services.caps import CapUse, due_warnings, mark_warned
from tenants.context import tenant_context
from tenants.models import Tenant

NAMES: dict[str, Promise] = {
    "users": gettext_lazy("active users"),
    "rooms": gettext_lazy("rooms"),
    "connections": gettext_lazy("participants at the same time"),
    "bytes_a_month": gettext_lazy("bytes this month"),
}


def warn_of_caps(tenant: Tenant, *, now: datetime) -> int:
    """Mail what is due to every active administrator with a mail address, then note it; how many caps.

    Once per cap, level (80 and 100 %) and month. Raises what the mail server says: the next run sends again.
    """
    due = due_warnings(tenant, now=now)
    if not due:
        return 0
    with tenant_context(tenant):
        admins = User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True).exclude(email="")
        messages = [_message(tenant, due, admin) for admin in admins.order_by("pk")]
    if messages:
        get_connection().send_messages(messages)
    for use in due:
        mark_warned(tenant, use, now=now)
    return len(due)


def _message(tenant: Tenant, due: list[CapUse], admin: User) -> EmailMessage:
    with override(admin.language or settings.LANGUAGE_CODE):
        subject = _("LiveOn: %(tenant)s nears what it means to use at most")
        text = _(
            "%(tenant)s uses:\n\n%(lines)s\n\nNothing is switched off: these limits only warn. Admintool's page “Usage”"
            " shows the figures and lets you change the limits."
        )
        words = {"tenant": tenant.name, "lines": "\n".join(_line(use) for use in due)}
        return EmailMessage(subject % words, text % words, to=[admin.email])


def _line(use: CapUse) -> str:
    shown = filesizeformat if use.cap == "bytes_a_month" else str
    words = {"used": shown(use.used), "limit": shown(use.limit), "name": NAMES[use.cap], "percent": use.percent}
    return _("%(name)s: %(used)s of %(limit)s (%(percent)s %%)") % words
