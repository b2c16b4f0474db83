"""Logins that were refused or ended, in the audit log."""

from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.errors import LoginNotFound
from accounts.limits import why_over
from accounts.logins import login_key
from accounts.models import User
from accounts.services.records import record_about
from accounts.sessions import methods_of
from accounts.signals import access_changed
from audit.events import Actor, record_event
from tenants.context import system_context, tenant_context
from tenants.models import Tenant


def record_refused_login(tenant: Tenant, *, ip_address: str, login_id: str) -> None:
    """Nobody knows who failed to sign in as `login_id`, which may be anything."""
    actor = Actor(ip_address=ip_address or None)
    with transaction.atomic(), tenant_context(tenant):
        record_event(tenant, "login_failed", actor=actor, target_type="user", target_name=login_id)


def end_login(user: User, *, actor: Actor, session_key: str | None, why: str = "") -> None:
    """`user` logged out of this one login, or it is over: `why` (`accounts.limits`). The caller flushes the session."""
    with transaction.atomic(), tenant_context(user.tenant):
        UserSession.objects.filter(user=user, session_key=session_key).delete()
        if why:
            record_about(user, "login_ended", actor=actor, why=why)
        else:
            record_about(user, "logged_out", actor=actor)
        key = login_key(session_key)
        access_changed.send(sender=None, user=user, reason="logged_out", login_key=key, actor=actor)


def logins_of(user: User) -> list[UserSession]:
    """The logins of `user` that go on, last used first; `login_id` names one (`accounts.logins.login_key`)."""
    found = []
    with tenant_context(user.tenant):
        for login in UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk"):
            session = import_module(settings.SESSION_ENGINE).SessionStore(login.session_key)
            if session.get(SESSION_KEY) == str(user.pk) and not why_over(session, user):
                login.login_id = login_key(login.session_key)
                login.methods = methods_of(session)
                found.append(login)
    return found


def revoke_login(user: User, *, actor: Actor, login_id: str) -> None:
    """End one login of `user`, wherever it is, and the meetings it is in. Raises LoginNotFound."""
    with transaction.atomic(), tenant_context(user.tenant):
        login = next((each for each in logins_of(user) if each.login_id == login_id), None)
        if login is None:
            raise LoginNotFound
        _revoke(user, login, actor)


def revoke_other_logins(user: User, *, actor: Actor, session_key: str | None) -> int:
    """End all logins of `user` except the one with `session_key`; how many."""
    with transaction.atomic(), tenant_context(user.tenant):
        others = [login for login in logins_of(user) if login.session_key != session_key]
        for login in others:
            _revoke(user, login, actor)
    return len(others)


def _revoke(user: User, login: UserSession, actor: Actor) -> None:
    login.end()
    record_about(user, "login_revoked", actor=actor, from_address=login.ip, browser=login.user_agent)
    access_changed.send(sender=None, user=user, reason="logged_out", login_key=login.login_id, actor=actor)


def forget_expired_logins() -> int:
    """Delete sessions past their time and, of all tenants, the logins whose session is gone; how many logins."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    with system_context():
        forgotten, _ = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return int(forgotten)
