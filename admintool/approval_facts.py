"""What a request would change of an identity provider, field by field: a summary is too short to say all of it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Approval, Role, SsoProvider
from accounts.sso.certificates import describe
from admintool.sso_forms import FORMS

KINDS = ("sso_provider_created", "sso_provider_edited")


def provider_changes(approval: Approval) -> list[dict[str, str]]:
    """Label, present and asked-for value of each field that differs; empty for requests about something else."""
    if approval.kind not in KINDS:
        return []
    provider = (
        SsoProvider.objects.for_tenant(approval.tenant).filter(public_id=approval.payload.get("provider")).first()
    )
    before = _flat(vars(provider)) if provider is not None else {}
    wanted = _flat(approval.payload)
    fields = FORMS[provider.protocol if provider is not None else approval.payload["protocol"]].base_fields
    return [
        {"label": str(field.label), "was": _text(name, before.get(name)), "to": _text(name, wanted[name])}
        for name, field in fields.items()
        if name in wanted and (before.get(name) or "") != (wanted[name] or "")
    ]


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the parts of `config` as values like others: a part that is left out is empty, a secret left out stays."""
    parts = dict.fromkeys(("name_attribute", "email_attribute"), "")
    plain = {name: value for name, value in values.items() if value or name != "client_secret"}
    return {**plain, **parts, **values.get("config", {})}


def _text(name: str, value: Any) -> str:
    """A value in words; a secret is never shown, only that there is one."""
    if not value:
        return _("no") if value is False else "–"
    if name == "client_secret":
        return "••••••••"
    if name == "certificates":
        return ", ".join(describe(pem).fingerprint for pem in value)
    if name == "default_role":
        return str(Role(value).label)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {group}" for key, group in value.items())
    return ", ".join(value) if isinstance(value, list) else _("yes") if value is True else str(value)
