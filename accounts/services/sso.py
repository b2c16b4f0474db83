"""Identity providers of a tenant, and who may still use a password. Each change is recorded."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.encryption import encrypt
from accounts.errors import BreakGlassNeeded, SsoAppTaken, TooLongToRecord, WorkingProviderNeeded
from accounts.models import Group, Role, SsoIdentity, SsoProvider, User
from accounts.models.sso import OIDC_CONFIG, SAML_CONFIG
from accounts.services.records import record_about
from accounts.services.security import settings_of
from accounts.sso.certificates import read_certificates
from accounts.sso.fetching import may_be_asked
from accounts.sso.refusals import SsoRefused
from audit.events import Actor, DetailsTooLong, record_event
from tenants.context import tenant_context
from tenants.models import Tenant

EDITABLE = (
    "name",
    "config",
    "login_id_attribute",
    "groups_attribute",
    "group_map",
    "admin_values",
    "creates_users",
    "default_role",
)
MAIL_ATTRIBUTES = {"email", "mail", "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3"}


def create_provider(
    tenant: Tenant, *, actor: Actor, app: str, protocol: str, client_secret: str = "", **values: Any
) -> SsoProvider:
    """A new provider, not yet in use. `values` are any of EDITABLE. Raises ValidationError by field, SsoAppTaken."""
    provider = SsoProvider(tenant=tenant, app=app.lower(), protocol=protocol, **_only_editable(values))
    provider.is_enabled = False
    provider.client_secret = encrypt(client_secret) if client_secret else ""
    with transaction.atomic(), tenant_context(tenant):
        _lock(tenant)
        _check(provider)
        if SsoProvider.objects.for_tenant(tenant).filter(app=provider.app).exists():
            raise SsoAppTaken
        provider.save(force_insert=True)
        _record(provider, "sso_provider_created", actor, config=_shown("config", provider.config), protocol=protocol)
    return provider


def edit_provider(provider: SsoProvider, *, actor: Actor, client_secret: str = "", **changes: Any) -> None:
    """Change any of EDITABLE, and the client secret unless it is empty; the short name and the protocol stay.

    After another `config` or secret somebody has to come back from the provider before it counts as working. Raises
    ValidationError by field and leaves `provider` as it was.
    """
    changes = _only_editable(changes)
    with transaction.atomic(), tenant_context(provider.tenant):
        _lock(provider.tenant)
        draft = SsoProvider.objects.for_tenant(provider.tenant).select_related("tenant").get(pk=provider.pk)
        differences = {name: value for name, value in changes.items() if getattr(draft, name) != value}
        before = {name: getattr(draft, name) for name in differences}
        for name, value in differences.items():
            setattr(draft, name, value)
        if client_secret:
            draft.client_secret = encrypt(client_secret)
        _check(draft)
        _refuse_another_issuer(draft, before)
        if differences or client_secret:
            draft.worked_at = None if client_secret or "config" in differences else draft.worked_at
            draft.save()
            changed = {
                name: {"from": _shown(name, before[name]), "to": _shown(name, value)}
                for name, value in differences.items()
            }
            _record(draft, "sso_provider_edited", actor, changed=changed, credential_replaced=bool(client_secret))
    provider.refresh_from_db()


def _refuse_another_issuer(provider: SsoProvider, before: Mapping[str, Any]) -> None:
    """A subject is somebody only together with its issuer (OpenID Connect Core 5.7): another's "1001" is not ours."""
    name = "entity_id" if provider.is_saml else "issuer"
    was = before.get("config", provider.config).get(name)
    if was != provider.config.get(name) and provider.identities.exists():
        text = _("People are linked through this provider. Another one may know others by the same names: add it anew.")
        raise ValidationError({name: ValidationError(text, code="linked")})


def enable_provider(provider: SsoProvider, *, actor: Actor) -> None:
    """Offer it on the login page; again is no-op."""
    _set_enabled(provider, actor, is_enabled=True)


def disable_provider(provider: SsoProvider, *, actor: Actor) -> None:
    """Offer it no more. Who is signed in stays so. Raises WorkingProviderNeeded for the last where SSO is demanded."""
    _set_enabled(provider, actor, is_enabled=False)


def _set_enabled(provider: SsoProvider, actor: Actor, *, is_enabled: bool) -> None:
    with transaction.atomic(), tenant_context(provider.tenant):
        _lock(provider.tenant)
        provider.refresh_from_db(fields=["is_enabled"])
        if provider.is_enabled == is_enabled:
            return
        provider.is_enabled = is_enabled
        provider.save(update_fields=["is_enabled"])
        if not is_enabled and settings_of(provider.tenant).sso_only:
            _require_working_provider(provider.tenant)
        _record(provider, "sso_provider_enabled" if is_enabled else "sso_provider_disabled", actor)


def unlink(identity: SsoIdentity, *, actor: Actor) -> None:
    """Forget who a provider's subject is. Who is signed in stays so; the next sign-on is a first one again."""
    with transaction.atomic(), tenant_context(identity.tenant):
        identity.delete()
        provider = identity.provider.name
        record_about(identity.user, "sso_unlinked", actor=actor, provider=provider, subject=identity.subject)


def set_break_glass(user: User, *, actor: Actor, is_break_glass: bool) -> None:
    """Say whether `user` may sign in by password where SSO is demanded; no change is no-op.

    Raises BreakGlassNeeded for the last such administrator of a tenant that demands SSO.
    """
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user.tenant)
        user.refresh_from_db(fields=["is_break_glass"])
        if user.is_break_glass == is_break_glass:
            return
        if not is_break_glass:
            require_break_glass(user.tenant, without=user)
        user.is_break_glass = is_break_glass
        user.save(update_fields=["is_break_glass"])
        record_about(user, "break_glass_granted" if is_break_glass else "break_glass_withdrawn", actor=actor)


