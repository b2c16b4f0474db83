"""Forms of holds and disclosures. They check shape and find whom and what is meant; the services check the rest."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.scopes import Wanted
from conferences.models import Room
from conferences.services.scopes import named_scope
from tenants.models import Tenant

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RecordsForm(forms.Form):
    """A case, and which records it is about."""

    case_number = forms.CharField(label=_("Case number"), max_length=100)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    login_id = forms.CharField(
        label=_("User ID"),
        required=False,
        max_length=64,
        help_text=_("Empty: of everybody, guests too."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    room = forms.ChoiceField(label=_("Room"), required=False)
    date_from = forms.DateField(label=_("From"), required=False, widget=DAY)
    date_to = forms.DateField(label=_("To"), required=False, widget=DAY, help_text=_("This day is part of it."))

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        rooms = Room.objects.for_tenant(tenant).order_by("name", "pk")
        room = self.fields["room"]
        assert isinstance(room, forms.ChoiceField)
        room.choices = [("", _("All rooms")), *rooms.values_list("public_id", "name")]
        self.wanted = Wanted()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        names = ("login_id", "room", "date_from", "date_to")
        try:
            self.wanted = named_scope(self.tenant, **{name: cleaned[name] for name in names if cleaned.get(name)})
        except ValidationError as error:
            self.add_error(None, error)
        return cleaned

    @property
    def case(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("case_number", "reason")}


class HoldForm(RecordsForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


class DisclosureForm(RecordsForm):
    pass
