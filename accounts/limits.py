"""When a login is over by itself: unused for too long, too old, or short of what its organisation demands by now."""

import time
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.security import demands_factor, settings_of
from accounts.sessions import SIGNED_IN_AT, is_more_than_password
from tenants.context import tenant_context

NOTED_EVERY = timedelta(minutes=1)

TEXTS = {
    "idle": _("You were logged out because you had not been active for a while. Log in again."),
    "too_old": _("You were logged out because your login had reached its longest duration. Log in again."),
    "factor": _("Your organisation now demands a second factor. Log in again to set one up."),
}


def why_over(session: SessionBase, user: User) -> str:
    """Why the login of `user` with this session is over: one of `TEXTS`, or "" when it goes on."""
    demands = settings_of(user.tenant)
    now = time.time()
    began = session.get(SIGNED_IN_AT, now)
    seen_at = last_seen(session.session_key, user)
    active = max(began, seen_at.timestamp() if seen_at else 0)
    if now - began > demands.login_hours * 3600:
        return "too_old"
    if now - active > demands.idle_minutes * 60:
        return "idle"
    return "factor" if demands_factor(user, demands) and not is_more_than_password(session) else ""


def last_seen(session_key: str | None, user: User) -> datetime | None:
    with tenant_context(user.tenant):
        return UserSession.objects.filter(session_key=session_key).values_list("last_seen_at", flat=True).first()


def note_seen(session_key: str | None, user: User) -> None:
    """The login is in use; written down at most once a minute."""
    now = timezone.now()
    with tenant_context(user.tenant):
        stale = UserSession.objects.filter(session_key=session_key, last_seen_at__lt=now - NOTED_EVERY)
        stale.update(last_seen_at=now)