def may_skip_sso(user: User) -> bool:
    """Whether `user` may sign in by password or passkey: where SSO is demanded only with a break-glass account."""
    return user.is_break_glass or not settings_of(user.tenant).sso_only


def check_sso_only(tenant: Tenant) -> None:
    """Raise what is missing before a tenant may demand SSO: WorkingProviderNeeded, BreakGlassNeeded."""
    with tenant_context(tenant):
        _require_working_provider(tenant)
        if not _break_glass_admins(tenant).exists():
            raise BreakGlassNeeded


def require_break_glass(tenant: Tenant, *, without: User) -> None:
    """Raise BreakGlassNeeded when `tenant` demands SSO and no administrator but `without` could come in otherwise."""
    if settings_of(tenant).sso_only and not _break_glass_admins(tenant).exclude(pk=without.pk).exists():
        raise BreakGlassNeeded


def enabled_providers(tenant: Tenant | None) -> list[SsoProvider]:
    """What the tenant's people may sign in with, by name; none for an unknown tenant."""
    if tenant is None:
        return []
    with tenant_context(tenant):
        providers = SsoProvider.objects.for_tenant(tenant).filter(is_enabled=True).select_related("tenant")
        return list(providers.order_by("name", "pk"))


def provider_with_app(tenant: Tenant | None, app: str) -> SsoProvider:
    """The tenant's provider with this short name, in use or not. Raises SsoRefused for an unknown tenant or name."""
    if tenant is None:
        raise SsoRefused("not_begun_here")
    with tenant_context(tenant):
        found = SsoProvider.objects.for_tenant(tenant).filter(app=app).select_related("tenant").first()
    if not isinstance(found, SsoProvider):
        raise SsoRefused("not_begun_here")
    return found


def _break_glass_admins(tenant: Tenant) -> QuerySet[User]:
    """Those whose password opens: one without a password does not count."""
    users: QuerySet[User] = User.objects.for_tenant(tenant)
    return users.filter(role=Role.ADMIN, is_active=True, is_break_glass=True).exclude(
        password__startswith=UNUSABLE_PASSWORD_PREFIX
    )


def _require_working_provider(tenant: Tenant) -> None:
    providers = SsoProvider.objects.for_tenant(tenant).filter(is_enabled=True, worked_at__isnull=False)
    if not providers.exists():
        raise WorkingProviderNeeded


def _lock(tenant: Tenant) -> None:
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _only_editable(values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(values) - set(EDITABLE):
        raise TypeError(f"A provider has no {', '.join(sorted(unknown))} to set.")
    return dict(values)


def _check(provider: SsoProvider) -> None:
    """Raise ValidationError by field; the parts of `config` are fields too."""
    provider.full_clean(exclude=["tenant", "config"], validate_unique=False, validate_constraints=False)
    names = SAML_CONFIG if provider.is_saml else OIDC_CONFIG
    if unknown := set(provider.config) - set(names):
        raise TypeError(f"config has no {', '.join(sorted(unknown))}.")
    needed = ("entity_id", "sso_url", "certificates") if provider.is_saml else ("issuer", "client_id")
    missing = {name: ValidationError(_("This is needed."), code="required") for name in needed}
    problems = {name: error for name, error in missing.items() if not provider.config.get(name)}
    _check_address(provider.config, "sso_url" if provider.is_saml else "issuer", problems)
    if provider.is_saml and "certificates" not in problems:
        read_certificates("\n".join(provider.config["certificates"]))
    if provider.login_id_attribute.rpartition("/")[2].lower() in MAIL_ATTRIBUTES:
        text = _("A mail address never links accounts. Choose an attribute that people cannot change themselves.")
        problems["login_id_attribute"] = ValidationError(text, code="mail")
    unknown_groups = set(provider.group_map.values()) - _group_names(provider)
    if unknown_groups:
        text = _("There is no group with this name: %(names)s.") % {"names": ", ".join(sorted(unknown_groups))}
        problems["group_map"] = ValidationError(text, code="unknown_group")
    if problems:
        raise ValidationError(problems)


def _group_names(provider: SsoProvider) -> set[str]:
    """The names in the map that groups of the tenant have, in any case."""
    ours = {name.lower() for name in Group.objects.for_tenant(provider.tenant).values_list("name", flat=True)}
    return {name for name in provider.group_map.values() if name.lower() in ours}


def _check_address(config: Mapping[str, Any], name: str, problems: dict[str, ValidationError]) -> None:
    if name in problems:
        return
    try:
        is_acceptable = may_be_asked(config[name])
    except SsoRefused:
        is_acceptable = False
    if not is_acceptable:
        problems[name] = ValidationError(_("Enter an address that begins with https://."), code="address")


def _shown(name: str, value: Any) -> Any:
    """What the log keeps of a setting: of certificates their number, because they are long; of a map its pairs."""
    if name == "config" and "certificates" in value:
        return {**value, "certificates": len(value["certificates"])}
    return [list(pair) for pair in value.items()] if name == "group_map" else value


def _record(provider: SsoProvider, action: str, actor: Actor, **details: Any) -> None:
    try:
        record_event(
            provider.tenant,
            action,
            actor=actor,
            target_type="sso_provider",
            target_id=provider.public_id,
            target_name=provider.name,
            details=details,
        )
    except DetailsTooLong as error:
        raise TooLongToRecord from error
