"""Forms of Admintool. They check shape; what is allowed is checked by the services."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.crypto import get_random_string
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import Group, Role
from accounts.services.passwords import LONGEST_PASSWORD
from tenants.models import Tenant

PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # noqa: S105 - nothing that is read for something else

ip_characters = RegexValidator(r"^[0-9A-Fa-f:.]*\Z", _("Enter an IP address or its beginning."))


class UserForm(forms.Form):
    """What an administrator sets of a user. `groups` is there only in a tenant that has some."""

    login_id = forms.CharField(
        label=_("User ID"),
        max_length=64,
        help_text=_("What the person types to sign in. Upper and lower case are the same."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        help_text=_("Optional. A meeting-room terminal has none."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.MEMBER,
        help_text=_("Administrators may use Admintool, if they know its address."),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = Group.objects.for_tenant(tenant).order_by("name")
        field = self.fields["groups"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = groups
        if not groups.exists():
            del self.fields["groups"]

    @property
    def account(self) -> dict[str, Any]:
        """What `create_user` and `edit_user` take of it."""
        names = [name for name in ("login_id", "name", "email", "role", "groups") if name in self.fields]
        return {name: self.cleaned_data[name] for name in names}


class PasswordForm(forms.Form):
    """A password that an administrator gives somebody; left empty, one is made up."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("Leave it empty and a random one is made, which you see once."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    @cached_property
    def new_password(self) -> str:
        return self.cleaned_data["password"] or random_password()

    @property
    def is_random(self) -> bool:
        return not self.cleaned_data["password"]


class NewUserForm(UserForm, PasswordForm):
    field_order = ["login_id", "name", "password", "email", "role", "language", "groups"]


class RemovalForm(forms.Form):
    note = forms.CharField(
        label=_("Reason for the removal"),
        required=False,
        max_length=200,
        help_text=_("Optional. It is kept in the log; nobody in the meeting sees it."),
    )


def random_password() -> str:
    """Four groups of four unambiguous characters (79 bits): readable over the telephone."""
    return "-".join(get_random_string(4, PASSWORD_ALPHABET) for _group in range(4))
