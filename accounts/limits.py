"""When a login is over by itself: unused for too long, too old, or short of what its organisation demands by now."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import SecuritySettings, User
from accounts.services.security import demands_factor, settings_of
from accounts.sessions import SIGNED_IN_AT, is_more_than_password
from tenants.context import tenant_context

NOTED_EVERY = timedelta(minutes=1)

TEXTS = {
    "idle": _("You were logged out because you had not been active for a while. Log in again."),
    "too_old": _("You were logged out because your login had reached its longest duration. Log in again."),
    "factor": _("Your organisation now demands a second factor. Log in again to set one up."),
}


@dataclass(frozen=True)
class LoginState:
    """`why_over`: one of `TEXTS`, or "" while the login goes on; `seen_at`: when it was last used, if that is known."""

    why_over: str
    seen_at: datetime | None


def look_at(session: SessionBase, user: User) -> LoginState:
    """How it stands with the login of `user` that has this session."""
    with tenant_context(user.tenant):
        demands = settings_of(user.tenant)
        rows = UserSession.objects.filter(session_key=session.session_key)
        seen_at = rows.values_list("last_seen_at", flat=True).first()
    return LoginState(_why_over(session, user, demands, seen_at), seen_at)


def why_over(session: SessionBase, user: User) -> str:
    return look_at(session, user).why_over


def _why_over(session: SessionBase, user: User, demands: SecuritySettings, seen_at: datetime | None) -> str:
    now = time.time()
    began = session.get(SIGNED_IN_AT, now)
    if now - began > demands.login_hours * 3600:
        return "too_old"
    if seen_at is not None and now - max(began, seen_at.timestamp()) > demands.idle_minutes * 60:
        return "idle"
    return "factor" if demands_factor(user, demands) and not is_more_than_password(session) else ""


def note_seen(session_key: str | None, user: User) -> None:
    """The login is in use; written down at most once a minute."""
    now = timezone.now()
    with tenant_context(user.tenant):
        stale = UserSession.objects.filter(session_key=session_key, last_seen_at__lt=now - NOTED_EVERY)
        stale.update(last_seen_at=now)
