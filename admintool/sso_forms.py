"""Forms of identity providers. Lists and maps are lines of text, so that they can be pasted."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, SsoProvider
from accounts.sso.certificates import read_certificates
from accounts.sso.saml_metadata import LONGEST_METADATA, read_metadata

CONFIG_ADDRESSES = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ProviderForm(forms.Form):
    """What OIDC and SAML have in common. `app` is asked for a new provider only: others know it from addresses."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("People read it on the button with which they sign in.")
    )
    app = forms.SlugField(
        label=_("Short name"),
        max_length=40,
        help_text=_(
            "Stands in the addresses that you enter at the provider and cannot be changed later: entra, idp, …"
        ),
        widget=forms.TextInput(attrs=CONFIG_ADDRESSES),
    )
    login_id_attribute = forms.CharField(
        label=_("Attribute with the user ID"),
        required=False,
        max_length=200,
        help_text=_(
            "Who signs in for the first time gets the account with this user ID. Choose an attribute that people "
            "cannot change themselves: whoever can, can take over accounts. Empty: no existing account is ever linked."
        ),
        widget=forms.TextInput(attrs=CONFIG_ADDRESSES),
    )
    creates_users = forms.BooleanField(
        label=_("Make accounts for people who have none"),
        required=False,
        help_text=_("Everybody whom the provider lets through gets in. Without it, they are refused."),
    )
    default_role = forms.ChoiceField(label=_("Role of new accounts"), choices=Role.choices, initial=Role.MEMBER)
    name_attribute = forms.CharField(
        label=_("Attribute with the name"),
        required=False,
        max_length=200,
        help_text=_("Empty: name. For new accounts."),
    )
    email_attribute = forms.CharField(
        label=_("Attribute with the mail address"),
        required=False,
        max_length=200,
        help_text=_("Empty: email. For new accounts; a mail address never says who somebody is."),
    )
    groups_attribute = forms.CharField(
        label=_("Attribute with groups"),
        required=False,
        max_length=200,
        help_text=_("Read at each login. Empty: groups and roles are left as they are here."),
    )
    group_map = forms.CharField(
        label=_("Groups"),
        required=False,
        max_length=20_000,
        help_text=_(
            "One line each: value at the provider = group here. Who has the value is in the group after the next "
            "login, who has it no longer is out. Groups that are not named here stay as they are."
        ),
        widget=forms.Textarea(attrs={"rows": 4, **CONFIG_ADDRESSES}),
    )
    admin_values = forms.CharField(
        label=_("Values that make an administrator"),
        required=False,
        max_length=4000,
        help_text=_(
            "One a line. At each login, who has one of them becomes an administrator, and who has none becomes a "
            "member. The last administrator stays one. Empty: roles are left as they are here."
        ),
        widget=forms.Textarea(attrs={"rows": 2, **CONFIG_ADDRESSES}),
    )

    config_fields: tuple[str, ...] = ("name_attribute", "email_attribute")

    def __init__(self, *args: Any, provider: SsoProvider | None, **kwargs: Any) -> None:
        if provider is not None:
            kwargs.setdefault("initial", self.initial_of(provider))
        super().__init__(*args, **kwargs)
        if provider is not None:
            del self.fields["app"]

    def initial_of(self, provider: SsoProvider) -> dict[str, Any]:
        names = ("name", "login_id_attribute", "creates_users", "default_role", "groups_attribute")
        config = {name: value for name, value in provider.config.items() if name in self.base_fields}
        return {
            **{name: getattr(provider, name) for name in names},
            **config,
            "group_map": "\n".join(f"{value} = {group}" for value, group in provider.group_map.items()),
            "admin_values": "\n".join(provider.admin_values),
        }

    def clean_group_map(self) -> dict[str, str]:
        pairs = [line.rpartition("=") for line in _lines(self.cleaned_data["group_map"])]
        found = {value.strip(): group.strip() for value, _equals, group in pairs}
        if not all(value and group for value, group in found.items()):
            raise ValidationError(_("Write each line as: value = group."), code="map")
        return found

    def clean_admin_values(self) -> list[str]:
        return _lines(self.cleaned_data["admin_values"])

    @property
    def values(self) -> dict[str, Any]:
        """What `create_provider` and `edit_provider` take."""
        given = self.cleaned_data
        config = {name: given[name] for name in self.config_fields if given.get(name)}
        names = ("app", "name", "login_id_attribute", "creates_users", "default_role", "groups_attribute")
        plain = {name: given[name] for name in (*names, "group_map", "admin_values") if name in given}
        return {**plain, "config": config}


