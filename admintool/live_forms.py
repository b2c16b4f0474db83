"""Forms of the live pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Group
from admintool.forms import RemovalForm, ip_characters
from tenants.models import Tenant

EVERYBODY = "everybody"


class ManyRemovalForm(RemovalForm):
    """Whom to remove: the members of a group, or everybody in every meeting of the organisation."""

    whom = forms.ChoiceField(label=_("Who is removed"))
    field_order = ["whom", "note"]

    def __init__(self, tenant: Tenant, data: Any = None) -> None:
        super().__init__(data)
        self._groups = {group.public_id: group for group in Group.objects.for_tenant(tenant).order_by("name")}
        members = [(public_id, group.name) for public_id, group in self._groups.items()]
        everybody = (EVERYBODY, _("Everybody in every meeting, guests too"))
        whom = self.fields["whom"]
        assert isinstance(whom, forms.ChoiceField)
        whom.choices = [*members, everybody]

    @property
    def group(self) -> Group | None:
        """The chosen group; None means everybody."""
        return self._groups.get(self.cleaned_data["whom"])


class BandwidthFilterForm(forms.Form):
    login_id = forms.CharField(label=_("User ID"), required=False, max_length=64)
    ip = forms.CharField(label=_("IP address"), required=False, max_length=45, validators=[ip_characters])
    room = forms.CharField(label=_("Room"), required=False, max_length=100)

    @property
    def conditions(self) -> dict[str, str]:
        """Queryset conditions on participants; nothing for a filter that is not valid."""
        if not self.is_valid():
            return {}
        lookups = {
            "user__login_id__istartswith": self.cleaned_data["login_id"],
            "ip_address__istartswith": self.cleaned_data["ip"],
            "meeting__room__name__icontains": self.cleaned_data["room"],
        }
        return {lookup: value for lookup, value in lookups.items() if value}

    @property
    def in_use(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.cleaned_data.items() if value} if self.is_valid() else {}
