"""What four eyes guard about users: who becomes, ends to be, is disabled or enabled as an administrator.

And what would let one administrator sign in as another one, who then agrees to everything: where a link for a new
password is mailed, under which user ID single sign-on finds the account, and the second factors.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Approval, Role, User
from accounts.services.approvals import act_or_ask, needs_approval, register
from accounts.services.factors import reset_factors
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import Actor
from tenants.models import Tenant

IDENTITY = ("login_id", "email")


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


def guarded_changes(user: User, wanted: Mapping[str, Any], *, requested_by: User) -> dict[str, str]:
    """Those of the wanted user ID and mail address for which `change_identity` asks: another administrator's."""
    if not (user.is_admin and user != requested_by and needs_approval(user.tenant)):
        return {}
    return {name: wanted[name] for name in IDENTITY if name in wanted and wanted[name] != getattr(user, name)}


def change_identity(user: User, *, actor: Actor, requested_by: User, changes: Mapping[str, str]) -> Approval | None:
    """Give an administrator another user ID or mail address; where four eyes are wanted this asks.

    Raises what `edit_user` refuses, before anybody is asked.
    """
    with transaction.atomic():
        edit_user(_user(user.tenant, {"user": user.public_id}), actor=actor, **changes)
        transaction.set_rollback(True)
    text = _("Change user ID and mail address of the administrator %(name)s (%(login_id)s) to: %(changes)s.")
    shown = ", ".join(value or "–" for value in changes.values())
    return _ask(user, "administrator_edited", text, actor, requested_by, {"changes": shown}, **changes)


def clear_factors(user: User, *, actor: Actor, requested_by: User) -> Approval | None:
    """Take away all second factors of `user`; for another administrator this asks where four eyes are wanted."""
    if not user.is_admin or user == requested_by:
        reset_factors(user, actor=actor)
        return None
    text = _("Remove all second factors of the administrator %(name)s (%(login_id)s).")
    return _ask(user, "administrator_factors_reset", text, actor, requested_by)


def asks_for_role(user_role: str, wanted: str, tenant: Tenant) -> bool:
    """Whether a change from one role to another needs a second administrator."""
    return user_role != wanted and needs_approval(tenant)


def _ask(
    user: User,
    kind: str,
    text: str,
    actor: Actor,
    requested_by: User,
    words: Mapping[str, str] | None = None,
    **more: str,
) -> Approval | None:
    return act_or_ask(
        user.tenant,
        actor=actor,
        requested_by=requested_by,
        kind=kind,
        summary=text % {"name": user.name, "login_id": user.login_id, **(words or {})},
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


@register("administrator_edited")
def _change_identity(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    changes = {name: payload[name] for name in IDENTITY if name in payload}
    edit_user(_user(tenant, payload), actor=actor, **changes)


@register("administrator_factors_reset")
def _reset_factors(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    reset_factors(_user(tenant, payload), actor=actor)


def _user(tenant: Tenant, payload: Mapping[str, Any]) -> User:
    user: User = User.objects.for_tenant(tenant).select_related("tenant").get(username=payload["user"])
    return user
