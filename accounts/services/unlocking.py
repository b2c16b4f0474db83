"""Lifting the slow-down after wrong passwords and codes for one user."""

from django.db import transaction

from accounts.models import User
from accounts.services.factors import forget_wrong_codes
from accounts.services.records import record_about
from accounts.throttle import login_throttle
from audit.events import Actor
from tenants.context import tenant_context


def unlock_user(user: User, *, actor: Actor) -> None:
    """Let `user` try again at once, from everywhere. An address that tried many users stays slow."""
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, "user_unlocked", actor=actor)
    login_throttle.lift(user.tenant.slug, user.login_id.lower())
    forget_wrong_codes(user)
