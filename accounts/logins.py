"""The logins (browser sessions) of a user, kept by allauth's usersessions beside Django's sessions."""

from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from accounts.access import signed_in_user
from accounts.limits import note_seen, why_over
from accounts.models import User
from tenants.ids import hash_secret
from tenants.models import Tenant

BATCH = 500


def login_key(session_key: str | None) -> str:
    """What may be stored of a login: the SHA-256 of its session key; empty without one."""
    return hash_secret(session_key) if session_key else ""


def user_of_login(session_key: str | None) -> User | None:
    """Whom a login stands for now: None once it was ended or is over, or its user or tenant was disabled.

    To ask is to use it: sockets ask every minute, so that a meeting counts as activity.
    """
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    request.user = get_user(request)
    user = signed_in_user(request)
    if user is None or why_over(request.session, user):
        return None
    note_seen(session_key, user)
    return user


def end_logins(user: User) -> int:
    """Sign `user` out everywhere; the number of logins that ended."""
    logins = list(UserSession.objects.filter(user=user))
    for login in logins:
        login.end()
    return len(logins)


def end_all_logins(tenant: Tenant) -> int:
    """Sign everybody of `tenant` out; the number of logins that ended."""
    keys = list(UserSession.objects.filter(user__tenant=tenant).values_list("session_key", flat=True))
    for start in range(0, len(keys), BATCH):
        some = keys[start : start + BATCH]
        Session.objects.filter(session_key__in=some).delete()
        UserSession.objects.filter(session_key__in=some).delete()
    return len(keys)
