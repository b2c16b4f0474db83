"""Forms of single sign-on."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.sso.pending import CONFIRM, LOGIN, TEST


class SsoOfferForm(forms.Form):
    """The user ID before single sign-on. `next` is an address of ours, checked where it is used."""

    login_id = forms.CharField(
        label=_("User ID"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)


class SsoStartForm(forms.Form):
    login_id = forms.CharField(required=False, max_length=64)
    next = forms.CharField(required=False, max_length=500)
    purpose = forms.ChoiceField(choices=[(LOGIN, ""), (TEST, ""), (CONFIRM, "")])
