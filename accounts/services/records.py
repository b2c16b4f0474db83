"""How the audit log names a user."""

from typing import Any

from accounts.models import User
from audit.events import Actor, record_event


def record_about(user: User, action: str, *, actor: Actor, **details: Any) -> None:
    """Record an event whose target is `user`, inside the caller's transaction."""
    record_event(
        user.tenant,
        action,
        actor=actor,
        target_type="user",
        target_id=user.public_id,
        target_name=user.name,
        details=details,
    )
