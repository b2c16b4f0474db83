"""What four eyes guard about single sign-on: a provider can make administrators, a break-glass account passes it by."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.encryption import decrypt, encrypt
from accounts.models import Approval, SsoIdentity, SsoProvider, User
from accounts.services.approvals import act_or_ask, needs_approval, register
from accounts.services.sso import (
    create_provider,
    disable_provider,
    edit_provider,
    enable_provider,
    set_break_glass,
    unlink,
)
from audit.events import Actor
from tenants.models import Tenant

SHOWN = ("issuer", "client_id", "entity_id", "sso_url")  # of a provider's config, what tells one from another


def add_provider(tenant: Tenant, *, actor: Actor, requested_by: User, values: Mapping[str, Any]) -> Approval | None:
    """Create a provider with `values` as `create_provider` takes them; where four eyes are wanted this asks.

    Returns the request that waits. Raises what `create_provider` refuses, before anybody is asked.
    """
    summary = _("Add the identity provider %(name)s. %(details)s") % {
        "name": values["name"],
        "details": _details(values),
    }
    return _ask(tenant, "sso_provider_created", summary, actor, requested_by, _packed(values))


def change_provider(
    provider: SsoProvider, *, actor: Actor, requested_by: User, values: Mapping[str, Any]
) -> Approval | None:
    """As `add_provider`, for `edit_provider`."""
    summary = _("Change the identity provider %(name)s. %(details)s") % {
        "name": provider.name,
        "details": _details(values),
    }
    payload = {"provider": provider.public_id, **_packed(values)}
    return _ask(provider.tenant, "sso_provider_edited", summary, actor, requested_by, payload)


def switch_provider(provider: SsoProvider, *, actor: Actor, requested_by: User, active: bool) -> Approval | None:
    """As `add_provider`, for `enable_provider` and `disable_provider`."""
    text = _("Use the identity provider %(name)s.") if active else _("Stop using the identity provider %(name)s.")
    payload = {"provider": provider.public_id, "active": active}
    summary = text % {"name": provider.name}
    return _ask(provider.tenant, "sso_provider_switched", summary, actor, requested_by, payload)


def switch_break_glass(user: User, *, actor: Actor, requested_by: User, active: bool) -> Approval | None:
    """As `add_provider`, for `set_break_glass`."""
    granted = _("Make %(name)s (%(login_id)s) a break-glass account.")
    withdrawn = _("%(name)s (%(login_id)s) is no longer a break-glass account.")
    summary = (granted if active else withdrawn) % {"name": user.name, "login_id": user.login_id}
    payload = {"user": user.public_id, "active": active}
    return _ask(user.tenant, "break_glass_switched", summary, actor, requested_by, payload)


def unlink_person(identity: SsoIdentity, *, actor: Actor, requested_by: User) -> Approval | None:
    """Unlink somebody; for another administrator this asks where four eyes are wanted: the next link is a new one."""
    user, provider = identity.user, identity.provider
    if not user.is_admin or user == requested_by:
        unlink(identity, actor=actor)
        return None
    words = {"name": user.name, "login_id": user.login_id, "provider": provider.name}
    summary = _("Unlink the administrator %(name)s (%(login_id)s) from %(provider)s.") % words
    payload = {"user": user.public_id, "provider": provider.public_id}
    return _ask(user.tenant, "administrator_unlinked", summary, actor, requested_by, payload)


def _ask(
    tenant: Tenant, kind: str, summary: str, actor: Actor, requested_by: User, payload: dict[str, Any]
) -> Approval | None:
    if needs_approval(tenant):
        with transaction.atomic():  # what would be refused later is refused now
            _CARRY_OUT[kind](tenant, payload, actor=actor)
            transaction.set_rollback(True)
    return act_or_ask(tenant, actor=actor, requested_by=requested_by, kind=kind, summary=summary, payload=payload)


@register("sso_provider_created")
def _create(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    create_provider(tenant, actor=actor, **_unpacked(payload))


@register("sso_provider_edited")
def _edit(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    values = {name: value for name, value in payload.items() if name != "provider"}
    edit_provider(_provider(tenant, payload), actor=actor, **_unpacked(values))


@register("sso_provider_switched")
def _switch(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    (enable_provider if payload["active"] else disable_provider)(_provider(tenant, payload), actor=actor)


@register("break_glass_switched")
def _switch_break_glass(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    user = User.objects.for_tenant(tenant).select_related("tenant").get(username=payload["user"])
    set_break_glass(user, actor=actor, is_break_glass=payload["active"])


@register("administrator_unlinked")
def _unlink(tenant: Tenant, payload: Mapping[str, Any], *, actor: Actor) -> None:
    """Who was unlinked meanwhile stays so."""
    identities = SsoIdentity.objects.for_tenant(tenant).select_related("user__tenant", "provider", "tenant")
    found = identities.filter(user__username=payload["user"], provider__public_id=payload["provider"]).first()
    if found is not None:
        unlink(found, actor=actor)


_CARRY_OUT = {
    "sso_provider_created": _create,
    "sso_provider_edited": _edit,
    "sso_provider_switched": _switch,
    "break_glass_switched": _switch_break_glass,
    "administrator_unlinked": _unlink,
}


def _packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """As a request keeps them: the client secret encrypted."""
    secret = values.get("client_secret", "")
    return {**values, "client_secret": encrypt(secret)} if secret else dict(values)


def _unpacked(payload: Mapping[str, Any]) -> dict[str, Any]:
    secret = payload.get("client_secret", "")
    return {**payload, "client_secret": decrypt(secret)} if secret else dict(payload)


def _details(values: Mapping[str, Any]) -> str:
    config = values["config"]
    shown = [f"{name}: {config[name]}" for name in SHOWN if name in config]
    return "; ".join([*shown, f"admin: {', '.join(values['admin_values']) or '–'}"])


def _provider(tenant: Tenant, payload: Mapping[str, Any]) -> SsoProvider:
    providers = SsoProvider.objects.for_tenant(tenant).select_related("tenant")
    found: SsoProvider = providers.get(public_id=payload["provider"])
    return found
