"""Forms of accounts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.services.passwords import LONGEST_PASSWORD, password_rules
from tenants.models import Tenant, slug_validator

LONGEST_CREDENTIAL = 20_000  # characters of a browser's answer about a passkey


class OrganisationForm(forms.Form):
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autocapitalize": "none", "autofocus": True}),
    )

    def clean_organisation(self) -> str:
        slug = str(self.cleaned_data["organisation"]).lower()
        slug_validator(slug)
        return slug


class LoginForm(forms.Form):
    login_id = forms.CharField(
        label=_("User ID"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    """A new password, twice, for somebody who proved otherwise who they are."""

    password = forms.CharField(
        label=_("New password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("New password, again"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = password_rules(tenant)

    def clean_password_again(self) -> str:
        again = str(self.cleaned_data["password_again"])
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two new passwords are not the same."), code="mismatch")
        return again


class PasswordForm(NewPasswordForm):
    """A user's own password: the old one, the new one twice."""

    old_password = forms.CharField(
        label=_("Current password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ["old_password", "password", "password_again"]


class ProofForm(forms.Form):
    """One proof of who one is: password, a code of the app or a recovery code, or a passkey's answer."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=40,
        help_text=_("The six digits that your authenticator app shows now, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none"}
        ),
    )
    state = forms.CharField(required=False, widget=forms.HiddenInput)
    credential = forms.CharField(required=False, max_length=LONGEST_CREDENTIAL, widget=forms.HiddenInput)


class AppForm(forms.Form):
    """The first code of an authenticator app that is being set up."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("The six digits that the app shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasskeyForm(forms.Form):
    """A new passkey: what to call it, and the browser's answer."""

    name = forms.CharField(
        label=_("Name of the passkey"),
        max_length=60,
        help_text=_("So that you recognise it in the list: the device or key it is on."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    state = forms.CharField(widget=forms.HiddenInput)
    credential = forms.CharField(max_length=LONGEST_CREDENTIAL, widget=forms.HiddenInput)


class ForgottenForm(forms.Form):
    login_id = forms.CharField(
        label=_("User ID"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
