"""What four eyes guard about users: who becomes, ends to be, is disabled or enabled as an administrator."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Approval, Role, User
from accounts.services.approvals import act_or_ask, needs_approval, register
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import Actor
from tenants.models import Tenant


def change_role(user: User, *, actor: Actor, requested_by: User, role: str) -> Approval | None:
    """Give `user` another role; where four eyes are wanted this asks, and returns the request that waits."""
    texts = {
        Role.ADMIN: _("Make %(name)s (%(login_id)s) an administrator."),
        Role.MEMBER: _("%(name)s (%(login_id)s) is no longer an administrator."),
    }
    return _ask(user, "role_changed", texts[Role(role)], actor, requested_by, role=role)


def switch_user(user: User, *, actor: Actor, requested_by: User, active: bool) -> Approval | None:
    """Enable or disable `user`; for an administrator this asks where four eyes are wanted. Raises LastAdmin."""
    if not user.is_admin:
        (enable_user if active else disable_user)(user, actor=actor)
        return None
    enabling = _("Enable the administrator %(name)s (%(login_id)s).")
    disabling = _("Disable the administrator %(name)s (%(login_id)s).")
    kind = "administrator_enabled" if active else "administrator_disabled"
    return _ask(user, kind, enabling if active else disabling, actor, requested_by)


def asks_for_role(user_role: str, wanted: str, tenant: Tenant) -> bool:
    """Whether a change from one role to another needs a second administrator."""
    return user_role != wanted and needs_approval(tenant)


def _ask(user: User, kind: str, text: str, actor: Actor, requested_by: User, **more: str) -> Approval | None:
    return act_or_ask(
        user.tenant,
        actor=actor,
        requested_by=requested_by,
        kind=kind,
        summary=text % {"name": user.name, "login_id": user.login_id},
        payload={"user": user.public_id, **more},
    )


@register("role_changed")
def _change_role(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    edit_user(_user(tenant, payload), actor=actor, role=payload["role"])


@register("administrator_disabled")
def _disable(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    disable_user(_user(tenant, payload), actor=actor)


@register("administrator_enabled")
def _enable(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    enable_user(_user(tenant, payload), actor=actor)


def _user(tenant: Tenant, payload: Mapping[str, Any]) -> User:
    user: User = User.objects.for_tenant(tenant).select_related("tenant").get(username=payload["user"])
    return user
