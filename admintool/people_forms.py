"""Forms about many users: search, groups, import."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Group, Role, User
from accounts.services.directory import find_users
from tenants.models import Tenant

STATES = {"": _("All users"), "active": _("Active"), "disabled": _("Disabled")}


class UserSearchForm(forms.Form):
    """`group` is there only in a tenant that has groups."""

    q = forms.CharField(
        label=_("User ID, name or mail address"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(label=_("Status"), required=False, choices=STATES)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("All roles")), *Role.choices])
    group = forms.ModelChoiceField(
        label=_("Group"),
        required=False,
        queryset=Group.objects.none(),
        to_field_name="public_id",
        empty_label=_("All groups"),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        groups = Group.objects.for_tenant(tenant).order_by("name")
        field = self.fields["group"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = groups
        if not groups.exists():
            del self.fields["group"]

    def found(self) -> QuerySet[User]:
        """The tenant's users that match, by user ID; none for a search that is not valid."""
        if not self.is_valid():
            return find_users(self.tenant).none()
        wanted = self.cleaned_data
        return find_users(
            self.tenant, words=wanted["q"], state=wanted["state"], role=wanted["role"], group=wanted.get("group")
        )

    @property
    def in_use(self) -> dict[str, str]:
        """The conditions that are set, as text: for links and for the log of who took out what."""
        set_ones = {name: value for name, value in self.cleaned_data.items() if value}
        return {name: getattr(value, "public_id", value) for name, value in set_ones.items()}


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class MembersForm(forms.Form):
    """Users to put into a group, by their IDs."""

    login_ids = forms.CharField(
        label=_("User IDs"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("One a line, or separated by commas or spaces. At most 200 at once."),
    )

    def clean_login_ids(self) -> list[str]:
        words = self.cleaned_data["login_ids"].replace(",", " ").replace(";", " ").split()
        return list(dict.fromkeys(word.lower() for word in words))


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("UTF-8 or Shift_JIS, at most 10,000 lines and 5 MB. The first line names the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


class StartForm(forms.Form):
    """How to start an import."""

    mode = forms.ChoiceField(
        label=_("If a line cannot be imported"),
        widget=forms.RadioSelect,
        choices=[
            ("all", _("import nothing (all or nothing)")),
            ("skip", _("skip that line and import the others")),
        ],
    )

    @property
    def skip_bad(self) -> bool:
        return bool(self.cleaned_data["mode"] == "skip")
