"""Logins that were refused or ended, in the audit log."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.logins import login_key
from accounts.models import User
from accounts.services.records import record_about
from accounts.signals import access_changed
from audit.events import Actor, record_event
from tenants.context import tenant_context
from tenants.models import Tenant


def record_refused_login(tenant: Tenant, *, ip_address: str, login_id: str) -> None:
    """Nobody knows who failed to sign in as `login_id`, which may be anything."""
    actor = Actor(ip_address=ip_address or None)
    with transaction.atomic(), tenant_context(tenant):
        record_event(tenant, "login_failed", actor=actor, target_type="user", target_name=login_id)


def end_login(user: User, *, actor: Actor, session_key: str | None) -> None:
    """`user` logged out of this one login. The caller flushes the session."""
    with transaction.atomic(), tenant_context(user.tenant):
        UserSession.objects.filter(user=user, session_key=session_key).delete()
        record_about(user, "logged_out", actor=actor)
        key = login_key(session_key)
        access_changed.send(sender=None, user=user, reason="logged_out", login_key=key, actor=actor)


def forget_expired_logins() -> int:
    """Delete sessions past their time and, of all tenants, the logins whose session is gone; how many logins."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    forgotten, _ = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return int(forgotten)
