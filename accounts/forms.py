"""Forms of accounts."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.services.passwords import LONGEST_PASSWORD
from tenants.models import slug_validator


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


class PasswordForm(forms.Form):
    """A user's own password: the old one, the new one twice."""

    old_password = forms.CharField(
        label=_("Current password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("New password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 10 characters, nothing common and nothing like your name or user ID."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("New password, again"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password_again(self) -> str:
        again = str(self.cleaned_data["password_again"])
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two new passwords are not the same."), code="mismatch")
        return again
