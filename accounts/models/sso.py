"""Signing in at the organisation's own identity provider."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Role, User
from tenants.ids import new_public_id
from tenants.models import TenantOwned

OIDC_CONFIG = ("issuer", "client_id", "scopes", "name_attribute", "email_attribute")
SAML_CONFIG = ("entity_id", "sso_url", "certificates", "name_attribute", "email_attribute")


class SsoProvider(TenantOwned):
    """One identity provider of one tenant. What it asserts counts inside this tenant only."""

    class Protocol(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    app = models.SlugField(_("short name"), max_length=40, help_text="in the addresses of its callbacks")
    name = models.CharField(_("name"), max_length=100)
    protocol = models.CharField(_("protocol"), max_length=4, choices=Protocol.choices)
    is_enabled = models.BooleanField(_("in use"), default=True)
    config = models.JSONField(default=dict, help_text="the keys of `OIDC_CONFIG` or `SAML_CONFIG`")
    client_secret = models.TextField(blank=True, help_text="encrypted")
    login_id_attribute = models.CharField(max_length=200, blank=True)
    groups_attribute = models.CharField(max_length=200, blank=True)
    group_map = models.JSONField(default=dict, blank=True, help_text="asserted value → name of our group")
    admin_values = models.JSONField(default=list, blank=True, help_text="asserted values that make an administrator")
    creates_users = models.BooleanField(default=False, help_text="an unknown person gets an account")
    default_role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)
    worked_at = models.DateTimeField(
        null=True, blank=True, help_text="when somebody last came back from it; empty after a change of its settings"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "app"], name="sso_app_unique_in_tenant")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_saml(self) -> bool:
        return self.protocol == self.Protocol.SAML


class SsoIdentity(TenantOwned):
    """Who a provider's subject (OIDC `sub`, SAML NameID) is among our users."""

    provider = models.ForeignKey(SsoProvider, on_delete=models.PROTECT, related_name="identities")
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sso_identities")
    linked_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "subject"], name="sso_subject_unique"),
            models.UniqueConstraint(fields=["provider", "user"], name="sso_user_linked_once"),
        ]

    def __str__(self) -> str:
        return self.subject