class OidcForm(ProviderForm):
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=500,
        help_text=_("The address of the provider, as its documents name it: https://login.example.com/tenant/v2.0"),
        widget=forms.URLInput(attrs=CONFIG_ADDRESSES),
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=500, widget=forms.TextInput(attrs=CONFIG_ADDRESSES))
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=2000,
        strip=False,
        help_text=_("Kept encrypted and never shown again. Leave it empty to keep the present one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        initial="openid profile email",
        max_length=500,
        help_text=_("Which of its claims the provider shall tell. The ID token must carry the attributes named below."),
        widget=forms.TextInput(attrs=CONFIG_ADDRESSES),
    )

    field_order = ["name", "app", "issuer", "client_id", "client_secret", "scopes"]
    config_fields = ("issuer", "client_id", "scopes", "name_attribute", "email_attribute")

    def clean_scopes(self) -> str:
        scopes = str(self.cleaned_data["scopes"]).split()
        return " ".join(scopes if "openid" in scopes else ["openid", *scopes])

    @property
    def values(self) -> dict[str, Any]:
        return {**super().values, "client_secret": self.cleaned_data["client_secret"]}


class SamlForm(ProviderForm):
    """Metadata, when given, fill the three fields after it."""

    metadata = forms.CharField(
        label=_("Metadata of the provider"),
        required=False,
        max_length=LONGEST_METADATA,
        help_text=_("Paste the XML document, and the next three fields are taken from it. Or fill them in yourself."),
        widget=forms.Textarea(attrs={"rows": 3, **CONFIG_ADDRESSES}),
    )
    metadata_file = forms.FileField(label=_("… or as a file"), required=False)
    entity_id = forms.CharField(
        label=_("Entity ID"), required=False, max_length=500, widget=forms.TextInput(attrs=CONFIG_ADDRESSES)
    )
    sso_url = forms.CharField(
        label=_("Sign-on address (HTTP-Redirect)"),
        required=False,
        max_length=2000,
        widget=forms.URLInput(attrs=CONFIG_ADDRESSES),
    )
    certificates = forms.CharField(
        label=_("Signing certificates"),
        required=False,
        max_length=100_000,
        help_text=_(
            "PEM. Two while the provider changes them: enter the next one before the change, remove the old one after."
        ),
        widget=forms.Textarea(attrs={"rows": 5, **CONFIG_ADDRESSES}),
    )

    field_order = ["name", "app", "metadata", "metadata_file", "entity_id", "sso_url", "certificates"]
    config_fields = ("entity_id", "sso_url", "certificates", "name_attribute", "email_attribute")

    def initial_of(self, provider: SsoProvider) -> dict[str, Any]:
        return {**super().initial_of(provider), "certificates": "".join(provider.config["certificates"])}

    def clean_metadata_file(self) -> str:
        file = self.cleaned_data["metadata_file"]
        if not file:
            return ""
        if file.size > LONGEST_METADATA:
            raise ValidationError(_("This file is too long for metadata."), code="metadata")
        return str(file.read().decode("utf-8", errors="replace"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        metadata = given.get("metadata_file") or given.get("metadata")
        try:
            if metadata:
                named = read_metadata(metadata)
                given |= {**named, "certificates": "\n".join(_as_pem(text) for text in named["certificates"])}
        except ValidationError as error:
            self.add_error("metadata", error)
            return given
        for name in ("entity_id", "sso_url", "certificates"):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(_("This is needed, unless metadata are given."), code="required"))
        self._read_certificates(given)
        return given

    def _read_certificates(self, given: dict[str, Any]) -> None:
        try:
            if given.get("certificates"):
                given["certificates"] = read_certificates(given["certificates"])
        except ValidationError as error:
            self.add_error("certificates", error)


FORMS: dict[str, type[ProviderForm]] = {"oidc": OidcForm, "saml": SamlForm}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _as_pem(text: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"
