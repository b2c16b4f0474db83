"""Rows of somebody's sign-in, made as plain functions."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import SecuritySettings, User
from tenants.context import tenant_context
from tenants.ids import new_public_id
from tenants.models import Tenant


def make_login(user: User, *, ip: str = "192.0.2.7", user_agent: str = "Firefox/128.0 Windows") -> UserSession:
    """Somewhere else, `user` is signed in too."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    with tenant_context(user.tenant):
        return UserSession.objects.create(user=user, session_key=session.session_key, ip=ip, user_agent=user_agent)


def make_passkey(user: User) -> str:
    """A passkey that nothing proves; its public id."""
    data = {"public_id": new_public_id(), "name": "Blue key", "credential": {}}
    with tenant_context(user.tenant):
        Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    return str(data["public_id"])


def make_totp(user: User) -> str:
    """An authenticator app of `user`; its seed."""
    seed = generate_totp_secret()
    with tenant_context(user.tenant):
        TOTP.activate(user, seed)
    return seed


def make_reset_token(user: User) -> str:
    return f"{user.public_id}.{default_token_generator.make_token(user)}"


def demand(tenant: Tenant, **fields: Any) -> SecuritySettings:
    """The tenant's security settings, with `fields` changed."""
    with tenant_context(tenant):
        found, _created = SecuritySettings.objects.update_or_create(tenant=tenant, defaults=fields)
    return found
